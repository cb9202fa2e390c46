"""What may stand for IMAGE: names that the engine has, and archives, layouts and saved analyses on the disk.

Asking the engine must be fast and may never disturb: no answer, no names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from ..reference import ARCHIVE_ENDINGS, LAYOUT_FILES

# An engine that has not answered by then is not waited for, in seconds.
PATIENCE = 2
_SCHEMES = {
    "docker:": "an image in the Docker engine",
    "podman:": "an image in Podman",
    "registry:": "an image in a registry",
    "oci:": "an OCI layout directory",
    "docker-archive:": "an archive as docker save writes it",
    "oci-archive:": "an archive of an OCI layout",
}


@dataclass(frozen=True, slots=True)
class Fit:
    """A word that fits; ``whole`` tells that it is complete, else more is to come without a space (``folder/``)."""

    word: str
    help: str = ""
    whole: bool = True
    is_path: bool = False


def fitting(beginning: str) -> list[Fit]:
    """Return what IMAGE may be that begins like this: names first, then paths."""
    for scheme in _SCHEMES:
        if beginning.startswith(scheme):
            rest = beginning.removeprefix(scheme)
            if scheme == "registry:":
                return list(_in_registry(rest))
            below = _names(scheme, rest) if scheme in ("docker:", "podman:") else _paths(rest)
            return [Fit(scheme + fit.word, fit.help, fit.whole, fit.is_path) for fit in below]
    found = [] if beginning.startswith(("/", "./", "../", "~")) else list(_names("docker:", beginning))
    paths = list(_paths(beginning))
    if beginning or not found:
        found += paths
    else:
        # With nothing typed yet, folders to walk into would hide what is an image.
        found += [fit for fit in paths if fit.whole]
    if beginning:
        found += [Fit(scheme, help, whole=False) for scheme, help in _SCHEMES.items() if scheme.startswith(beginning)]
    return found


def _names(scheme: str, beginning: str) -> Iterator[Fit]:
    """Yield the names of an engine's images, without the ``:latest`` that nobody types unless it is typed."""
    from ..archive.select import familiar

    for name in sorted({familiar(name) for name in _ask(scheme)}):
        short = name.removesuffix(":latest")
        if name.startswith(beginning):
            yield Fit(name if len(beginning) > len(short) else short)


def _in_registry(beginning: str) -> Iterator[Fit]:
    """Yield repositories that were asked before, and the tags of one of them that is typed."""
    from ..cache import Cache
    from ..sources.registry.tags import places

    known = places(Cache())
    place, colon, _ = beginning.rpartition(":")
    if colon and place in known:
        for tag in _tags(place):
            if f"{place}:{tag}".startswith(beginning):
                yield Fit(f"registry:{place}:{tag}")
        return
    for place in sorted(known):
        if place.startswith(beginning):
            yield Fit(f"registry:{place}:", whole=False)


def _tags(place: str) -> list[str]:
    """Return the tags of a repository that was asked before: nobody else hears of what is being typed."""
    from ..errors import ImgscopeError
    from ..sources.registry.client import Client
    from ..sources.registry.names import parse
    from ..sources.registry.tags import listed

    client = Client(parse(place), patience=PATIENCE)
    try:
        return listed(client, ())
    except ImgscopeError:
        return []
    finally:
        client.close()


def _ask(scheme: str) -> list[str]:
    from ..errors import ImgscopeError

    try:
        if scheme == "podman:":
            from ..reference import Reference
            from ..sources.podman import PodmanSource

            return PodmanSource(Reference("podman", "podman:-", "-")).backend.names()
        from ..sources.docker_api import DockerApi, address_of_environment

        address, tls = address_of_environment()
        if address.startswith("ssh://"):
            # ssh could ask for a password in the midst of somebody's typing.
            return []
        return DockerApi(address, tls, timeout=PATIENCE).names()
    except ImgscopeError:
        return []


def _paths(beginning: str) -> Iterator[Fit]:
    """Yield archives, layouts and saved analyses, and folders that may hold some."""
    typed, part = os.path.split(beginning)
    shown = beginning[: len(beginning) - len(part)]
    folder = os.path.expanduser(typed) if typed.startswith("~") else typed  # noqa: PTH111
    try:
        with os.scandir(folder or ".") as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if not entry.name.startswith(part) or (entry.name.startswith(".") and not part.startswith(".")):
            continue
        try:
            is_folder = entry.is_dir()
        except OSError:
            continue
        if is_folder:
            layout = any(os.path.isfile(os.path.join(entry.path, name)) for name in LAYOUT_FILES)  # noqa: PTH113, PTH118
            yield Fit(shown + entry.name + ("" if layout else "/"), whole=layout, is_path=True)
        elif ARCHIVE_ENDINGS.search(entry.name):
            yield Fit(shown + entry.name, is_path=True)
