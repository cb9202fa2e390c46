"""What an image consists of, in parts that come and go as a whole: packages, and folders and files of no package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..layer.index import DIRECTORY
from ..overlay.merge import NO_ENTRY
from ..paths import public, split
from .plan import glob_of

if TYPE_CHECKING:
    from ..overlay.merge import Overlay
    from ..packages import Package

# What operating systems bring changes least, then what languages' tools bring; what no package has is the app's.
_RANKS = {"dpkg": 0, "rpm": 0, "apk": 0, "pacman": 0, "conda": 1, "python": 2, "npm": 2}
_FOLDER = 3

Weigh = Callable[[int], float]
"""Returns what a global entry weighs."""


@dataclass(slots=True)
class Thing:
    """A package (``python:torch``), or a folder or file (by its path) that no package has: ``weight`` is its bytes.

    ``changed`` counts the versions in which it is not the same.
    """

    key: str
    path: bytes | None = None
    package: Package | None = None
    weight: float = 0.0
    changed: int = 0

    @property
    def rank(self) -> int:
        """Where it belongs as long as nobody knows how often it changes: the lowest first."""
        return _FOLDER if self.package is None else _RANKS.get(self.package.ecosystem, _FOLDER)

    @property
    def glob(self) -> str:
        """The glob of its paths, of one that is no package."""
        return glob_of(self.path or b"")


@dataclass(slots=True)
class Things:
    """The things of an image, by key; ``rest`` is what belongs to none of them."""

    by_key: dict[str, Thing] = field(default_factory=dict)
    rest: float = 0.0
    _folders: dict[bytes, str] = field(default_factory=dict)

    def key_of(self, path: bytes, owners: Mapping[bytes, Package]) -> str | None:
        """Return the thing that a path belongs to, in this image or another version of it."""
        owner = owners.get(path)
        if owner is not None:
            return key_of(owner)
        while path:
            if path in self._folders:
                return self._folders[path]
            path = split(path)[0]
        return None


def key_of(package: Package) -> str:
    """Return what a package is called in plans."""
    return f"{package.ecosystem}:{package.name}"


def things(
    overlay: Overlay,
    paths: Iterable[tuple[bytes, int]],
    owners: Mapping[bytes, Package],
    weigh: Weigh,
    least: float,
) -> Things:
    """Find the things that paths belong to; folders and files of no package are told from ``least`` on.

    A folder is one thing unless what lies in it is: then those are, if not much is left.
    """
    found = Things()
    own: dict[bytes, float] = {}
    seen: set[int] = set()
    for path, entry in paths:
        if overlay.kinds[entry] == DIRECTORY:
            continue
        inode = overlay.inode(entry)
        weight = 0.0 if inode == NO_ENTRY or inode in seen else weigh(inode)
        seen.add(inode)
        owner = owners.get(path)
        if owner is None:
            own[path] = weight
            continue
        key = key_of(owner)
        thing = found.by_key.setdefault(key, Thing(key, package=owner))
        thing.weight += weight
    _folders(found, own, least)
    return found


def _folders(found: Things, own: Mapping[bytes, float], least: float) -> None:
    sums: dict[bytes, float] = {}
    below: dict[bytes, list[bytes]] = {}
    for path, weight in own.items():
        here = path
        while True:
            if here not in sums and here:
                below.setdefault(split(here)[0], []).append(here)
            sums[here] = sums.get(here, 0.0) + weight
            if not here:
                break
            here = split(here)[0]
    pending = [b""]
    while pending:
        place = pending.pop()
        large = [path for path in below.get(place, ()) if sums[path] >= least]
        left = sums.get(place, 0.0) - sum(sums[path] for path in large)
        if place and (not large or left >= least):
            found._folders[place] = public(place)
            found.by_key[public(place)] = Thing(public(place), path=place, weight=sums[place])
        else:
            found.rest += left
            pending += large
