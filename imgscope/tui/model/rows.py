"""Which paths stand on which line: what is open, what is hidden, what the filter keeps, and in which order."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from itertools import accumulate, compress
from operator import lt, sub

from .marks import CHANGES, Mark, table
from .paths import Paths
from .views import View

SORTS = ("name", "size", "wasted")
_CHANGED = table(CHANGES)
# Above so many open folders a column of all keys is cheaper than a key at a time.
_MANY = 2000


def both(one: bytes | bytearray, other: bytes | bytearray) -> bytearray:
    """Return a byte-wise AND: as two large numbers, which is a hundred times faster than byte after byte."""
    return bytearray((int.from_bytes(one, "little") & int.from_bytes(other, "little")).to_bytes(len(one), "little"))


def either(one: bytes | bytearray, other: bytes | bytearray) -> bytearray:
    """Return a byte-wise OR."""
    return bytearray((int.from_bytes(one, "little") | int.from_bytes(other, "little")).to_bytes(len(one), "little"))


class Rows:
    """The visible lines of a view: ``nodes[row]`` is the path on each.

    Open folders, hidden marks, the filter's matches and the order are kept from view to view.
    """

    def __init__(self, paths: Paths) -> None:
        """Start with the folders of the root, all closed, sorted by name; ``show`` gives the first view."""
        self.paths = paths
        self.opened = bytearray(len(paths))
        self.shown: set[Mark] = set(Mark) - {Mark.ABSENT}
        self.matches: bytearray | None = None
        self.sort = "name"
        self.nodes = array("i")
        self.view: View | None = None
        self._visible = bytearray()

    # -- what is shown -----------------------------------------------------------------------------------

    def show(self, view: View) -> None:
        """Show a view."""
        self.view = view
        self._sift()

    def toggle_mark(self, *marks: Mark) -> bool:
        """Show or hide paths by their marks; return whether they are shown now."""
        shown = not set(marks) <= self.shown
        self.shown = self.shown | set(marks) if shown else self.shown - set(marks)
        self._sift()
        return shown

    def filter(self, matches: bytearray | None) -> None:
        """Show only matching paths, the folders that they are in, and what is in matching folders."""
        self.matches = matches
        self._sift()

    def order(self, sort: str) -> None:
        """Sort the names of each folder by ``name``, ``size`` or ``wasted``, the largest first."""
        self.sort = sort
        self._build()

    @property
    def matched(self) -> int:
        """Number of paths that the view has and the filter matches."""
        if self.matches is None or self.view is None:
            return 0
        return sum(map(bool, compress(self.matches, self.view.marks)))

    def _sift(self) -> None:
        """Find the nodes that may be seen, were all folders open."""
        if self.view is None:
            # An image without layers.
            return
        marks, everything = self.view.marks, set(Mark) - {Mark.ABSENT}
        visible = marks.translate(table(self.shown))
        if self.shown != everything or self.matches is not None:
            if self.matches is not None:
                visible = both(visible, self._with_contents(self.matches))
            # A folder stays as long as anything in it does.
            below = list(accumulate(visible, initial=0))
            kept = bytearray(map(lt, below, map(below.__getitem__, self.paths.end)))
            visible = kept
        self._visible = visible
        self._build()

    def _with_contents(self, matches: bytearray) -> bytearray:
        found = bytearray(matches)
        end = self.paths.end
        node = found.find(1)
        while node >= 0:
            stop = end[node]
            if stop > node + 1:
                found[node:stop] = b"\x01" * (stop - node)
            node = found.find(1, stop)
        return found

    # -- lines -------------------------------------------------------------------------------------------

    def _build(self) -> None:
        if self.view is not None:
            self.nodes = self._lines(0, len(self.paths))

    def _lines(self, first: int, stop: int) -> array[int]:
        """Return the lines of the nodes from ``first`` to ``stop``, which are whole subtrees side by side."""
        if self.sort != "name":
            return self._sorted_lines(first, stop)
        visible, opened, end = self._visible, self.opened, self.paths.end
        if opened.count(0, first, stop) == 0:
            return array("i", compress(range(first, stop), visible[first:stop]))
        found = array("i")
        node = visible.find(1, first, stop)
        while node >= 0:
            found.append(node)
            node = visible.find(1, node + 1 if opened[node] else end[node], stop)
        return found

    def _sorted_lines(self, first: int, stop: int) -> array[int]:
        assert self.view is not None
        visible, opened, end = self._visible, self.opened, self.paths.end
        found = array("i")
        append = found.append
        key = self._key()
        pending = [(first, stop)]
        # Folders to be entered lie on a stack beside the lines still to come after them.
        waiting: list[list[int]] = []
        while pending or waiting:
            if pending:
                node, until = pending.pop()
                names: list[int] = []
                while (node := visible.find(1, node, until)) >= 0:
                    names.append(node)
                    node = end[node]
                names.sort(key=key)
                names.reverse()
                waiting.append(names)
            while waiting:
                if not waiting[-1]:
                    waiting.pop()
                    continue
                node = waiting[-1].pop()
                append(node)
                if opened[node] and end[node] > node + 1:
                    pending.append((node + 1, end[node]))
                    break
        return found

    def _key(self) -> Callable[[int], int]:
        """Return a sort key of nodes: largest first. Nodes are in the order of names already, and sorting keeps it."""
        assert self.view is not None
        end, view = self.paths.end, self.view
        sums = self.paths.wasted if self.sort == "wasted" else view.sizes
        if self.sort == "size" and Mark.REMOVED in view.marks:
            return lambda node: -view.size(node)
        if self.opened.count(1) > _MANY:
            return list(map(sub, sums, map(sums.__getitem__, end))).__getitem__
        return lambda node: sums[node] - sums[end[node]]

    # -- opening and closing -----------------------------------------------------------------------------

    def has_names(self, node: int) -> bool:
        """Tell whether anything visible lies in a node."""
        return self._visible.find(1, node + 1, self.paths.end[node]) >= 0

    def toggle(self, row: int) -> bool:
        """Open or close the folder on a line; return whether anything changed."""
        node = self.nodes[row]
        if not self.has_names(node):
            return False
        stop = self.paths.end[node]
        if self.opened[node]:
            self.opened[node] = 0
            last = row + 1
            while last < len(self.nodes) and node < self.nodes[last] < stop:
                last += 1
            del self.nodes[row + 1 : last]
        else:
            self.opened[node] = 1
            self.nodes[row + 1 : row + 1] = self._lines(node + 1, stop)
        return True

    def open_all(self, opened: bool) -> None:
        """Open or close every folder."""
        self.opened = bytearray([opened]) * len(self.paths)
        self._build()

    def open_below(self, node: int, opened: bool) -> None:
        """Open or close a folder with all folders in it."""
        stop = self.paths.end[node]
        self.opened[node:stop] = bytes([opened]) * (stop - node)
        self._build()

    def open_matches(self) -> None:
        """Open the folders that lead to matches, not those that match themselves."""
        if self.matches is None:
            return
        below = list(accumulate(self.matches, initial=0))
        leads = bytearray(map(lt, below[1:], map(below.__getitem__, self.paths.end)))
        self.opened = either(self.opened, leads)
        self._build()

    def reveal(self, node: int) -> int | None:
        """Open the folders above a node; return its line, ``None`` if it is hidden."""
        if not self._visible[node]:
            return None
        closed = [above for above in self.paths.ancestors(node) if not self.opened[above]]
        if closed:
            for above in closed:
                self.opened[above] = 1
            self._build()
        return self.nodes.index(node)

    def row_of(self, node: int) -> int:
        """Return the line of a node, or of the nearest folder above it that has one; 0 when none has."""
        while node >= 0:
            try:
                return self.nodes.index(node)
            except ValueError:
                node = self.paths.parent[node]
        return 0

    # -- jumping -----------------------------------------------------------------------------------------

    def next_change(self, node: int, step: int) -> int | None:
        """Return the next (``step`` 1) or last (-1) visible changed path after ``node``, round the end; or ``None``."""
        if self.view is None:
            return None
        changed = both(self.view.marks.translate(_CHANGED), self._visible)
        if step > 0:
            found = changed.find(1, node + 1)
            found = changed.find(1) if found < 0 else found
        else:
            found = changed.rfind(1, 0, max(node, 0))
            found = changed.rfind(1) if found < 0 else found
        return None if found < 0 else found

    def largest_file(self) -> int | None:
        """Return the visible path whose own content is largest."""
        return self._largest(self.view.sizes) if self.view is not None else None

    def largest_waste(self) -> int | None:
        """Return the visible path whose own copies waste most."""
        return self._largest(self.paths.wasted)

    def _largest(self, sums: array[int]) -> int | None:
        if self.view is None:
            return None
        own = [0, *map(int.__sub__, sums[1:], sums)]
        found = max(compress(range(1, len(own)), self._visible), key=own.__getitem__, default=None)
        return None if found is None or not own[found] else found - 1
