"""The lines of a tree: sorted alike however they are made, and those of a difference are the difference's."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.differences import Filter, compare
from imgscope.paths import internal
from imgscope.tui.model import rows as module
from imgscope.tui.model.marks import Mark
from imgscope.tui.model.pair import PairPaths, PairView
from imgscope.tui.model.paths import Paths
from imgscope.tui.model.rows import Rows
from imgscope.tui.model.views import NOTHING, Views
from tests.oracle.compare import analyze_layers
from tests.oracle.strategies import stacks

from .pair import MARKS


def lines(paths, view, sort, opened, hidden, many):
    """The lines, made a folder at a time (``many`` folders are never open) or out of the order of all."""
    view.orders.clear()
    rows = Rows(paths)
    rows.sort, rows.opened = sort, bytearray(opened)
    rows.shown -= hidden
    with patch.object(module, "_MANY", many):
        rows.show(view)
    return rows


@settings(max_examples=60, deadline=None)
@given(stacks(), st.data())
def test_both_ways_to_sort_give_the_same_lines(layers, data):
    paths = Paths(analyze_layers(layers).body)
    top = len(layers) - 1
    view = Views(paths).get(data.draw(st.sampled_from([NOTHING, top - 1])), top)
    opened = bytes(data.draw(st.lists(st.integers(0, 1), min_size=len(paths), max_size=len(paths))))
    hidden = data.draw(st.sets(st.sampled_from([Mark.ADDED, Mark.UNCHANGED, Mark.REMOVED])))
    for sort in ("size", "wasted"):
        slow = lines(paths, view, sort, opened, hidden, 10**9)
        fast = lines(paths, view, sort, opened, hidden, -1)
        assert list(slow.nodes) == list(fast.nodes)
        # The same lines as unsorted, in another order.
        assert sorted(slow.nodes) == list(lines(paths, view, "name", opened, hidden, 0).nodes)
        for row in data.draw(st.lists(st.integers(0, 30), max_size=8)):
            if row >= len(slow.nodes):
                continue
            assert slow.toggle(row) == fast.toggle(row)
            assert list(slow.nodes) == list(fast.nodes)


@settings(max_examples=60, deadline=None)
@given(stacks(), stacks())
def test_a_differences_tree_is_the_difference(first, second):
    old, new = analyze_layers(first), analyze_layers(second)
    # (No packages: these images have no archive.)
    difference = compare(old, new, Filter(frozenset({"layers", "files"})))
    paths = PairPaths(difference.files)
    view = PairView(paths)
    marked = {}
    for row in difference.files:
        for path in filter(None, (row.path_before, row.path)):
            marked[paths.find(internal(path))] = MARKS[row.kind]
    assert {node: mark for node, mark in enumerate(view.marks) if mark != Mark.UNCHANGED} == marked
    assert view.sizes_before[-1] == sum(row.size for row in old.files)
    assert view.sizes_after[-1] == sum(row.size for row in new.files)
    assert {paths.path(node) for node in range(len(paths))} == {
        path for analysis in (old, new) for path, _ in analysis.body.overlay.paths()
    }
