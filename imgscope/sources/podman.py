"""An image of Podman: by its Docker-compatible socket, or by the ``podman`` program where no socket listens."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..archive import platform as platforms
from ..archive.platform import Platform
from ..ending import tidied
from ..errors import EngineError
from ..escape import escape
from ..processes import end
from ..stopping import stoppable
from . import patience
from .backend import Backend, EngineImage, Step
from .engine import EngineSource
from .file import widen_pipe

_TITLE = "Podman"
_PULL = "podman pull"


class PodmanSource(EngineSource):
    """One image of Podman."""

    def _connect(self) -> Backend:
        address = _socket()
        program = shutil.which("podman")
        if address is not None:
            from .docker_api import DockerApi

            try:
                return DockerApi(address, title=_TITLE, pull=_PULL, image=self._name)
            except EngineError:
                # A socket that nobody listens on any more is no reason to give up.
                if program is None or "CONTAINER_HOST" in os.environ:
                    raise
        if program is None:
            raise EngineError("no Podman here: neither its socket nor its program; name an archive's path instead")
        return PodmanProgram(program)


def _socket() -> str | None:
    """Return the address of Podman's socket, as its own remote client finds it; ``None`` where there is none."""
    host = os.environ.get("CONTAINER_HOST", "")
    if host.startswith(("unix://", "tcp://", "http://", "https://")):
        return host
    if host:
        # ssh with Podman's own path in it: its program knows how.
        return None
    uid = os.getuid() if hasattr(os, "getuid") else 0
    places = []
    if uid:
        places = [os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{uid}"]
    for place in (*places, *(() if uid else ("/run",))):
        path = Path(place) / "podman" / "podman.sock"
        try:
            if stat.S_ISSOCK(path.stat().st_mode):
                return f"unix://{path}"
        except OSError:
            continue
    return None


class PodmanProgram:
    """Podman through its program: ``podman save`` to a pipe."""

    title = _TITLE
    pull = _PULL

    def __init__(self, program: str) -> None:
        """Use the program at the path ``program``."""
        self.address = program
        self._program = program

    def _ask(self, *arguments: str) -> tuple[int, str, str]:
        try:
            limit = patience.silence()
            done = subprocess.run([self._program, *arguments], capture_output=True, check=False, timeout=limit)
        except OSError as error:
            raise EngineError(f"{self._program} can't be run: {error.strerror}") from None
        except subprocess.TimeoutExpired:
            raise patience.stalled(self.title, limit) from None
        return done.returncode, done.stdout.decode("utf-8", "replace"), _last_line(done.stderr)

    def inspect(self, name: str) -> EngineImage | None:
        """Return what Podman says of an image, ``None`` when it has none of that name."""
        status, out, error = self._ask("image", "inspect", "--format", "json", "--", name)
        if status:
            if "no such image" in error.lower() or "image not known" in error.lower() or "no such object" in error:
                return None
            raise EngineError(f"podman: {error}")
        info = _parsed(out)
        if not info or not isinstance(info[0], dict) or not isinstance(info[0].get("Id"), str):
            raise EngineError("podman image inspect gave an answer that can't be read")
        found = info[0]
        stated = {"os": found.get("Os"), "architecture": found.get("Architecture"), "variant": found.get("Variant")}
        size = found.get("Size")
        return EngineImage(
            id="sha256:" + found["Id"].removeprefix("sha256:"),
            names=tuple(str(name) for name in found.get("RepoTags") or ()),
            platform=platforms.read(stated),
            bytes=size if isinstance(size, int) and size > 0 else None,
        )

    def steps(self, known: EngineImage) -> list[Step]:
        """Return nothing: podman is not asked for more than it takes."""
        return []

    def names(self) -> list[str]:
        """Return the names of all images."""
        status, out, error = self._ask("images", "--format", "json")
        if status:
            raise EngineError(f"podman: {error}")
        return [str(name) for image in _parsed(out) or () for name in image.get("Names") or ()]

    @contextmanager
    def export(self, known: EngineImage, platform: Platform | None) -> Iterator[Callable[[int], bytes]]:
        """Run ``podman save`` and read its output; its last words are the error, should it fail."""
        command = [self._program, "save", "--quiet", "--format", "docker-archive", "--", known.id]
        with tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
            except OSError as error:
                raise EngineError(f"{self._program} can't be run: {error.strerror}") from None
            assert process.stdout is not None
            fd = process.stdout.fileno()
            widen_pipe(fd)
            waiting = patience.reading(fd, "podman save")
            ended = False

            def read(size: int) -> bytes:
                nonlocal ended
                data = waiting(size)
                if not data and not ended:
                    ended = True
                    if process.wait():
                        errors.seek(0)
                        raise EngineError(f"podman save failed: {_last_line(errors.read(1 << 16))}")
                return data

            try:
                with tidied(process.kill), stoppable(process.kill):
                    yield read
            finally:
                end(process)
                process.stdout.close()


def _parsed(text: str) -> list[Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise EngineError("podman gave an answer that is not JSON") from None
    return value if isinstance(value, list) else []


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return escape(lines[-1].removeprefix("Error: "))[:300] if lines else "it gave no reason"
