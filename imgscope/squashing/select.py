"""Which entries of an image a new layer holds, and what it has to remove of the layers below it.

A layer changeset is applied on top of those below it (OCI image spec, *Image Layer Filesystem Changeset*), so a new
layer that stands for some of an image's holds what the merged tree has of them, and a whiteout for every path that the
layers below have and the merged tree has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..errors import ImageError
from ..escape import escape
from ..layer.index import DIRECTORY, HARDLINK
from ..overlay.merge import NO_ENTRY, Overlay
from ..paths import join, parents, public, split
from ..rows import File
from ..tree import Tree


class Member(NamedTuple):
    """A member of a new layer: its path, its row, and where its content lies (layer, entry), if it has any.

    ``link`` is the path of the member of the same layer that it is one more name of.
    """

    path: bytes
    file: File
    content: tuple[int, int] | None = None
    link: bytes | None = None


def of_layers(overlay: Overlay, first: int, last: int) -> Iterator[tuple[bytes, int]]:
    """Yield the paths, and their global entries, that the merged tree has of layers ``first`` to ``last``."""
    return (pair for pair in overlay.paths() if first <= overlay.layer_of(pair[1]) <= last)


def planned(tree: Tree, paths: Iterable[tuple[bytes, int]]) -> Iterator[Member]:
    """Yield the members of a layer that a plan names, below its last: ``paths``, and before them their directories.

    These are as in the merged tree but for their time, which is 1970: the last layer, which describes all of them,
    says what it is. So a layer stays the same to the byte as long as what is in it does.
    """
    overlay = tree.overlay
    pairs = list(paths)
    for path in sorted(parents({split(path)[0] for path, _ in pairs})):
        entry = overlay.lookup(path)
        if entry is not None and entry >= 0:
            yield Member(path, tree.row(path, entry)._replace(mtime_ns=0))
    yield from members(tree, pairs)


def members(tree: Tree, paths: Iterable[tuple[bytes, int]]) -> Iterator[Member]:
    """Yield paths of the merged tree (each with its global entry) as members, in order; hard links after all others.

    The first name of an inode that is written holds its content, the others are links to it. Directories that no
    layer describes are left out unless they are empty: whoever unpacks what is in them makes them, as before.
    """
    overlay = tree.overlay
    homes: dict[int, bytes] = {}
    links: list[Member] = []
    for path, entry in sorted(paths):
        if entry < 0 and overlay.tree.get(path):
            continue
        file = tree.row(path, entry)
        if entry < 0:
            yield Member(path, file)
            continue
        inode = overlay.inode(entry)
        if inode == NO_ENTRY:
            raise ImageError(f"{escape(public(path))} is a hard link to nothing, which no container can have")
        if overlay.kinds[entry] == HARDLINK or inode in overlay.home:
            if inode in homes:
                links.append(Member(path, file, None, homes[inode]))
                continue
            homes[inode] = path
            # Whichever name comes first is the file now; it shares its metadata with the others.
            file = tree.row(path, inode)._replace(type=_type(overlay, inode))
        kept = overlay.locate(inode) if file.type == "file" else None
        yield Member(path, file, kept)
    yield from links


def _type(overlay: Overlay, entry: int) -> str:
    from ..layer.index import TYPE_NAMES

    return TYPE_NAMES[overlay.kinds[entry]]


def whiteouts(below: Overlay, merged: Overlay) -> Iterator[tuple[bytes, bytes]]:
    """Yield (directory, name) of what the tree ``below`` has and ``merged`` has not, where its directory stays one."""
    for directory in sorted(below.tree):
        if directory and not _is_directory(merged, directory):
            continue
        now = merged.tree.get(directory, {})
        for name in sorted(below.tree[directory]):
            if name not in now and not merged.tree.get(join(directory, name)):
                yield directory, name


def _is_directory(overlay: Overlay, path: bytes) -> bool:
    entry = overlay.lookup(path)
    return entry is not None and (entry < 0 or overlay.kinds[entry] == DIRECTORY)
