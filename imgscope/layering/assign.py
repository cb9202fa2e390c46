"""Gives each path of a merged tree to a layer of a plan."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..globs import PathFilter, is_glob
from ..layer.index import DIRECTORY, HARDLINK
from ..overlay.merge import NO_ENTRY
from ..paths import parents, split
from .things import key_of

if TYPE_CHECKING:
    from ..overlay.merge import Overlay
    from ..packages import Package
    from .plan import Plan

Paths = list[tuple[bytes, int]]
"""Paths, in order, and their global entries."""


@dataclass(slots=True)
class Assignment:
    """The paths of each layer of a plan, the rest's last. ``moved`` counts names that lie with another of their inode.

    Directories are the last layer's: whatever is added to one or removed changes its time, and the topmost layer that
    has a directory says what it is. So what lies below keeps its bytes when other things come and go.
    """

    layers: list[Paths] = field(default_factory=list)
    moved: int = 0

    def by_path(self) -> dict[bytes, int]:
        """Return each path's layer."""
        return {path: number for number, paths in enumerate(self.layers) for path, _ in paths}


def assign(overlay: Overlay, owners: Mapping[bytes, Package], plan: Plan, first: int = 0) -> Assignment:
    """Give all that the merged tree has of layers ``first`` on to the layers of a plan.

    The first layer that names a path (or a folder above it) has it; what no glob names, the first that names the
    package which owns it. All names of an inode lie in one layer: the lowest of theirs. Above ``first`` the last layer
    describes the directories of layers below too, where a planned layer has anything in them.
    """
    rest = len(plan.layers)
    choose = _Chooser(plan, owners)
    numbers: dict[bytes, int] = {}
    homes: dict[int, int] = {}
    found = Assignment([[] for _ in range(rest + 1)])
    pairs = [(path, entry) for path, entry in overlay.paths() if overlay.kinds[entry] != DIRECTORY]
    pairs = [(path, entry) for path, entry in pairs if overlay.layer_of(entry) >= first]
    for path, entry in pairs:
        number = numbers[path] = choose(path)
        inode = _shared(overlay, entry)
        if inode is not None:
            homes[inode] = min(number, homes.get(inode, rest))
    used: set[bytes] = set()
    for path, entry in pairs:
        inode = _shared(overlay, entry)
        number = numbers[path] if inode is None else homes[inode]
        found.moved += number != numbers[path]
        found.layers[number].append((path, entry))
        if number < rest:
            used.add(split(path)[0])
    described = set(parents(used))
    found.layers[rest] += [
        (path, entry)
        for path, entry in overlay.paths()
        if overlay.kinds[entry] == DIRECTORY and (overlay.layer_of(entry) >= first or path in described)
    ]
    found.layers[rest].sort()
    return found


def _shared(overlay: Overlay, entry: int) -> int | None:
    """Return the inode of a name that is not its only one, or was not."""
    inode = overlay.inode(entry)
    if inode == NO_ENTRY:
        return None
    return inode if overlay.kinds[entry] == HARDLINK or inode in overlay.home else None


class _Chooser:
    """Tells the layer of a path: the first that names it, else the first that names its package."""

    def __init__(self, plan: Plan, owners: Mapping[bytes, Package]) -> None:
        self._owners = owners
        self._rest = len(plan.layers)
        self._paths = [(number, PathFilter(layer.paths)) for number, layer in enumerate(plan.layers) if layer.paths]
        self._exact: dict[str, int] = {}
        self._wild: list[tuple[int, re.Pattern[str]]] = []
        for number, layer in enumerate(plan.layers):
            for text in layer.packages:
                if is_glob(text):
                    self._wild.append((number, re.compile(fnmatch.translate(text))))
                else:
                    self._exact.setdefault(text, number)
        self._known: dict[str, int] = {}

    def __call__(self, path: bytes) -> int:
        directory, name = split(path)
        for number, globs in self._paths:
            if globs.fits(directory, name):
                return number
        package = self._owners.get(path)
        return self._rest if package is None else self._of_package(key_of(package))

    def _of_package(self, name: str) -> int:
        known = self._known.get(name)
        if known is None:
            known = self._exact.get(name, self._rest)
            known = min((number for number, glob in self._wild if number < known and glob.match(name)), default=known)
            self._known[name] = known
        return known
