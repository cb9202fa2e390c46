"""The Docker Engine API, through the ``docker`` package: of Docker itself, and of Podman's compatible socket.

The engine is found as the ``docker`` command finds it: ``DOCKER_HOST``, else ``DOCKER_CONTEXT``, else the current
context; with TLS, and over ssh by the system's ssh program.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from ..archive import platform as platforms
from ..archive.platform import Platform
from ..errors import EngineError
from ..escape import escape, without_credentials
from ..stopping import stoppable
from . import patience
from .backend import EngineImage, Step

# Asking takes milliseconds; an engine that is starting, or at the end of ssh, some seconds.
TIMEOUT = 60
# `platform` came to exports with this version of the API.
_PLATFORM_API = (1, 48)


class DockerApi:
    """An engine that speaks the Docker API."""

    def __init__(
        self,
        address: str,
        tls: Any = None,
        *,
        title: str = "the Docker engine",
        pull: str = "docker pull",
        image: str = "IMAGE",
        timeout: int = TIMEOUT,
    ) -> None:
        """Connect to ``address``; ``image`` is for the hints of messages only. Raises ``EngineError``.

        ``timeout`` is in seconds, for each question but an export (see ``patience``).
        """
        # What is shown and kept of it.
        self.address = without_credentials(address)
        self.title = title
        self.pull = pull
        self._image = escape(image)
        self._timeout = timeout
        _quieten_ssh(address)
        # Any: its stubs leave out the methods that requests of our own need.
        self._api: Any
        try:
            self._api = _client(address, tls, timeout)
        except Exception as error:
            self._refused(error)

    @classmethod
    def from_environment(cls, image: str) -> DockerApi:
        """Connect to the engine that the ``docker`` command would use. Raises ``EngineError``."""
        address, tls = address_of_environment()
        return cls(address, tls, image=image)

    def version(self) -> dict[str, Any]:
        """Return what the engine says of itself: ``Version``, ``ApiVersion``, ``Os``, ``Arch`` and more."""
        try:
            said = self._api.version()
        except Exception as error:
            self._failed(error)
        return said if isinstance(said, dict) else {}

    def inspect(self, name: str) -> EngineImage | None:
        """Return what the engine says of an image, ``None`` when it has none of that name."""
        from docker.errors import NotFound

        try:
            info = self._api.inspect_image(name)
        except NotFound:
            return None
        except Exception as error:
            self._failed(error)
        several = "Descriptor" in info and self._version() >= _PLATFORM_API
        stated = {"os": info.get("Os"), "architecture": info.get("Architecture"), "variant": info.get("Variant")}
        stated |= {"os.version": info.get("OsVersion")}
        # containerd's store counts compressed bytes, and those of other platforms.
        size = info.get("Size") if not several else None
        return EngineImage(
            id=str(info["Id"]),
            names=tuple(name for name in info.get("RepoTags") or () if not name.startswith("<none>")),
            platform=platforms.read(stated),
            bytes=size if isinstance(size, int) and size > 0 else None,
            several=several,
            layers=len((info.get("RootFS") or {}).get("Layers") or ()) or None,
        )

    def steps(self, known: EngineImage) -> list[Step]:
        """Return an image's history, the first step first."""
        try:
            told = self._api.history(known.id)
        except Exception:
            # It is only shown meanwhile; what is wrong with the engine, the export tells.
            return []
        return [
            Step(str(step.get("CreatedBy") or ""), str(step.get("Comment") or ""), int(step.get("Size") or 0))
            for step in reversed(told or [])
        ]

    def _version(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self._api.api_version.split(".") if part.isdigit())

    def names(self) -> list[str]:
        """Return the names of all images."""
        try:
            images = self._api.images()
        except Exception as error:
            self._failed(error)
        return [name for image in images for name in image.get("RepoTags") or () if not name.startswith("<none>")]

    def details(self, name: str) -> dict[str, Any]:
        """Return all that the engine tells of an image (``docker image inspect``), nothing where it has none."""
        from docker.errors import NotFound

        try:
            info = self._api.inspect_image(name)
        except NotFound:
            return {}
        except Exception as error:
            self._failed(error)
        return info if isinstance(info, dict) else {}

    def history(self, name: str) -> list[str]:
        """Return what made each step of an image's history, bottom first; nothing where the engine has none such."""
        from docker.errors import NotFound

        try:
            steps = self._api.history(name)
        except NotFound:
            return []
        except Exception as error:
            self._failed(error)
        return [str(step.get("CreatedBy") or "") for step in reversed(steps) if isinstance(step, dict)]

    @contextmanager
    def export(self, known: EngineImage, platform: Platform | None) -> Iterator[Callable[[int], bytes]]:
        """Export an image by its id, as ``docker save`` does."""
        parameters = {}
        if platform is not None and known.several:
            asked = {"os": platform.os, "architecture": platform.architecture, "variant": platform.variant}
            asked |= {"os.version": platform.version}
            parameters["platform"] = json.dumps({key: value for key, value in asked.items() if value})
        api = self._api
        between = patience.silence()
        first = patience.before_first(between)
        # The package's own get_image knows no platform.
        url = api._url("/images/{0}/get", known.id)
        waiting = _bare_connection(api, url) if self.address.startswith("unix://") else None
        # An engine is silent for long: whoever stops the work must not wait for its first byte.
        with stoppable(lambda: _hang_up(getattr(waiting, "sock", None))):
            try:
                response = api._get(url, params=parameters, stream=True, timeout=(self._timeout, first))
                api._raise_for_status(response)
            except Exception as error:
                if _is_timeout(error):
                    raise patience.stalled(self.title, first) from None
                self._failed(error)
        raw = response.raw
        connection = _connection(raw)
        allowed = first

        def read(size: int) -> bytes:
            nonlocal allowed
            try:
                data: bytes = raw.read(size)
            except Exception as error:
                if _is_timeout(error):
                    raise patience.stalled(self.title, allowed) from None
                raise EngineError(f"{self.title} broke off the export: {_one_line(error)}") from None
            if allowed != between and connection is not None:
                allowed = between
                # At its end it is closed already.
                with suppress(OSError):
                    connection.settimeout(between)
            return data

        try:
            with stoppable(lambda: _hang_up(connection)):
                yield read
        finally:
            # A thread may wait for bytes still, and closing would wait for it.
            _hang_up(connection)
            response.close()

    def _refused(self, error: Exception) -> NoReturn:
        """Raise ``EngineError`` for a connection that wasn't made, with what to do."""
        cause = _system_error(error)
        title = self.title
        if isinstance(cause, PermissionError):
            raise EngineError(
                f"you may not use {title} at {self.address}: permission denied; join its group, "
                f"or pipe: sudo docker save {self._image} | imgscope analyze -"
            ) from None
        if isinstance(cause, (FileNotFoundError, ConnectionRefusedError)):
            others = [f"podman:{self._image}"] if shutil.which("podman") else []
            if title == "Podman":
                raise EngineError(f"nobody listens at {self.address}; start it with: podman system service") from None
            if self._image and not self._image.startswith("sha256:"):
                others.append(f"registry:{self._image}")
            other = f", {' or '.join(others)}" if others else ""
            raise EngineError(
                f"no Docker engine at {self.address}; start it, set DOCKER_HOST, or give an archive's path{other}"
            ) from None
        if self.address.startswith("ssh://") and (cause is None or isinstance(cause, ConnectionError)):
            host = escape(self.address[6:].partition("/")[0])
            raise EngineError(f"{title} at {self.address} can't be reached; try: ssh {host} docker version") from None
        if _is_timeout(error):
            raise EngineError(f"{title} at {self.address} doesn't answer; is it running?") from None
        raise EngineError(
            f"{title} at {self.address} can't be used: {without_credentials(_one_line(cause or error))}"
        ) from None

    def _failed(self, error: Exception) -> NoReturn:
        """Raise ``EngineError`` for a request that the engine refused."""
        said = getattr(error, "explanation", None)
        raise EngineError(f"{self.title} refused: {_one_line(said or error)}") from None


def address_of_environment() -> tuple[str, Any]:
    """Return the address of the engine that the ``docker`` command would use, and its TLS settings or ``None``.

    Connects to nothing. Raises ``EngineError`` when the context that is named is not there or can't be read.
    """
    _quieten_ssh(os.environ.get("DOCKER_HOST", ""))
    from docker.context import ContextAPI
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    try:
        found = kwargs_from_env()
        if "base_url" not in found:
            with _contexts_found():
                found = {**ContextAPI.kwargs_from_context(), **found}
    except (DockerException, OSError, ValueError, KeyError) as error:
        raise EngineError(f"the Docker context can't be read: {_one_line(error)}") from None
    if "base_url" not in found:
        raise EngineError(
            f"there is no Docker context {escape(current_context())!r}; `docker context ls` lists those there are"
        )
    return found["base_url"], found.get("tls")


def current_context() -> str:
    """Return the name of the context in use; where ``DOCKER_HOST`` is set, that wins over it."""
    from docker.context.config import get_current_context_name

    return os.environ.get("DOCKER_CONTEXT") or str(get_current_context_name())


def contexts() -> list[tuple[str, str]]:
    """Return the names and addresses of all contexts. Raises ``EngineError`` where they can't be read."""
    from docker.context import ContextAPI

    try:
        with _contexts_found():
            found = ContextAPI.contexts()
    except Exception as error:
        raise EngineError(f"the Docker contexts can't be read: {_one_line(error)}") from None
    return [(str(context.Name), str(context.Host or "")) for context in found if context is not None]


@contextmanager
def _contexts_found() -> Iterator[None]:
    """Let contexts be found where there is no ``config.json`` beside them, which ``docker context create`` needs not.

    The package looks for them in the folder of that file; without one, in the current folder.
    """
    from docker.context import config
    from docker.utils.config import find_config_file

    folder = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")  # noqa: PTH111
    module = vars(config)
    usual = module["get_context_dir"]
    if find_config_file() is None:
        module["get_context_dir"] = lambda: os.path.join(folder, "contexts")  # noqa: PTH118
    try:
        yield
    finally:
        module["get_context_dir"] = usual


def _client(address: str, tls: Any, timeout: int) -> Any:
    import docker

    class Client(docker.APIClient):
        def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
            # The engine's own authority, where one is given, before the one that REQUESTS_CA_BUNDLE names.
            verify = self.verify if verify is None else verify
            return super().merge_environment_settings(url, proxies, stream, verify, cert)

    return Client(address, timeout=timeout, tls=tls or False, use_ssh_client=True)


def _bare_connection(api: Any, url: str) -> Any:
    """Return the connection of the next request, made one of HTTP/1.0: the bare export up to the connection's end.

    HTTP/1.1 would cut it into chunks of 32 KiB; to join them costs more than all else that is done with them, by
    two system calls and a dozen steps of Python each. That the export is whole, its own end mark tells.
    """
    try:
        pool = api.get_adapter(url).get_connection(url)
        connection = pool._get_conn(None)
        connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
        pool._put_conn(connection)
    except Exception:
        # It only costs time.
        return None
    return connection


def _connection(raw: Any) -> Any:
    """Return the socket that an answer comes from; of ssh the package's own, which has the program behind it."""
    file = getattr(getattr(raw, "_fp", None), "fp", None)
    return getattr(file, "channel", None) or getattr(getattr(file, "raw", None), "_sock", None)


def _hang_up(connection: Any) -> None:
    """End a connection so that whoever reads from it sees its end."""
    with suppress(Exception):
        program = getattr(connection, "proc", None)
        if program is not None:
            program.kill()
        else:
            connection.shutdown(socket.SHUT_RDWR)


def _is_timeout(error: BaseException | None, depth: int = 8) -> bool:
    """Tell whether a time limit is within what libraries wrapped around it."""
    if error is None or depth == 0:
        return False
    within = (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__)
    return isinstance(error, TimeoutError) or any(
        _is_timeout(inner, depth - 1) for inner in within if isinstance(inner, BaseException)
    )


def _quieten_ssh(address: str) -> None:
    """Make ssh addresses work without paramiko.

    The package imports paramiko for them even where, as here, it is told to run the ssh program instead and never
    uses it; an empty module of that name does.
    """
    if not address.startswith("ssh://"):
        return
    import sys
    from importlib import import_module
    from types import ModuleType

    try:
        import_module("paramiko")
        _limit_ssh()
    except ImportError:
        sys.modules["paramiko"] = ModuleType("paramiko")
        try:
            import docker.api.client
            from docker.transport.sshconn import SSHHTTPAdapter

            vars(docker.api.client)["SSHHTTPAdapter"] = SSHHTTPAdapter
            _limit_ssh()
        finally:
            del sys.modules["paramiko"]


def _limit_ssh() -> None:
    """Make time limits hold for ssh addresses: the package reads the program's output, which has none of its own."""
    from docker.transport import sshconn

    class Pipe(io.RawIOBase):
        def __init__(self, file: io.FileIO, limits: socket.socket) -> None:
            self._file, self._limits = file, limits

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int | None:
            if not patience.wait(self._file.fileno(), self._limits.gettimeout()):
                raise TimeoutError("timed out")
            return self._file.readinto(buffer)

    plain: Any = sshconn.SSHSocket

    class Limited(plain):  # type: ignore[misc]
        limited = True

        def connect(self, **more: Any) -> None:
            super().connect(**more)
            self.proc.stdout = io.BufferedReader(Pipe(self.proc.stdout.detach(), self), 1 << 16)

    if not hasattr(plain, "limited"):
        vars(sshconn)["SSHSocket"] = Limited


def _system_error(error: BaseException | None, depth: int = 8) -> OSError | None:
    """Find the operating system's error within what three libraries wrapped around it."""
    if error is None or depth == 0:
        return None
    if isinstance(error, OSError) and error.errno is not None:
        return error
    for inner in (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__):
        if isinstance(inner, BaseException):
            found = _system_error(inner, depth - 1)
            if found is not None:
                return found
    return None


def _one_line(error: object) -> str:
    return escape(" ".join(str(error).split()))[:300] or type(error).__name__
