"""Where else a repository may be had: registries.conf of the containers tools (containers-registries.conf(5), its
version 2) and Docker's mirrors of its Hub (``registry-mirrors`` of daemon.json). Short names have their aliases there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...errors import RegistryError
from ...escape import escape
from .names import HUB, Name

_VARIABLE = "CONTAINERS_REGISTRIES_CONF"
_DAEMON = Path("/etc/docker/daemon.json")
_SYSTEM = Path("/etc/containers")


@dataclass(frozen=True, slots=True)
class Place:
    """A repository at one host; ``insecure`` ones may be spoken with over plain HTTP."""

    name: Name
    insecure: bool = False


def _documents() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the files that hold, what decides first. Raises ``RegistryError`` for one that is not TOML."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")) / "containers"  # noqa: PTH111
    given = os.environ.get(_VARIABLE)
    paths = [Path(given)] if given else []
    for folder in () if given else (config, _SYSTEM):
        extra = folder / "registries.conf.d"
        with suppress(OSError):
            paths += sorted(extra.glob("*.conf"), reverse=True)
        paths.append(folder / "registries.conf")
    for path in paths:
        try:
            data = path.read_bytes()
            import tomllib

            yield path, tomllib.loads(data.decode())
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        except (OSError, ValueError):
            raise RegistryError(
                f"{escape(str(path))} can't be read: it is not what containers-registries.conf(5) says"
            ) from None


def alias(text: str) -> str:
    """Return what a name without a host stands for where an alias says so, with its tag or digest; else as it is."""
    rest = text.partition("@")[0]
    first, slash, _ = rest.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return text
    short = rest.partition(":")[0]
    for _, document in _documents():
        aliases = document.get("aliases")
        wanted = aliases.get(short) if isinstance(aliases, dict) else None
        if isinstance(wanted, str) and wanted:
            return wanted + text[len(short) :]
    return text


def places(name: Name) -> list[Place]:
    """Return where a repository is to be asked for, mirrors first, itself last.

    Raises ``RegistryError`` where a registry is blocked.
    """
    whole = f"{name.host}/{name.repository}"
    best: tuple[int, dict[str, Any]] | None = None
    for _, document in _documents():
        for found in document.get("registry") or ():
            prefix = str(found.get("prefix") or found.get("location") or "") if isinstance(found, dict) else ""
            if prefix and _fits(prefix, whole) and (best is None or len(prefix) > best[0]):
                best = len(prefix), found
    if best is None:
        return [*_of_docker(name), Place(name)]
    length, found = best
    if found.get("blocked"):
        raise RegistryError(f"the registry {escape(name.host)} is blocked by registries.conf")
    rest = whole[length:] if whole.startswith(str(found.get("prefix") or found.get("location"))) else ""
    result: list[Place] = []
    for mirror in found.get("mirror") or ():
        if not isinstance(mirror, dict) or not mirror.get("location"):
            continue
        kind = mirror.get("pull-from-mirror", "all")
        if found.get("mirror-by-digest-only") or kind == "digest-only":
            if name.digest is None:
                continue
        elif kind == "tag-only" and name.digest is not None:
            continue
        result.append(_moved(name, str(mirror["location"]) + rest, bool(mirror.get("insecure"))))
    location = found.get("location")
    own = _moved(name, str(location) + rest, bool(found.get("insecure"))) if location and rest else None
    return [*result, own or Place(name, bool(found.get("insecure")))]


def _fits(prefix: str, whole: str) -> bool:
    if prefix.startswith("*."):
        return whole.partition("/")[0].endswith(prefix[1:])
    return whole == prefix or (whole.startswith(prefix) and whole[len(prefix)] in "/:@")


def _moved(name: Name, place: str, insecure: bool) -> Place:
    host, _, repository = place.partition("/")
    return Place(replace(name, host=host, repository=repository or name.repository), insecure)


def _of_docker(name: Name) -> Iterator[Place]:
    """Yield Docker's mirrors of its Hub: those of the engine on this machine."""
    if name.host != HUB:
        return
    try:
        document = json.loads(_DAEMON.read_bytes())
        mirrors = document.get("registry-mirrors") or ()
    except (OSError, ValueError, AttributeError):
        return
    for mirror in mirrors if isinstance(mirrors, list) else ():
        target = urlsplit(str(mirror))
        if target.scheme in ("http", "https") and target.netloc and "@" not in target.netloc:
            yield Place(replace(name, host=target.netloc), target.scheme == "http")
