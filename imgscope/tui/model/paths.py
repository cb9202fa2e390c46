"""All paths that any layer ever held, once, in preorder; and what each layer does to them.

A path is a *node*: its number in the preorder of the union of all layers' trees, names sorted by their bytes. So a
node stands for the same path in every layer, an open folder stays open when another layer is looked at, and all that
varies from layer to layer is a column of entries. Work is done a directory at a time; nothing is a Python object per
path but the name, which the layers' indexes own already.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, groupby

from ...analysis import Body
from ...layer.index import DIRECTORY
from ...layer.names import split
from ...overlay.changes import COVERED, GONE, METADATA_ONLY, MODIFIED, REWRITTEN, UNCHANGED
from ...overlay.merge import NO_ENTRY, join
from .marks import Mark

_MARKS = {
    MODIFIED: Mark.MODIFIED,
    METADATA_ONLY: Mark.METADATA_ONLY,
    REWRITTEN: Mark.REWRITTEN,
    GONE: Mark.REMOVED,
    COVERED: Mark.REMOVED,
    UNCHANGED: Mark.UNCHANGED,
}
NOWHERE = -2
"""Instead of an entry number: a name that no tree ever shows."""

_Holders = dict[bytes, list[tuple[int, dict[bytes, int]]]]
"""For each directory, the layers that hold names in it, and these names."""


@dataclass(slots=True)
class Delta:
    """What one layer does: columns side by side, in no order that matters."""

    nodes: array[int] = field(default_factory=lambda: array("i"))
    """Nodes that get an entry of this layer."""
    entries: array[int] = field(default_factory=lambda: array("i"))
    """That global entry."""
    implied: array[int] = field(default_factory=lambda: array("i"))
    """Nodes of directories that the layer only implies: they count where no directory is yet."""
    gone: array[int] = field(default_factory=lambda: array("i"))
    """Nodes that the layer takes out of the tree."""
    marked: array[int] = field(default_factory=lambda: array("i"))
    """Nodes that were there before and are gone or replaced."""
    marks: bytearray = field(default_factory=bytearray)
    """How, a ``Mark`` for each of ``marked``."""


class Paths:
    """The union of all layers' paths as preorder columns, addressed by node.

    ``end[n]`` is the first node after the subtree of ``n``; ``parent[n]`` is -1 for a name in the root;
    ``name_ids[n]`` is the number of the node's name in ``names`` (distinct names, bytes); ``copies[n]`` counts the
    layers that hold an entry there (up to 255). ``wasted`` are bytes over the whole image, as prefix sums: the
    bytes below and at ``n`` are ``wasted[end[n]] - wasted[n]``.
    """

    def __init__(self, body: Body) -> None:
        """Lay out every path of ``body``; some 150 ms for 150,000 paths."""
        self.body = body
        self.overlay = overlay = body.overlay
        # The columns' tail has a directory of size 0 for each layer's implied directories, and one spare: absent.
        self.absent = -(len(overlay.layers) + 1)
        self.parent = array("i")
        self.end = array("i")
        self.depth = array("H")
        self.names: list[bytes] = []
        self.name_ids = array("I")
        self.deltas = [Delta() for _ in overlay.layers]
        self._lay_out()
        self.copies = bytearray(len(self.end))
        self._count_copies()
        self.links = self._hard_links()

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.end)

    # -- building ----------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        overlay = self.overlay
        holders: _Holders = {}
        for number, index in enumerate(overlay.layers):
            for directory, names in index.children.items():
                if names:
                    holders.setdefault(directory, []).append((number, names))
        self._hold_repeated(holders)
        subdirectories: dict[bytes, list[bytes]] = {}
        for directory in holders:
            if directory:
                above, name = split(directory)
                subdirectories.setdefault(above, []).append(name)
        hidden = overlay.hidden
        rows_of: dict[bytes, list[int]] = {}
        for directory, rows in groupby(range(len(hidden)), hidden.directories.__getitem__):
            rows_of.setdefault(directory, []).extend(rows)
        ids: dict[bytes, int] = {}
        elsewhere: list[tuple[bytes, int]] = []
        lost: dict[int, int] = {}
        # One frame for each directory under way: its path, its node, its names in order, those of them that are
        # directories, how many names and directories are done, and the nodes of its names.
        stack = [self._frame(b"", -1, holders, subdirectories)]
        while stack:
            frame = stack[-1]
            stop = bisect_left(frame.names, frame.folders[frame.folder]) if frame.folder < len(frame.folders) else None
            leaves = frame.names[frame.name : stop]
            if leaves:
                self._append(leaves, frame, len(stack) - 1, ids)
            if stop is not None:
                name = frame.folders[frame.folder]
                frame.name, frame.folder = stop + 1, frame.folder + 1
                self._append([name], frame, len(stack) - 1, ids)
                stack.append(self._frame(join(frame.path, name), len(self.end) - 1, holders, subdirectories))
                continue
            stack.pop()
            if frame.node >= 0:
                self.end[frame.node] = len(self.end)
            self._record(frame, holders[frame.path], rows_of.get(frame.path, ()), elsewhere, lost)
        self.names = list(ids)
        for path, size in elsewhere:
            node = self.find(path)
            lost[node] = lost.get(node, 0) + size
        self.waste_of = lost
        column = array("q", bytes(8 * len(self.end)))
        for node, size in lost.items():
            column[node] = size
        self.wasted = array("q", accumulate(column, initial=0))

    def _hold_repeated(self, holders: _Holders) -> None:
        """Give a place to what a layer held only until it replaced it itself: no tree shows it, but it wastes bytes."""
        for number, index in enumerate(self.overlay.layers):
            for path in [join(directory, name) for directory, name, _ in index.repeated]:
                while path:
                    directory, name = split(path)
                    held = holders.setdefault(directory, [])
                    if any(name in names for _, names in held):
                        break
                    held.append((number, {name: NOWHERE}))
                    path = directory

    def _frame(
        self,
        path: bytes,
        node: int,
        holders: _Holders,
        subdirectories: dict[bytes, list[bytes]],
    ) -> _Frame:
        held = holders.setdefault(path, [])
        names = held[0][1] if len(held) == 1 else {name: 0 for _, some in held for name in some}
        return _Frame(path, node, sorted(names), sorted(subdirectories.get(path, ())))

    def _append(self, names: list[bytes], frame: _Frame, depth: int, ids: dict[bytes, int]) -> None:
        """Give nodes to names of one directory that follow each other."""
        first, count = len(self.end), len(names)
        self.parent.extend(array("i", [frame.node]) * count)
        self.depth.extend(array("H", [min(depth, 0xFFFF)]) * count)
        self.end.extend(range(first + 1, first + count + 1))
        self.name_ids.extend([ids.setdefault(name, len(ids)) for name in names])
        frame.nodes.update(zip(names, range(first, first + count), strict=True))

    def _record(
        self,
        frame: _Frame,
        held: list[tuple[int, dict[bytes, int]]],
        rows: list[int] | tuple[()],
        elsewhere: list[tuple[bytes, int]],
        lost: dict[int, int],
    ) -> None:
        """Note what the layers do to the names of one directory."""
        overlay, node_of = self.overlay, frame.nodes
        for number, names in held:
            delta, first = self.deltas[number], overlay.first[number]
            if NOWHERE in names.values():
                continue
            if min(names.values()) >= 0:
                delta.nodes.extend(map(node_of.__getitem__, names))
                delta.entries.extend([own + first for own in names.values()] if first else names.values())
                continue
            for name, own in names.items():
                if own < 0:
                    delta.implied.append(node_of[name])
                else:
                    delta.nodes.append(node_of[name])
                    delta.entries.append(own + first)
        hidden, kinds, judged = overlay.hidden, overlay.kinds, self.body.comparison.kinds
        for row in rows:
            node = node_of[hidden.names[row]]
            size = hidden.wasted[row]
            if size:
                if overlay.home and (path := overlay.waste_path(row)) != hidden.path(row):
                    elsewhere.append((path, size))
                else:
                    lost[node] = lost.get(node, 0) + size
            mark = _MARKS.get(judged[row])
            if mark is None:
                continue
            delta = self.deltas[hidden.by[row]]
            if mark is Mark.REMOVED:
                delta.gone.append(node)
            elif hidden.replaced_by[row] < 0:
                # A directory that nothing describes took the place, whatever was there.
                delta.nodes.append(node)
                delta.entries.append(hidden.replaced_by[row])
            elif mark is Mark.REWRITTEN and kinds[hidden.entries[row]] == DIRECTORY:
                # A directory with another time alone: any write into it does that, so it is no news.
                mark = Mark.UNCHANGED
            delta.marked.append(node)
            delta.marks.append(mark)

    def _count_copies(self) -> None:
        copies = self.copies
        for delta in self.deltas:
            for node, entry in zip(delta.nodes, delta.entries, strict=True):
                if entry >= 0 and copies[node] < 255:
                    copies[node] += 1

    def _hard_links(self) -> list[tuple[int, int, int]]:
        """Return (node, entry, inode) of every name of an inode that has several, the inode's own included."""
        overlay = self.overlay
        if not overlay.names_alive:
            return []
        shared = overlay.names_alive
        found: list[tuple[int, int, int]] = []
        for delta in self.deltas:
            for node, entry in zip(delta.nodes, delta.entries, strict=True):
                inode = overlay.inode(entry)
                if inode != NO_ENTRY and inode in shared:
                    found.append((node, entry, inode))
        found.sort()
        return found

    # -- reading -----------------------------------------------------------------------------------------

    def name(self, node: int) -> bytes:
        """Return a node's name."""
        return self.names[self.name_ids[node]]

    def path(self, node: int) -> bytes:
        """Return a node's path, relative; ``b""`` for -1, the root."""
        parts: list[bytes] = []
        while node >= 0:
            parts.append(self.name(node))
            node = self.parent[node]
        return b"/".join(reversed(parts))

    def ancestors(self, node: int) -> Iterator[int]:
        """Yield the directories above a node, the nearest first; the root is not among them."""
        node = self.parent[node]
        while node >= 0:
            yield node
            node = self.parent[node]

    def find(self, path: bytes) -> int:
        """Return the node of a path, or -1."""
        here, stop, node = 0, len(self.end), -1
        for part in path.split(b"/") if path else ():
            while here < stop and self.name(here) != part:
                here = self.end[here]
            if here >= stop:
                return -1
            node, stop = here, self.end[here]
            here += 1
        return node

    def holding(self, node: int) -> list[int]:
        """Return the layers that hold an entry at a node, ascending."""
        directory, name = split(self.path(node))
        found = []
        for number, index in enumerate(self.overlay.layers):
            own = index.children.get(directory, {}).get(name)
            if own is not None and own >= 0:
                found.append(number)
        return found


class _Frame:
    """A directory under way while the columns are laid out."""

    __slots__ = ("folder", "folders", "name", "names", "node", "nodes", "path")

    def __init__(self, path: bytes, node: int, names: list[bytes], folders: list[bytes]) -> None:
        self.path = path
        self.node = node
        self.names = names
        self.folders = folders
        self.name = 0
        self.folder = 0
        self.nodes: dict[bytes, int] = {}
