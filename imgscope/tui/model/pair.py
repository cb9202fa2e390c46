"""The merged trees of two images side by side, as columns: what the view of a difference shows."""

from __future__ import annotations

from array import array
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING

from ...differences.files import ADDED, CHANGED, METADATA, MOVED, REMOVED, TIMES, TYPE_CHANGED, UNREAD
from ...paths import split
from .bits import Part, both, differences, either
from .columns import Columns, Holders
from .marks import Mark
from .terms import Terms

if TYPE_CHECKING:
    from ...differences.files import Row, Side
    from ...differences.rows import FileDifferences

_MARKS = {
    ADDED: Mark.ADDED,
    REMOVED: Mark.REMOVED,
    CHANGED: Mark.MODIFIED,
    TYPE_CHANGED: Mark.TYPE_CHANGED,
    MOVED: Mark.MOVED,
    METADATA: Mark.METADATA_ONLY,
    TIMES: Mark.METADATA_ONLY,
    UNREAD: Mark.UNREAD,
}
_OLD, _NEW = 0, 1


class PairPaths(Columns):
    """The union of two images' merged trees.

    ``before`` and ``after`` are the nodes' global entries in OLD and in NEW, ``absent[0]`` and ``absent[1]`` where
    there are none. ``row_of`` maps nodes that differ to their row of the difference; one that moved is found at both
    its paths.
    """

    def __init__(self, files: FileDifferences, *, whole: bool = True) -> None:
        """Lay out both trees, or (``whole=False``) what ``files`` has alone, and the folders above that."""
        super().__init__()
        self.files = files
        self.sides: tuple[Side, Side] = (files.old, files.new)
        self.whole = whole
        self.absent = tuple(-(len(side.overlay.layers) + 1) for side in self.sides)
        self._columns = (array("i"), array("i"))
        holders: Holders = {}
        for number, side in enumerate(self.sides):
            for directory, names in side.overlay.tree.items():
                if names:
                    holders.setdefault(directory, []).append((number, names))
        self.row_of: dict[int, Row] = {}
        self._rows_in: dict[bytes, list[tuple[bytes, Row]]] = {}
        for row in files.rows:
            self._rows_in.setdefault(row.directory, []).append((row.name, row))
            if row.path_before is not None:
                directory, name = split(row.path_before)
                self._rows_in.setdefault(directory, []).append((name, row))
        self.lay_out(holders)
        self.before, self.after = self._columns
        self._rows_in = {}

    def record(self, path: bytes, nodes: dict[bytes, int], held: list[tuple[int, dict[bytes, int]]]) -> None:
        """Note the entries of one directory."""
        for column, absent in zip(self._columns, self.absent, strict=True):
            missing = len(self.end) - len(column)
            if missing > 0:
                column.extend(array("i", [absent]) * missing)
        for number, names in held:
            column = self._columns[number]
            for name, entry in names.items():
                column[nodes[name]] = entry
        for name, row in self._rows_in.get(path, ()):
            self.row_of[nodes[name]] = row


class PairView:
    """Two trees, each path marked by how it differs. Columns are addressed by node."""

    def __init__(self, paths: PairPaths) -> None:
        """Judge nothing anew: marks are the difference's own."""
        self.paths = paths
        self.ends: bytearray | None = None
        self.orders: dict[str, array[int]] = {}
        self.marks = self._marks()
        self.sizes_before = self._sums(_OLD, paths.before)
        self.sizes_after = self._sums(_NEW, paths.after)
        self.deltas = array("q", map(sub, self.sizes_after, self.sizes_before))

    def _marks(self) -> bytearray:
        paths = self.paths
        if paths.whole:
            marks = bytearray([Mark.UNCHANGED]) * len(paths)
        else:
            # What the filter leaves out is not told to be the same: it is not shown.
            marks = bytearray(len(paths))
            for node in paths.row_of:
                for above in paths.ancestors(node):
                    if marks[above]:
                        break
                    marks[above] = Mark.UNCHANGED
        for node, row in paths.row_of.items():
            marks[node] = _MARKS[row.kind]
        return marks

    def _sums(self, number: int, entries: array[int]) -> array[int]:
        side = self.paths.sides[number]
        sizes = list(map(side.overlay.sizes.__getitem__, entries))
        if side.promoted:
            for node, entry in enumerate(entries):
                if entry in side.promoted:
                    sizes[node] = side.size(entry)
        if not self.paths.whole:
            sizes = [size if node in self.paths.row_of else 0 for node, size in enumerate(sizes)]
        return array("q", accumulate(sizes, initial=0))

    def sums(self, sort: str) -> array[int]:
        """Return what the trees are sorted by (``delta`` or ``size``) as prefix sums."""
        return self.deltas if sort == "delta" else self.sizes_after

    def keys(self, sort: str, part: Part | None = None) -> array[int]:
        """Return what each node is sorted by: how much it changed, or the larger of its sizes; of ``part`` alone."""
        below: list[array[int]] = []
        for sums in [self.deltas] if sort == "delta" else [self.sizes_before, self.sizes_after]:
            own = differences(sums)
            below.append(self.paths.below(own, sums if part is None else part.prefix(own)))
        return array("q", map(abs, below[0]) if sort == "delta" else map(max, *below))

    def where(self, terms: Terms) -> bytearray:
        """Return a byte for each node: 1 where ``terms`` hold for NEW's entry, or for OLD's where NEW has none."""
        paths = self.paths
        columns = [terms.column(side.overlay) for side in paths.sides]
        found = bytearray(map(columns[_NEW].__getitem__, paths.after))
        missing = bytearray(map(paths.absent[_NEW].__eq__, paths.after))
        return either(found, both(missing, bytes(map(columns[_OLD].__getitem__, paths.before))))

    def both_sizes(self, node: int, part: Part | None = None) -> tuple[int, int]:
        """Return the content bytes at and below a node, in OLD and in NEW; with ``part`` of those nodes alone."""
        end = self.paths.end[node]
        before, after = self.sizes_before, self.sizes_after
        if part is not None:
            return part.held(before, node, end), part.held(after, node, end)
        return before[end] - before[node], after[end] - after[node]

    def size(self, node: int, part: Part | None = None) -> int:
        """Return the content bytes at and below a node in NEW, or in OLD where NEW does not have it."""
        before, after = self.both_sizes(node, part)
        return after if self.has(node)[1] else before

    def has(self, node: int) -> tuple[bool, bool]:
        """Tell whether OLD and NEW have a node."""
        paths = self.paths
        return paths.before[node] != paths.absent[_OLD], paths.after[node] != paths.absent[_NEW]

    def entry(self, node: int) -> int:
        """Return NEW's global entry of a node, or OLD's where NEW does not have it."""
        return self.paths.after[node] if self.has(node)[1] else self.paths.before[node]

    def shown_side(self, node: int) -> Side:
        """Return the image that ``entry`` belongs to."""
        return self.paths.sides[_NEW if self.has(node)[1] else _OLD]
