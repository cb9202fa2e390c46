"""What an image consists of, in parts that come and go as a whole: packages, and folders and files of no package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
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

    A large package's large folders and files are things too, and the package is what is left of it. ``rank`` is where
    it belongs as long as nobody knows how often it changes, the lowest first; ``changed`` counts the versions in which
    it is not the same.
    """

    key: str
    rank: int = _FOLDER
    path: bytes | None = None
    package: Package | None = None
    weight: float = 0.0
    changed: int = 0

    @property
    def glob(self) -> str:
        """The glob of its paths, of one that is no package."""
        return glob_of(self.path or b"")


@dataclass(slots=True)
class Things:
    """The things of an image, by key; ``rest`` is the weight of what belongs to none of them."""

    by_key: dict[str, Thing] = field(default_factory=dict)
    rest: float = 0.0
    folders: dict[bytes, str] = field(default_factory=dict)

    def key_of(self, path: bytes, owners: Mapping[bytes, Package]) -> str | None:
        """Return the thing that a path belongs to, in this image or another version of it."""
        owner = owners.get(path)
        while path:
            if path in self.folders:
                return self.folders[path]
            path = split(path)[0]
        return None if owner is None else key_of(owner)


def key_of(package: Package) -> str:
    """Return what a package is called in plans."""
    return f"{package.ecosystem}:{package.name}"


def things(
    overlay: Overlay,
    paths: Iterable[tuple[bytes, int]],
    owners: Mapping[bytes, Package],
    weigh: Weigh,
    least: float,
    most: float,
) -> Things:
    """Find the things that paths belong to; folders and files are told from the weight ``least`` on.

    A package that weighs more than ``most`` is taken apart. A folder is one thing unless what lies in it is: then those
    are, if not much is left, or the whole would weigh too much. Folders that hold a package's files are never one.
    """
    found = Things()
    weights: dict[bytes, float] = {}
    seen: set[int] = set()
    for path, entry in paths:
        if overlay.kinds[entry] == DIRECTORY:
            continue
        inode = overlay.inode(entry)
        weight = weights[path] = 0.0 if inode == NO_ENTRY or inode in seen else weigh(inode)
        seen.add(inode)
        owner = owners.get(path)
        if owner is None:
            found.rest += weight
            continue
        key = key_of(owner)
        thing = found.by_key.get(key)
        if thing is None:
            thing = found.by_key[key] = Thing(key, _RANKS.get(owner.ecosystem, _FOLDER), package=owner)
        thing.weight += weight
    opened = {key for key, thing in found.by_key.items() if thing.weight > most}
    _folders(found, weights, owners, opened, least, most)
    return found


def _folders(
    found: Things,
    weights: Mapping[bytes, float],
    owners: Mapping[bytes, Package],
    opened: Set[str],
    least: float,
    most: float,
) -> None:
    """Make things of folders and files, of what they weigh less is left of packages and the rest."""
    sums: dict[bytes, float] = {}
    below: dict[bytes, list[bytes]] = {}
    # Whose a folder is: None is nobody's; one that has files of several, or of a whole package, is no thing.
    whose: dict[bytes, str | None] = {}
    mixed: set[bytes] = set()
    for path, weight in weights.items():
        owner = owners.get(path)
        key = None if owner is None else key_of(owner)
        here = path
        while True:
            if here not in sums:
                whose[here] = key
                if here:
                    below.setdefault(split(here)[0], []).append(here)
            if whose[here] != key or (key is not None and key not in opened):
                mixed.add(here)
            sums[here] = sums.get(here, 0.0) + weight
            if not here:
                break
            here = split(here)[0]
    pending = [b""]
    while pending:
        place = pending.pop()
        large = [path for path in below.get(place, ()) if sums[path] >= least]
        left = sums.get(place, 0.0) - sum(sums[path] for path in large)
        # What is little more than one file is told by its folder.
        lone = len(large) == 1 and large[0] not in below
        if place and place not in mixed and (not large or ((lone or left >= least) and sums[place] <= most)):
            key = whose[place]
            name = public(place)
            found.folders[place] = name
            rank = _FOLDER if key is None else found.by_key[key].rank
            found.by_key[name] = Thing(name, rank, path=place, weight=sums[place])
            if key is None:
                found.rest -= sums[place]
            else:
                found.by_key[key].weight -= sums[place]
        else:
            pending += large
    found.rest = max(found.rest, 0.0)
