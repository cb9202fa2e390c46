"""Logins: where other tools keep them, and which belongs to a host. Nothing is written, and nothing of them is shown.

In turn: what the command line or the environment gives, ``REGISTRY_AUTH_FILE``, podman's and skopeo's ``auth.json``
(containers-auth.json(5)), Docker's ``config.json`` with its credential helpers, resolved by docker-py.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import RegistryError, UsageError
from ...escape import escape
from ..options import HOST, PASSWORD, USER, Options
from .names import HUB, Name

_MAX_FILE = 4 << 20


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password, or an identity token; neither is in its text."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)

    @property
    def basic(self) -> str | None:
        """The value of an Authorization header (RFC 7617); ``None`` where there is only an identity token."""
        if not self.user or self.identity:
            return None
        import base64

        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")


def login_for(name: Name, options: Options) -> Login | None:
    """Return the login that belongs to a repository's host, that of ``options`` first; ``None`` for none.

    Raises ``RegistryError`` where a file or a helper can't be read, ``UsageError`` for half a login.
    """
    given = _given(name.host, options)
    if given is not None:
        return given
    for path, whole in _files():
        found = _in_file(path, name, whole)
        if found is not None:
            return found
    return None


def _given(host: str, options: Options) -> Login | None:
    """Return the login of the options or the environment, if it is for this host."""
    login = options.login
    if login is None and not os.environ.get(USER):
        return None
    # One login is one host's: else it is that of the first that was named.
    if (os.environ.get(HOST, "").lower() or options.login_host) != host:
        return None
    user, password = login or (os.environ.get(USER, ""), os.environ.get(PASSWORD, ""))
    if not user or not password:
        raise UsageError(f"a login for {escape(host)} needs both {USER} and {PASSWORD}")
    return Login(user, password)


def _files() -> Iterator[tuple[Path, bool]]:
    """Yield the files that may hold logins; whether a key there may be a part of a repository's name, too."""
    given = os.environ.get("REGISTRY_AUTH_FILE")
    if given:
        yield Path(given), True
        return
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    uid = os.getuid() if hasattr(os, "getuid") else 0
    yield Path(runtime or f"/run/user/{uid}") / "containers" / "auth.json", True
    yield Path(f"/run/containers/{uid}/auth.json"), True
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111
    yield Path(config) / "containers" / "auth.json", True
    docker = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")  # noqa: PTH111
    yield Path(docker) / "config.json", False


def _in_file(path: Path, name: Name, whole: bool) -> Login | None:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if os.environ.get("REGISTRY_AUTH_FILE") or not isinstance(error, PermissionError):
            raise RegistryError(f"the logins in {escape(str(path))} can't be read: {error.strerror}") from None
        return None
    try:
        document = json.loads(data)
        if not isinstance(document, dict):
            raise TypeError
        return _resolved(document, name, whole)
    except RegistryError:
        raise
    except Exception:
        # What is wrong may hold a secret: it is not said.
        raise RegistryError(
            f"the logins in {escape(str(path))} can't be read: it is not what docker login writes"
        ) from None


def _resolved(document: dict[str, Any], name: Name, whole: bool) -> Login | None:
    settings = {key: document[key] for key in ("auths", "credHelpers", "credsStore") if document.get(key)}
    if not settings:
        return None
    from docker.auth import AuthConfig

    if whole and isinstance(settings.get("auths"), dict):
        # A key may be a part of a repository's name; the longest that fits is meant.
        parts = f"{name.host}/{name.repository}".split("/")
        for length in range(len(parts), 1, -1):
            key = "/".join(parts[:length])
            if key in settings["auths"]:
                found = AuthConfig.parse_auth({key: settings["auths"][key]}, raise_on_error=True)
                return _login(found[key])
        settings["auths"] = {key: value for key, value in settings["auths"].items() if "://" in key or "/" not in key}
    if "auths" in settings:
        # One entry that is damaged is no reason to have none of the others.
        settings["auths"] = {key: value for key, value in settings["auths"].items() if _host(key) == _host(name.host)}
    if not settings.get("auths"):
        settings.pop("auths", None)
    if not settings:
        return None
    from docker.errors import DockerException

    helper = settings.get("credHelpers", {}).get(name.host) or settings.get("credsStore")
    try:
        with warnings.catch_warnings():
            # The package warns of a helper that is not there, besides failing for it.
            warnings.simplefilter("ignore")
            return _login(AuthConfig.load_config(None, settings).resolve_authconfig(name.host))
    except DockerException:
        raise RegistryError(
            f"the credential helper docker-credential-{escape(str(helper))} gave no login for {escape(name.host)}; "
            "see that it is installed and unlocked"
        ) from None


def _host(key: str) -> str:
    from docker.auth import resolve_index_name

    return HUB if key in (HUB, "registry-1.docker.io") else str(resolve_index_name(key)).lower()


def _login(found: Any) -> Login | None:
    """Read what docker-py resolved: its own spelling of files, or helpers'."""
    if not isinstance(found, dict):
        return None
    identity = found.get("IdentityToken") or ""
    user, password = (found.get(key) or found.get(key.lower()) or "" for key in ("Username", "Password"))
    return Login(str(user), str(password), str(identity)) if identity or user else None
