"""What is largest in a merged tree: files, and of the directories those that say something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heapreplace
from itertools import islice
from typing import TYPE_CHECKING

from .brief import brief
from .layer.index import FILE
from .paths import join, public, split

if TYPE_CHECKING:
    from .tree import Tree

# A directory is left out where one subdirectory holds this share of its bytes, in hundredths.
_ALL = 95


@brief()
@dataclass(frozen=True, slots=True, repr=False)
class DirectorySize:
    """A directory of the merged tree with the bytes and the number of paths below it."""

    path: str
    bytes: int
    count: int


@brief()
@dataclass(frozen=True, slots=True, repr=False)
class FileSize:
    """A regular file of the merged tree, its content bytes, and the layer that it comes from."""

    path: str
    bytes: int
    layer: int


@brief()
@dataclass(frozen=True, slots=True, repr=False)
class PackageSize:
    """An installed package and the content bytes of its files; ``ecosystem`` is ``dpkg``, ``apk``, ``python``, …"""

    ecosystem: str
    name: str
    version: str
    bytes: int


@brief("rows", "count", "bytes", "unread")
@dataclass(frozen=True, slots=True, repr=False)
class PackageSizes:
    """The largest packages (at most ``HIGHLIGHTS``), and how many there are, with the bytes of all.

    ``unread`` are the ecosystems of which a database is there that was not read, or not to its end, and why: nothing
    is known of the packages that it holds.
    """

    rows: tuple[PackageSize, ...] = ()
    count: int = 0
    bytes: int = 0
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Largest:
    """What is largest in an image: files and directories of the merged tree, and packages; see ``Analysis``."""

    files: list[FileSize]
    directories: list[DirectorySize]
    packages: PackageSizes


def largest_files(tree: Tree, limit: int, own: Mapping[bytes, int] | None = None) -> list[FileSize]:
    """Return the ``limit`` largest regular files, ties by path; one of several names is one, empty ones are none.

    ``own`` is what ``Tree.own_sizes`` tells, if that is known.
    """
    if limit < 1:
        return []
    overlay = tree.overlay
    sizes, kinds = overlay.sizes, overlay.kinds
    own = tree.own_sizes() if own is None else own
    # No file is larger than all of its directory together: those that hold most are looked at first.
    leading: list[bytes] = []
    top = [0] * limit
    for directory in sorted(own, key=own.__getitem__, reverse=True):
        if own[directory] < max(top[0], 1):
            break
        leading.append(directory)
        for size in map(sizes.__getitem__, overlay.tree[directory].values()):
            if size > top[0]:
                heapreplace(top, size)
    least = max(top[0], 1)
    found = [
        (-sizes[entry], join(directory, name), entry)
        for directory in leading
        for name, entry in overlay.tree[directory].items()
        if sizes[entry] >= least and entry >= 0 and kinds[entry] == FILE
    ]
    found += ((-sizes[inode], path, inode) for inode, path in tree.promoted_names.items() if sizes[inode] >= least)
    found.sort()
    return [FileSize(public(path), -size, overlay.layer_of(entry)) for size, path, entry in found[:limit]]


def largest_directories(sizes: Mapping[bytes, tuple[int, int]], limit: int) -> list[DirectorySize]:
    """Rank directories by the bytes below them, of ``sizes`` (bytes and paths by directory); ``limit`` rows.

    Neither the root, nor one whose bytes are (nearly) all in one of its subdirectories: that one stands for it.
    """
    kept: dict[bytes, int] = {}
    # What the uppermost directory holds that one stands for: so a long chain doesn't lose bytes bit by bit.
    whole: dict[bytes, int] = {}
    for size, path in sorted(((size, path) for path, (size, _) in sizes.items() if size and path), key=_by_size):
        last = next(islice(kept.values(), limit - 1, None), 0) if limit else size + 1
        if size * 100 < last * _ALL:
            break
        parent = split(path)[0]
        whole[path] = size
        if parent in kept and size * 100 >= whole[parent] * _ALL:
            whole[path] = whole[parent]
            del kept[parent]
        kept[path] = size
    return [DirectorySize(public(path), size, sizes[path][1]) for path, size in islice(kept.items(), limit)]


def _by_size(row: tuple[int, bytes]) -> tuple[int, bytes]:
    return -row[0], row[1]
