"""dive's own way through an image, step by step: its trees, its stacking, its walk over the leaves.

This is for layers whose names dive takes otherwise than the rules do (names that lead through links or climb above the
root, bookkeeping of AUFS, whiteouts that name nothing). It costs time by the entry, several times what ``dive.figures``
needs, which is for all other images and must come to the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..layer.index import DIRECTORY, FILE, LayerIndex, Marker
from ..layer.names import WHITEOUT_PREFIX
from ..paths import join, split

IMPLIED = -1
# Names that dive never puts into a tree: opaque whiteouts begin so.
_LEFT_OUT = b".wh..wh.."

Names = dict[bytes, dict[bytes, int]]
Info = tuple[int, bool]
"""Bytes of a node, and whether it is a directory."""


@dataclass(slots=True)
class PathSizes:
    """What dive adds up of one path: sizes, the smallest (-1 before there is one), how often, and when twice."""

    size: int = 0
    least: int = -1
    count: int = 0
    second: int = -1


class Tree:
    """One layer's tree as dive builds it.

    ``names`` maps directories to names to numbers: an entry's own, ``IMPLIED``, or ``-2 - n`` for ``markers[n]``.
    """

    def __init__(self, index: LayerIndex) -> None:
        self.index = index
        self.markers = index.markers
        if not self.markers:
            # Indexes that were not scanned have none.
            self.markers = [Marker(join(d, WHITEOUT_PREFIX + name), FILE, 0, -1) for d, name in index.whiteouts]
        self.names: Names = index.children
        self._owned: set[bytes] = set()
        if index.written is not None:
            self.names = {directory: dict(names) for directory, names in index.written.items()}
            self._owned.update(self.names)
            for directory in index.written:
                self._add_directory(directory)
        elif self.markers:
            self.names = dict(index.children)
        for number, marker in enumerate(self.markers):
            self._add_marker(marker.name, -2 - number)

    def _own(self, directory: bytes) -> dict[bytes, int]:
        if directory not in self._owned:
            self.names[directory] = dict(self.names.get(directory, ()))
            self._owned.add(directory)
        return self.names[directory]

    def _add_directory(self, path: bytes) -> None:
        while path:
            directory, name = split(path)
            if name in self.names.get(directory, ()):
                return
            self._own(directory)[name] = IMPLIED
            path = directory

    def _add_marker(self, path: bytes, number: int) -> None:
        if not path:
            return
        parts = path.split(b"/")
        for position, part in enumerate(parts):
            if part.startswith(_LEFT_OUT):
                self._add_directory(b"/".join(parts[:position]))
                return
        directory, name = split(path)
        self._add_directory(directory)
        self._own(directory)[name] = number

    def info(self, number: int) -> Info:
        """Return a node's bytes, and whether dive takes it for a directory."""
        if number >= 0:
            index = self.index
            size = index.claims[number][1] if number in index.claims else index.sizes[number]
            return size, index.kinds[number] == DIRECTORY
        if number == IMPLIED:
            return 0, False
        marker = self.markers[-2 - number]
        return marker.size, marker.kind == DIRECTORY

    def visit(self) -> Iterator[tuple[bytes, bytes, int, bool]]:
        """Yield (directory, name, number, whether it is a leaf): names in order, what lies below before its parent."""
        names = self.names
        pending = [(b"", sorted(names.get(b"", ()), reverse=True))]
        while pending:
            directory, left = pending[-1]
            here = names.get(directory, {})
            while left:
                name = left.pop()
                path = join(directory, name)
                below = names.get(path)
                if below:
                    left.append(name)
                    pending.append((path, sorted(below, reverse=True)))
                    break
                yield directory, name, here[name], True
            else:
                pending.pop()
                if pending:
                    parent, siblings = pending[-1]
                    name = siblings.pop()
                    yield parent, name, names[parent][name], False


def _shown(directory: bytes, name: bytes) -> bytes:
    """Return the path that dive gives a node: a whiteout's is that of what it removes."""
    return b"/" + join(directory, name.removeprefix(WHITEOUT_PREFIX) if name.startswith(WHITEOUT_PREFIX) else name)


class _Stacked:
    """dive's stacked tree: nodes by path, names by directory."""

    def __init__(self, tree: Tree) -> None:
        self.names: dict[bytes, set[bytes]] = {directory: set(names) for directory, names in tree.names.items()}
        self.nodes: dict[bytes, Info] = {
            join(directory, name): tree.info(number)
            for directory, names in tree.names.items()
            for name, number in names.items()
        }
        # Sizes of paths with all below them, until the tree changes: whiteouts may name what lies in each other.
        self._sizes: dict[bytes, int] = {}

    @staticmethod
    def _key(path: bytes) -> bytes:
        return b"/".join(part for part in path.split(b"/") if part)

    def below(self, path: bytes) -> list[bytes]:
        """Return a path and all that lies below it."""
        found, pending = [], [path]
        while pending:
            here = pending.pop()
            found.append(here)
            pending.extend(join(here, name) for name in self.names.get(here, ()))
        return found

    def size(self, path: bytes) -> int | None:
        """Return what removing a path takes away, for dive; ``None`` where there is no such path."""
        key = self._key(path)
        if not key:
            return 0
        if key not in self.nodes:
            return None
        if not self.nodes[key][1]:
            return 0
        if key not in self._sizes:
            below = [key]
            for here in below:
                inner = (join(here, name) for name in self.names.get(here, ()))
                below += [inside for inside in inner if inside not in self._sizes]
            # What lies deepest comes last.
            for here in reversed(below):
                own = self.nodes[here][0]
                self._sizes[here] = own + sum(self._sizes[join(here, name)] for name in self.names.get(here, ()))
        return self._sizes[key]

    def add(self, path: bytes, info: Info) -> None:
        parts: list[bytes] = []
        for part in path.split(b"/"):
            if part == b"..":
                del parts[-1:]
            elif part and part != b".":
                parts.append(part)
        self._sizes.clear()
        whole = here = b"/".join(parts)
        # Where a node is, those above it are too.
        while here and here not in self.nodes:
            directory, name = split(here)
            self.names.setdefault(directory, set()).add(name)
            self.nodes[here] = (0, False)
            here = directory
        if whole:
            self.nodes[whole] = info

    def remove(self, path: bytes) -> None:
        self._sizes.clear()
        key = self._key(path)
        if key in self.nodes:
            for inner in self.below(key):
                self.names.pop(inner, None)
                del self.nodes[inner]
            directory, name = split(key)
            self.names[directory].discard(name)

    def stack(self, tree: Tree) -> None:
        for directory, name, number, _ in tree.visit():
            path = _shown(directory, name)
            if name.startswith(WHITEOUT_PREFIX):
                self.remove(path)
            else:
                self.add(path, tree.info(number))


def walk(layers: Sequence[LayerIndex]) -> dict[bytes, PathSizes]:
    """Return all paths that dive meets as leaves, or looks for in vain, with their sizes added up."""
    seen: dict[bytes, PathSizes] = {}
    trees = [Tree(layer) for layer in layers]
    stacked = _Stacked(trees[0]) if trees else None
    # Stacking is put off until a whiteout asks for it.
    done = 0
    met = 0
    for number, tree in enumerate(trees):
        for directory, name, node, leaf in tree.visit():
            if not leaf:
                continue
            path = _shown(directory, name)
            data = seen.setdefault(path, PathSizes())
            size: int | None = tree.info(node)[0]
            if name.startswith(WHITEOUT_PREFIX):
                assert stacked is not None
                for below in trees[done:number]:
                    stacked.stack(below)
                done = number
                size = stacked.size(path)
                if size is None:
                    break
            assert size is not None
            met += 1
            data.size += size
            data.least = size if data.least < 0 else min(data.least, size)
            data.count += 1
            if data.count == 2:
                data.second = met
    return seen
