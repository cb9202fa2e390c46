"""A tree of paths as columns: every path is a number, its place in the preorder, names sorted by their bytes.

Nothing is a Python object per path but the name, which the layers' indexes own already; work is done a directory at a
time.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from itertools import compress
from operator import lt, sub

from ...paths import join, split

Holders = dict[bytes, list[tuple[int, dict[bytes, int]]]]
"""For each directory, those that hold names in it (layers, or images), and these names with their entries."""


class Columns:
    """The union of some trees as preorder columns, addressed by node.

    ``end[n]`` is the first node after the subtree of ``n``; ``parent[n]`` is -1 for a name in the root;
    ``name_ids[n]`` is the number of the node's name in ``names`` (distinct names, bytes).
    """

    def __init__(self) -> None:
        """Start without paths; ``lay_out`` puts them there."""
        self.parent = array("i")
        self.end = array("i")
        self.depth = array("H")
        self.names: list[bytes] = []
        self.name_ids = array("I")

    def __len__(self) -> int:
        """Return the number of nodes."""
        return len(self.end)

    # -- building ----------------------------------------------------------------------------------------

    def lay_out(self, holders: Holders) -> None:
        """Give every path of ``holders`` its node; ``record`` is told of each directory."""
        subdirectories: dict[bytes, list[bytes]] = {}
        for directory in holders:
            if directory:
                above, name = split(directory)
                subdirectories.setdefault(above, []).append(name)
        ids: dict[bytes, int] = {}
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
            self.record(frame.path, frame.nodes, holders[frame.path])
        self.names = list(ids)

    def record(self, path: bytes, nodes: dict[bytes, int], held: list[tuple[int, dict[bytes, int]]]) -> None:
        """Take in one directory: its names' nodes, and who holds which of them."""
        raise NotImplementedError

    def _frame(
        self,
        path: bytes,
        node: int,
        holders: Holders,
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

    # -- reading -----------------------------------------------------------------------------------------

    @cached_property
    def folders(self) -> bytearray:
        """A byte for each node: 1 where something lies below it."""
        return bytearray(map(lt, range(1, len(self.end) + 1), self.end))

    @cached_property
    def folder_nodes(self) -> array[int]:
        """The nodes below which something lies."""
        return array("i", compress(range(len(self.end)), self.folders))

    @cached_property
    def folder_starts(self) -> array[int]:
        """The first node in each of ``folder_nodes``."""
        return array("i", map((1).__add__, self.folder_nodes))

    @cached_property
    def folder_stops(self) -> array[int]:
        """The first node after each of ``folder_nodes`` and all that lies in it."""
        return array("i", compress(self.end, self.folders))

    def below(self, own: array[int], sums: array[int]) -> array[int]:
        """Return what each node has with all that lies in it: files their own, of folders prefix sums tell it."""
        found = own[:]
        nodes = self.folder_nodes
        held = map(sub, map(sums.__getitem__, self.folder_stops), map(sums.__getitem__, nodes))
        for node, sum_ in zip(nodes, held, strict=True):
            found[node] = sum_
        return found

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
