"""The tree as it is at one layer, beside the tree at another: what the file pane shows."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from functools import cached_property
from itertools import accumulate

from ...layer.index import FILE, HARDLINK
from ...overlay.merge import NO_ENTRY
from .marks import Mark
from .paths import Paths

# Views are some 3 MB each at 150,000 paths.
_KEPT = 6
NOTHING = -1
"""The tree below the first layer: empty."""


class View:
    """The merged tree up to ``layer``, each path marked by how it stands to the tree up to ``base``.

    Columns are addressed by node: ``entries`` are global entries of the tree, ``before`` those of the base's
    (``paths.absent`` where there is none), ``marks`` are ``Mark`` bytes.
    """

    def __init__(self, paths: Paths, base: int, layer: int, before: array[int], entries: array[int]) -> None:
        """Hold the columns; ``marks`` is to be filled in by the maker."""
        self.paths = paths
        self.base = base
        self.layer = layer
        self.before = before
        self.entries = entries
        self.marks = bytearray(map(paths.absent.__ne__, entries))

    @cached_property
    def sizes(self) -> array[int]:
        """Content bytes as prefix sums: those at and below node ``n`` are ``sizes[end[n]] - sizes[n]``."""
        return self._sums(self.entries)

    @cached_property
    def sizes_before(self) -> array[int]:
        """The same of the base's tree."""
        return self._sums(self.before)

    def _sums(self, entries: array[int]) -> array[int]:
        sizes = map(self.paths.overlay.sizes.__getitem__, entries)
        promoted = self._promoted(entries)
        if promoted:
            column = list(sizes)
            for node, size in promoted:
                column[node] = size
            return array("q", accumulate(column, initial=0))
        return array("q", accumulate(sizes, initial=0))

    def _promoted(self, entries: array[int]) -> list[tuple[int, int]]:
        """Return (node, size) of hard links that are the first name left of an inode: they hold its bytes now."""
        paths, overlay = self.paths, self.paths.overlay
        if not paths.links:
            return []
        alive: set[int] = set()
        first: dict[int, int] = {}
        for node, entry, inode in paths.links:
            if entries[node] == entry:
                if entry == inode:
                    alive.add(inode)
                else:
                    first.setdefault(inode, node)
        return [(node, overlay.sizes[inode]) for inode, node in first.items() if inode not in alive]

    def size(self, node: int) -> int:
        """Return the content bytes at and below a node; for one that is removed, those that it had."""
        sums = self.sizes_before if self.marks[node] == Mark.REMOVED else self.sizes
        return sums[self.paths.end[node]] - sums[node]

    def own_size(self, node: int) -> int:
        """Return the content bytes of a node's own entry."""
        sums = self.sizes_before if self.marks[node] == Mark.REMOVED else self.sizes
        return sums[node + 1] - sums[node]

    def entry(self, node: int) -> int:
        """Return the global entry that a row shows: the tree's, or the base's where it is removed."""
        return self.before[node] if self.marks[node] == Mark.REMOVED else self.entries[node]


class Views:
    """Makes views, and keeps the last few."""

    def __init__(self, paths: Paths) -> None:
        """Make views of ``paths``; nothing is built yet."""
        self.paths = paths
        self._made: OrderedDict[tuple[int, int], View] = OrderedDict()

    def get(self, base: int, layer: int) -> View:
        """Return the tree up to ``layer`` beside that up to ``base`` (``NOTHING``: an empty one)."""
        key = base, layer
        view = self._made.get(key)
        if view is None:
            view = self._made[key] = self._make(base, layer)
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(key)
        return view

    def _make(self, base: int, layer: int) -> View:
        paths = self.paths
        entries = array("i", [paths.absent]) * len(paths)
        before = entries
        for number in range(layer + 1):
            if number == base + 1:
                before = entries[:]
            self._apply(number, entries)
        if base >= layer:
            before = entries
        view = View(paths, base, layer, before, entries)
        if base == NOTHING:
            view.marks = view.marks.translate(bytes([Mark.ABSENT, Mark.ADDED]) + bytes(254))
        elif base == layer - 1:
            self._mark_layer(view)
        else:
            self._mark_range(view)
        return view

    def _apply(self, number: int, entries: array[int]) -> None:
        paths, delta = self.paths, self.paths.deltas[number]
        absent, kinds, directory = paths.absent, paths.overlay.kinds, paths.overlay.kinds[-1]
        for node in delta.gone:
            entries[node] = absent
        for node, entry in zip(delta.nodes, delta.entries, strict=True):
            entries[node] = entry
        for node in delta.implied:
            # What lower layers say of a directory stays where this one only implies it.
            if entries[node] == absent or kinds[entries[node]] != directory:
                entries[node] = -number - 1

    def _mark_layer(self, view: View) -> None:
        """Mark what one layer did to the tree just below it."""
        delta, marks, before = self.paths.deltas[view.layer], view.marks, view.before
        absent, added = self.paths.absent, int(Mark.ADDED)
        for node in delta.nodes:
            marks[node] = added
        for node in delta.implied:
            if before[node] == absent:
                marks[node] = added
        for node, mark in zip(delta.marked, delta.marks, strict=True):
            marks[node] = mark

    def _mark_range(self, view: View) -> None:
        """Mark what several layers did together."""
        absent, marks = self.paths.absent, view.marks
        worst: dict[int, int] = {}
        severity = (0, 0, 9, 8, 2, 1, 9)
        for number in range(view.base + 1, view.layer + 1):
            delta = self.paths.deltas[number]
            seen = dict(zip(delta.marked, delta.marks, strict=True))
            for node in (*delta.nodes, *delta.implied, *delta.gone):
                mark = seen.get(node, Mark.ADDED)
                if node not in worst or severity[mark] > severity[worst[node]]:
                    worst[node] = mark
        for node, mark in worst.items():
            old, new = view.before[node], view.entries[node]
            if old == absent or new == absent:
                marks[node] = Mark.ABSENT if old == new else Mark.ADDED if old == absent else Mark.REMOVED
            elif old == new:
                marks[node] = Mark.UNCHANGED
            elif mark in (Mark.METADATA_ONLY, Mark.REWRITTEN, Mark.UNCHANGED):
                marks[node] = mark
            else:
                marks[node] = self._judge(old, new)

    def _judge(self, old: int, new: int) -> Mark:
        """Compare two entries as far as the indexes tell: content only by fingerprints that scans took."""
        overlay = self.paths.overlay
        kinds = overlay.kinds
        a, b = overlay.inode(old), overlay.inode(new)
        if NO_ENTRY in (a, b) or kinds[a] != kinds[b] or overlay.sizes[a] != overlay.sizes[b]:
            return Mark.MODIFIED
        kind = kinds[a]
        (layer_a, own_a), (layer_b, own_b) = overlay.locate(a), overlay.locate(b)
        if a < 0 or b < 0:
            return Mark.UNCHANGED
        index_a, index_b = overlay.layers[layer_a], overlay.layers[layer_b]
        if kind == FILE:
            prints = index_a.fingerprint(own_a), index_b.fingerprint(own_b)
            if overlay.sizes[a] and (None in prints or prints[0] != prints[1]):
                return Mark.MODIFIED
        elif index_a.links.get(own_a) != index_b.links.get(own_b) or index_a.devices.get(own_a) != index_b.devices.get(
            own_b
        ):
            return Mark.MODIFIED
        same = index_a.meta_table[index_a.metas[own_a]] == index_b.meta_table[index_b.metas[own_b]]
        if kind not in (FILE, HARDLINK):
            return Mark.UNCHANGED if same else Mark.METADATA_ONLY
        same = same and index_a.mtimes[own_a] == index_b.mtimes[own_b]
        return Mark.REWRITTEN if same else Mark.METADATA_ONLY
