"""Which paths stand on which line: what is open, what is hidden, what the filter keeps, and in which order."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import compress, repeat
from operator import sub
from typing import Protocol

from .bits import Part, both, either, with_contents
from .columns import Columns
from .marks import CHANGES, Mark, table
from .terms import Terms

_CHANGED = table(CHANGES)
# Above so many open folders the order of all paths, which is kept, is cheaper than a folder at a time.
_MANY = 500
# A folder that holds less than this share of the whole is not opened by itself.
_SMALL = 20
_EVERYTHING = set(Mark) - {Mark.ABSENT}
_THERE = bytes([0]) + bytes([1]) * 255
_INVERTED = bytes([1]) + bytes(255)


class Shown(Protocol):
    """What stands on the lines: a layer's tree, or two images' trees side by side. Columns are addressed by node."""

    marks: bytearray
    """A ``Mark`` for each node."""
    ends: bytearray | None
    """Kept by ``Rows``: which nodes have a line of their own."""
    orders: dict[str, array[int]]
    """All nodes as they stand when every folder is open, by how they are sorted; kept by ``Rows``."""

    def sums(self, sort: str) -> array[int]:
        """Return what nodes are sorted by, as prefix sums of each node's own."""

    def keys(self, sort: str, part: Part | None = None) -> array[int]:
        """Return what nodes are sorted by, the largest first; with ``part`` as if there were those nodes alone."""

    def size(self, node: int, part: Part | None = None) -> int:
        """Return the content bytes at and below a node; with ``part`` of those nodes alone."""

    def where(self, terms: Terms) -> bytearray:
        """Return a byte for each node, 1 where a filter's terms hold for the entry that a line shows."""

    def entry(self, node: int) -> int:
        """Return the global entry that a line shows."""


class Rows:
    """The visible lines of a view: ``nodes[row]`` is the path on each.

    Open folders, hidden marks, the filter's matches and the order are kept from view to view.
    """

    def __init__(self, paths: Columns) -> None:
        """Start with the folders of the root, all closed, sorted by name; ``show`` gives the first view."""
        self.paths = paths
        self.opened = bytearray(len(paths))
        self.shown: set[Mark] = set(_EVERYTHING)
        self.matches: bytearray | None = None
        self.exact = False
        """Whether of a folder that matches only what matches itself is shown."""
        self._part: Part | None = None
        self._chosen: bytearray | None = None
        self._opened_before: bytearray | None = None
        self.sort = "name"
        self.nodes = array("i")
        self.view: Shown | None = None
        self._visible = bytearray()
        self._places: dict[int, tuple[int, int]] = {}
        self._made_ends: bytearray | None = None

    # -- what is shown -----------------------------------------------------------------------------------

    def show(self, view: Shown) -> None:
        """Show a view."""
        self.view = view
        self._sift()

    def toggle_mark(self, *marks: Mark) -> bool:
        """Show or hide paths by their marks; return whether they are shown now."""
        shown = not set(marks) <= self.shown
        self.shown = self.shown | set(marks) if shown else self.shown - set(marks)
        self._sift()
        return shown

    def filter(self, matches: bytearray | None, *, exact: bool = False, opens: bool = False) -> None:
        """Show only matching paths, the folders that they are in, and (but for ``exact``) what is in matching ones.

        ``opens`` opens the folders that lead to matches.
        """
        self.matches, self.exact = matches, exact
        self._sift(build=not opens)
        if opens and matches is not None:
            self.open_to(matches)

    def only(self, matches: bytearray | None, *, exact: bool = False) -> None:
        """Show only paths that match, and the folders that lead there; with ``None`` all, open as it was before."""
        if matches is None:
            if self._opened_before is not None:
                self.opened, self._opened_before = self._opened_before, None
            self.filter(None)
            return
        if self._opened_before is None:
            self._opened_before = bytearray(self.opened)
        self.opened = bytearray(self._opened_before)
        self.filter(matches, exact=exact, opens=True)

    def best_match(self, matches: bytearray, node: int) -> int:
        """Return where the cursor should be: where it was (``node``) if that matches, else on the first match."""
        if self.view is None or (node >= 0 and matches[node]):
            return node
        marks = self.view.marks
        found = matches.find(1)
        while found >= 0 and not marks[found]:
            found = matches.find(1, found + 1)
        return found

    @property
    def part(self) -> Part | None:
        """The paths that the filter keeps, without the folders that merely lead there; ``None`` without a filter."""
        if self._part is None and self._chosen is not None:
            self._part = Part(self._chosen)
        return self._part

    def size(self, node: int) -> int:
        """Return the content bytes at and below a node; while there is a filter, those of its matches."""
        assert self.view is not None
        return self.view.size(node, self.part)

    def order(self, sort: str) -> None:
        """Sort the names of each folder by ``name``, or by what the view knows (``size``), the largest first."""
        self.sort = sort
        self._build()

    def count(self, matches: bytearray, marks: object = None) -> int:
        """Return how many of some paths the view has, or has with one of ``marks``."""
        if self.view is None:
            return 0
        wanted = table(marks) if marks is not None else _THERE
        return both(matches, self.view.marks.translate(wanted)).count(1)

    def _sift(self, *, build: bool = True) -> None:
        """Find the nodes that may be seen, were all folders open."""
        if self.view is None:
            # An image without layers.
            return
        marks = self.view.marks
        visible = marks.translate(table(self.shown))
        self._part = self._chosen = None
        self._places, self._made_ends = {}, None
        if self.shown != _EVERYTHING or self.matches is not None:
            if self.matches is not None:
                wanted = self.matches if self.exact else with_contents(self.matches, self.paths.end)
                visible = self._chosen = both(visible, wanted)
            # A folder stays as long as anything in it does.
            visible = either(visible, self._leading(visible))
        self._visible = visible
        if build:
            self._build()

    def _leading(self, nodes: bytearray) -> bytearray:
        """Return the folders that lead to some nodes; those among them only where they lead to others."""
        found = bytearray(len(nodes))
        for node in compress(self.paths.folder_nodes, map((-1).__ne__, self._first_inside(nodes))):
            found[node] = 1
        return found

    def _first_inside(self, nodes: bytearray) -> Iterator[int]:
        """Return for each folder (``Columns.folder_nodes``) the first of some nodes that lies below it, or -1."""
        return map(nodes.find, repeat(1), self.paths.folder_starts, self.paths.folder_stops)

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
            return array("i", compress(range(first, stop), both(visible, self._ends)[first:stop]))
        if opened.count(1, first, stop) > _MANY:
            return array("i", compress(range(first, stop), self._seen(first, stop)[first:stop]))
        found = array("i")
        node = visible.find(1, first, stop)
        while node >= 0:
            if end[node] > node + 1:
                node = self.chain_end(node)
            found.append(node)
            node = visible.find(1, node + 1 if opened[node] else end[node], stop)
        return found

    def _sorted_lines(self, first: int, stop: int) -> array[int]:
        assert self.view is not None
        opened = self.opened
        if self.part is None and (self.sort in self.view.orders or opened.count(1, first, stop) > _MANY):
            order = self.order_of(self.view, self.sort)
            place = order.index(first - 1) + 1 if first else 0
            seen = self._seen(first, stop)
            # What lies below a folder stands together, whatever the order.
            part = order[place : place + stop - first]
            return array("i", compress(part, map(seen.__getitem__, part)))
        keys = self.view.keys(self.sort, self.part)
        return self._in_order(keys, first, stop, self._visible, opened, self._ends)

    def _in_order(
        self,
        keys: array[int],
        first: int,
        stop: int,
        visible: bytearray,
        opened: bytearray,
        ends: bytearray,
    ) -> array[int]:
        """Return the visible ones of subtrees side by side, sorted, with what lies in those that are opened.

        Folders that are 0 in ``ends`` share the line of the folder in them.
        """
        end, key, inner = self.paths.end, keys.__getitem__, both(visible, self.paths.folders)
        whole = visible.find(0) < 0

        def those(at: int, stop: int) -> Iterable[int]:
            return range(at, stop) if whole else compress(range(at, stop), visible[at:stop])

        def names(at: int, stop: int) -> list[int]:
            found: list[int] = []
            # Those between two folders at once.
            folder = inner.find(1, at, stop)
            while folder >= 0:
                found.extend(those(at, folder + 1))
                at = end[folder]
                folder = inner.find(1, at, stop)
            found.extend(those(at, stop))
            # They are in the order of names, and sorting keeps that among equals.
            found.sort(key=key, reverse=True)
            return found

        order = array("i")
        waiting = [iter(names(first, stop))]
        while waiting:
            for node in waiting[-1]:
                if not inner[node]:
                    order.append(node)
                    continue
                if not ends[node]:
                    node = self.chain_end(node)
                order.append(node)
                if not opened[node]:
                    continue
                start, after = node + 1, end[node]
                if inner.find(1, start, after) < 0:
                    # Files alone: nothing to come back for.
                    order.extend(sorted(those(start, after), key=key, reverse=True))
                else:
                    waiting.append(iter(names(start, after)))
                    break
            else:
                waiting.pop()
        return order

    def _seen(self, first: int, stop: int) -> bytearray:
        """Return a byte for each node: 1 for those from ``first`` to ``stop`` that are visible, all above open."""
        seen = both(self._visible, self._ends)
        opened, end = self.opened, self.paths.end
        if opened.count(0, first, stop):
            # Only folders that are closed hide anything.
            closed = both(both(opened.translate(_INVERTED), self.paths.folders), self._ends)
            node = closed.find(1, first, stop)
            while node >= 0:
                after = end[node]
                seen[node + 1 : after] = bytes(after - node - 1)
                node = closed.find(1, after, stop)
        return seen

    def order_of(self, view: Shown, sort: str) -> array[int]:
        """Return all nodes as they stand when every folder is open; made once for each view."""
        known = view.orders.get(sort)
        if known is None:
            every = bytearray(b"\x01") * len(self.paths)
            known = self._in_order(view.keys(sort), 0, len(every), every, every, every)
            view.orders[sort] = known
        return known

    # -- chains of single folders, which are one line ----------------------------------------------------

    def _step(self, node: int) -> int:
        """Return the folder that a folder shares its line with: all that it holds; -1 where that is not so."""
        if self.view is None:
            return -1
        child = self._visible.find(1, node + 1, self.paths.end[node])
        return child if child >= 0 and self._share(node, child, self._visible, self.view.marks) else -1

    def _share(self, node: int, child: int, visible: bytearray, marks: bytearray) -> bool:
        """Tell whether a folder and the first visible path in it share a line."""
        end = self.paths.end
        return (
            visible.find(1, end[child], end[node]) < 0
            and visible.find(1, child + 1, end[child]) >= 0
            # What was done to the folder itself is to be seen.
            and marks[node] in (Mark.UNCHANGED, marks[child])
        )

    def chain_end(self, node: int) -> int:
        """Return the node whose line a node is on: the last of a chain of folders that hold nothing but the next."""
        while (child := self._step(node)) >= 0:
            node = child
        return node

    def place(self, node: int) -> tuple[int, int]:
        """Return the first node on the line of ``node`` (the last), and the number of lines above that lead there."""
        parent, places = self.paths.parent, self._places
        waiting: list[tuple[int, int]] = []
        while node not in places:
            first = node
            while parent[first] >= 0 and self._step(parent[first]) >= 0:
                first = parent[first]
            if parent[first] < 0:
                places[node] = first, 0
                break
            waiting.append((node, first))
            node = parent[first]
        level = places[node][1]
        for below, first in reversed(waiting):
            level += 1
            places[below] = first, level
            node = below
        return places[node]

    def above(self, node: int) -> int:
        """Return the node of the line that a node's line lies in, or -1."""
        return self.paths.parent[self.place(node)[0]]

    @property
    def _ends(self) -> bytearray:
        """A byte for each node: 0 where a visible one shares the line of the folder in it."""
        if self._made_ends is None:
            assert self.view is not None
            plain = self.matches is None and self.shown == _EVERYTHING
            self._made_ends = self.ends_of(self.view) if plain else self._find_ends(self._visible, self.view.marks)
        return self._made_ends

    def ends_of(self, view: Shown) -> bytearray:
        """Return the same for all of a view, without a filter; made once for each view."""
        if view.ends is None:
            view.ends = self._find_ends(view.marks.translate(_THERE), view.marks)
        return view.ends

    def _find_ends(self, visible: bytearray, marks: bytearray) -> bytearray:
        found = bytearray(b"\x01") * len(visible)
        children = list(self._first_inside(visible))
        # The last node, which -1 stands for here, holds nothing.
        leads = map(self.paths.folders.__getitem__, children)
        for node, child in compress(zip(self.paths.folder_nodes, children, strict=True), leads):
            if visible[node] and self._share(node, child, visible, marks):
                found[node] = 0
        return found

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
            self._open(node)
            self.nodes[row + 1 : row + 1] = self._lines(node + 1, stop)
        return True

    def _open(self, node: int) -> None:
        """Open a folder, and those on its line: a layer may have more in them."""
        first = self.place(node)[0]
        while node != first:
            self.opened[node] = 1
            node = self.paths.parent[node]
        self.opened[first] = 1

    def open_all(self, opened: bool) -> None:
        """Open or close every folder."""
        self.opened = bytearray([opened]) * len(self.paths)
        self._build()

    def open_largest(self, most: int) -> None:
        """Open the folders that hold most, one within the other or side by side, until there are ``most`` lines."""
        if self.view is None:
            return
        visible, size, end = self._visible, self.view.size, self.paths.end
        waiting = [(-size(node), node) for node in self.nodes]
        heapify(waiting)
        least = sum(map(size, self.nodes)) / _SMALL
        lines = len(self.nodes)
        while waiting:
            held, node = heappop(waiting)
            if -held <= least:
                break
            below: list[int] = []
            child = visible.find(1, node + 1, end[node])
            while child >= 0 and len(below) <= most:
                below.append(self.chain_end(child))
                child = visible.find(1, end[child], end[node])
            if not below or lines + len(below) > most:
                continue
            self._open(node)
            lines += len(below)
            for child in below:
                heappush(waiting, (-size(child), child))
        self._build()

    def open_matches(self) -> None:
        """Open the folders that lead to matches, not those that match themselves."""
        if self.matches is not None:
            self.open_to(self.matches)

    def open_to(self, nodes: bytearray) -> None:
        """Open the folders that lead to some nodes."""
        self.opened = either(self.opened, self._leading(nodes))
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
        return self.nodes.index(self.chain_end(node))

    def row_of(self, node: int) -> int:
        """Return the line of a node, or of the nearest folder above it that has one; 0 when none has."""
        while node >= 0:
            try:
                return self.nodes.index(self.chain_end(node))
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
            found = changed.rfind(1, 0, self.place(node)[0] if node >= 0 else 0)
            found = changed.rfind(1) if found < 0 else found
        return None if found < 0 else found

    def largest(self, sort: str) -> int | None:
        """Return the visible path that has most of its own of what trees are sorted by (``size``)."""
        if self.view is None:
            return None
        sums = self.view.sums(sort)
        own = list(map(abs, map(sub, sums[1:], sums)))
        found = max(compress(range(len(own)), self._visible), key=own.__getitem__, default=None)
        return None if found is None or not own[found] else found
