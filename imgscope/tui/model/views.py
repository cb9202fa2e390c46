"""The tree as it is at one layer, beside the tree at another: what the file pane shows."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from functools import cached_property
from itertools import accumulate
from operator import ne
from threading import Lock

from ...layer.index import DIRECTORY, FILE, HARDLINK
from ...overlay.changes import WHAT_IT_IS
from ...overlay.compare import Entries, compare_entries
from .bits import Part, both, differences, either
from .marks import Mark, table
from .paths import Paths
from .terms import Terms
from .without import Without

# Views are some 2 MB each at 150,000 paths.
_KEPT = 6
# Bytes of the trees that are laid down.
_ROOM = 16 << 20
NOTHING = -1
"""The tree below the first layer: empty."""

# Of a path in a range of layers: 1 there before, 2 there now, 4 another entry. Both, by other entries: to be judged.
_TO_JUDGE = 255
_IN_RANGE = bytes(
    [Mark.ABSENT, Mark.REMOVED, Mark.ADDED, Mark.UNCHANGED, Mark.ABSENT, Mark.REMOVED, Mark.ADDED, _TO_JUDGE]
) + bytes(248)
# By mark: of several changes to a path the most severe counts. What is more than metadata is judged by what is known.
_SEVERITY = (0, 0, 9, 8, 2, 1, 9)


class View:
    """The merged tree up to ``layer``, each path marked by how it stands to the tree up to ``base``.

    Columns are addressed by node: ``entries`` are global entries of the tree, ``before`` those of the base's
    (``paths.absent`` where there is none), ``marks`` are ``Mark`` bytes.
    """

    def __init__(
        self,
        paths: Paths,
        base: int,
        layer: int,
        before: array[int],
        entries: array[int],
        without: Without | None = None,
    ) -> None:
        """Hold the columns; ``marks`` is filled in by the maker. ``without`` is what the image lacks."""
        self.paths = paths
        self.without = without
        self._sizes_of = paths.overlay.sizes if without is None else without.sizes
        self.base = base
        self.layer = layer
        self.before = before
        self.entries = entries
        self.marks = bytearray(map(paths.absent.__ne__, entries))
        self.orders: dict[str, array[int]] = {}
        self._own: dict[str, array[int]] = {}
        self.ends: bytearray | None = None
        self.last: array[int] | None = None
        """Where what is dead is shown too: the entry that was stored last at each node."""

    @cached_property
    def sizes(self) -> array[int]:
        """Content bytes as prefix sums: those at and below node ``n`` are ``sizes[end[n]] - sizes[n]``."""
        return self._sums(self.entries)

    @cached_property
    def sizes_before(self) -> array[int]:
        """The same of the base's tree."""
        return self._sums(self.before)

    def _sums(self, entries: array[int]) -> array[int]:
        sizes = map(self._sizes_of.__getitem__, entries)
        promoted = self._promoted(entries)
        if promoted:
            column = list(sizes)
            for node, size in promoted:
                column[node] = size
            return array("q", accumulate(column, initial=0))
        return array("q", accumulate(sizes, initial=0))

    def _promoted(self, entries: array[int]) -> list[tuple[int, int]]:
        """Return (node, size) of hard links that are the first name left of an inode: they hold its bytes now."""
        paths, sizes = self.paths, self._sizes_of
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
        return [(node, sizes[inode]) for inode, node in first.items() if inode not in alive]

    def sums(self, sort: str) -> array[int]:
        """Return what the tree is sorted by (``size`` or ``wasted``) as prefix sums."""
        return self.all_wasted if sort == "wasted" else self.sizes

    @property
    def all_wasted(self) -> array[int]:
        """Wasted bytes over the whole image, as prefix sums."""
        return self.paths.wasted if self.without is None else self.without.wasted

    def keys(self, sort: str, part: Part | None = None) -> array[int]:
        """Return what each node is sorted by: bytes at and below it, or those of ``part`` of that.

        With ``part`` nothing is told of files that are no part of it.
        """
        sums, end = self.sums(sort), self.paths.end
        if sort not in self._own:
            self._own[sort] = differences(sums)
        own = self._own[sort]
        keys = self.paths.below(own, sums if part is None else part.prefix(own))
        node = self.marks.find(Mark.REMOVED) if sort == "size" else -1
        before = self.sizes_before if node >= 0 else sums
        while node >= 0:
            stop = end[node]
            if part is None or stop == node + 1:
                keys[node] = before[stop] - before[node]
            else:
                keys[node] = part.held(before, node, stop)
            node = self.marks.find(Mark.REMOVED, node + 1)
        return keys

    def size(self, node: int, part: Part | None = None) -> int:
        """Return the content bytes at and below a node, or of ``part`` of that; of a removed one, those that it had."""
        sums, end = self.sizes_before if self.marks[node] == Mark.REMOVED else self.sizes, self.paths.end[node]
        return sums[end] - sums[node] if part is None else part.held(sums, node, end)

    def wasted(self, node: int, part: Part | None = None) -> int:
        """Return the wasted bytes at and below a node, over the whole image, or of ``part`` of that."""
        sums, end = self.all_wasted, self.paths.end[node]
        return sums[end] - sums[node] if part is None else part.held(sums, node, end)

    def where(self, terms: Terms) -> bytearray:
        """Return a byte for each node: 1 where ``terms`` hold for its entry, or for the one that is removed."""
        paths = self.paths
        column = terms.column(paths.overlay, paths.created)
        found = bytearray(map(column.__getitem__, self.entries))
        for node, size in self._promoted(self.entries):
            found[node] = terms.holds(paths.overlay, self.entries[node], size, paths.created)
        node = self.marks.find(Mark.REMOVED)
        while node >= 0:
            found[node] = column[self.before[node]]
            node = self.marks.find(Mark.REMOVED, node + 1)
        if self.last is not None:
            dead = self.marks.translate(table(Mark.DEAD))
            found = either(found, both(dead, bytes(map(column.__getitem__, self.last))))
        return found

    def own_size(self, node: int) -> int:
        """Return the content bytes of a node's own entry."""
        sums = self.sizes_before if self.marks[node] == Mark.REMOVED else self.sizes
        return sums[node + 1] - sums[node]

    def entry(self, node: int) -> int:
        """Return the global entry that a row shows: the tree's, the base's of a removed one, the last of a dead one."""
        mark = self.marks[node]
        if mark == Mark.DEAD and self.last is not None:
            return self.last[node]
        return self.before[node] if mark == Mark.REMOVED else self.entries[node]


class Views:
    """Makes views, and keeps the last few."""

    def __init__(self, paths: Paths, without: Without | None = None) -> None:
        """Make views of ``paths``: the trees of some layers are laid down, so that none is far from one of them.

        ``without`` is what the image is shown without.
        """
        self.paths = paths
        self.without = without
        self._compared = Entries(paths.overlay)
        self._made: OrderedDict[tuple[int, int], View] = OrderedDict()
        # Views are also made ahead, in another thread.
        self._lock = Lock()
        layers = len(paths.deltas)
        room = max(_ROOM // (4 * max(len(paths), 1)), 1)
        self._step = max(-(-layers // room), 1)
        entries = array("i", [paths.absent]) * len(paths)
        self._trees: dict[int, array[int]] = {NOTHING: entries[:]}
        for number in range(layers):
            self._apply(number, entries)
            if (number + 1) % self._step == 0:
                self._trees[number] = entries[:]

    def get(self, base: int, layer: int) -> View:
        """Return the tree up to ``layer`` beside that up to ``base`` (``NOTHING``: an empty one)."""
        key = base, layer
        with self._lock:
            view = self._made.get(key)
            if view is not None:
                self._made.move_to_end(key)
                return view
        view = self._make(base, layer)
        with self._lock:
            self._made[key] = view
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)
        return view

    def with_dead(self, view: View) -> View:
        """Return a view that also has what is dead: what layers stored there, and the tree shows no more."""
        paths = self.paths
        found = View(paths, view.base, view.layer, view.before, view.entries, self.without)
        found.last = last = self._stored(view.layer)
        stored = bytes(map(paths.absent.__ne__, last))
        dead = both(stored, view.marks.translate(table(Mark.ABSENT)))
        found.marks = either(view.marks, dead.translate(bytes([0, Mark.DEAD]) + bytes(254)))
        return found

    def _stored(self, layer: int) -> array[int]:
        """Return the last entry that any layer up to ``layer`` stored at each node, ``absent`` where none did."""
        absent, without = self.paths.absent, self.without
        last = array("i", [absent]) * len(self.paths)
        for number, delta in enumerate(self.paths.deltas[: layer + 1]):
            if without is not None and number in without.layers:
                continue
            for node in delta.implied:
                if last[node] == absent:
                    last[node] = -number - 1
            for node, entry in zip(delta.never, delta.never_entries, strict=True):
                last[node] = entry
            for node, entry in zip(delta.nodes, delta.entries, strict=True):
                if without is None or not without.gone[entry]:
                    last[node] = entry
        return last

    def make_ready(self, base: int, layer: int) -> None:
        """Make all of a view that will be wanted."""
        _ = self.get(base, layer).sizes

    def _tree(self, layer: int) -> array[int]:
        """Return the entries of the tree up to a layer; not to be changed."""
        below = layer - (layer + 1) % self._step
        tree = self._trees[below]
        if below < layer:
            tree = tree[:]
            for number in range(below + 1, layer + 1):
                self._apply(number, tree)
        return tree if self.without is None else self.without.stripped(tree)

    def _make(self, base: int, layer: int) -> View:
        view = View(self.paths, base, layer, self._tree(base), self._tree(layer), self.without)
        if base == NOTHING:
            view.marks = view.marks.translate(bytes([Mark.ABSENT, Mark.ADDED]) + bytes(254))
        elif base == layer - 1 and self.without is None:
            self._mark_layer(view)
        else:
            self._mark_range(view)
        return view

    def _apply(self, number: int, entries: array[int]) -> None:
        paths, delta = self.paths, self.paths.deltas[number]
        absent, kinds = paths.absent, paths.overlay.kinds
        if self.without is not None:
            self.without.apply(number, entries)
            return
        for node in delta.gone:
            entries[node] = absent
        for node, entry in zip(delta.nodes, delta.entries, strict=True):
            entries[node] = entry
        for node in delta.implied:
            # What lower layers say of a directory stays where this one only implies it.
            if entries[node] == absent or kinds[entries[node]] != DIRECTORY:
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
        # Three columns of 0 and 1 become one of 0 to 7, all nodes at a time.
        columns = (
            bytes(map(self.paths.absent.__ne__, view.before)),
            bytes(view.marks),
            bytes(map(ne, view.before, view.entries)),
        )
        whole = sum(int.from_bytes(column, "big") << place for place, column in enumerate(columns))
        marks = view.marks = bytearray(whole.to_bytes(len(view.marks), "big").translate(_IN_RANGE))
        node = marks.find(_TO_JUDGE)
        if node < 0:
            return
        worst: dict[int, int] = {}
        for number in range(view.base + 1, view.layer + 1):
            delta = self.paths.deltas[number]
            for there, mark in zip(delta.marked, delta.marks, strict=True):
                if there not in worst or _SEVERITY[mark] > _SEVERITY[worst[there]]:
                    worst[there] = mark
        while node >= 0:
            mark = worst.get(node, Mark.ADDED)
            known = mark in (Mark.METADATA_ONLY, Mark.REWRITTEN, Mark.UNCHANGED)
            marks[node] = mark if known else self._judge(view.before[node], view.entries[node])
            node = marks.find(_TO_JUDGE, node + 1)

    def _judge(self, old: int, new: int) -> Mark:
        """Compare two entries as far as the indexes tell: content only by fingerprints that scans took."""
        overlay, entries = self.paths.overlay, self._compared
        a, b = entries.inode(old), entries.inode(new)
        prints = {overlay.layers[layer].fingerprint(own) for layer, own in map(overlay.locate, (a, b)) if own >= 0}
        differs = compare_entries(entries, old, new, same_content=len(prints) == 1 and None not in prints)
        if differs and differs[0] in WHAT_IT_IS:
            return Mark.MODIFIED
        kind = overlay.kind(a)
        if not differs or (differs == ("mtime",) and kind == DIRECTORY):
            return Mark.REWRITTEN if kind in (FILE, HARDLINK) else Mark.UNCHANGED
        return Mark.METADATA_ONLY
