"""Folders that hold nothing but the next are one line; what is dead is shown when it is asked for; panes are zoomed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.overlay.merge import Overlay
from imgscope.tui.model.marks import Mark
from imgscope.tui.model.paths import Paths
from imgscope.tui.model.rows import Rows
from imgscope.tui.model.views import NOTHING, Views
from tests.oracle.compare import analyze_layers
from tests.oracle.maketar import file, layer, whiteout
from tests.oracle.strategies import stacks

from .driver import explore


def deep():
    return analyze_layers(
        [
            layer(
                file("usr/lib/python3/dist-packages/a.py", b"12345"),
                file("usr/lib/python3/dist-packages/b.py", b"123"),
                file("etc/passwd", b"x"),
            ),
            layer(file("usr/lib/other", b"1")),
            layer(whiteout("usr/lib/other"), whiteout("usr/lib/python3/dist-packages/b.py")),
        ]
    )


def lines(rows):
    return [rows.paths.path(node).decode() for node in rows.nodes]


def test_a_chain_of_single_folders_is_one_line_that_opens_and_closes():
    paths = Paths(deep().body)
    views, rows = Views(paths), Rows(paths)
    rows.show(views.get(NOTHING, 0))
    chain = "usr/lib/python3/dist-packages"
    assert lines(rows) == ["etc", chain]
    assert rows.toggle(1)
    assert lines(rows) == ["etc", chain, f"{chain}/a.py", f"{chain}/b.py"]
    assert [rows.place(node)[1] for node in rows.nodes] == [0, 0, 1, 1]
    # A layer brings a second name, so the chain ends there; what was open stays open.
    rows.show(views.get(0, 1))
    assert lines(rows) == ["etc", "usr/lib", "usr/lib/other", chain, f"{chain}/a.py", f"{chain}/b.py"]
    assert rows.above(rows.nodes[4]) == rows.nodes[3]
    assert rows.above(rows.nodes[3]) == rows.nodes[1]
    assert rows.reveal(paths.find(b"usr")) == 1


def test_what_was_done_to_a_folder_of_a_chain_is_seen():
    analysis = analyze_layers([layer(file("a/b/c", b"1")), layer(file("a/x/y/z", b"1"), whiteout("a/b"))])
    paths = Paths(analysis.body)
    rows = Rows(paths)
    rows.show(Views(paths).get(0, 1))
    rows.open_all(True)
    assert lines(rows) == ["a", "a/b", "a/b/c", "a/x/y", "a/x/y/z"]


@settings(max_examples=80, deadline=None)
@given(stacks(), st.data())
def test_all_ways_to_make_lines_find_the_same_chains(layers, data):
    paths = Paths(analyze_layers(layers).body)
    views = Views(paths)
    top = len(layers) - 1
    view = views.get(data.draw(st.sampled_from([NOTHING, top - 1])), top)
    if data.draw(st.booleans()):
        view = views.with_dead(view)
    rows = Rows(paths)
    rows.shown -= data.draw(st.sets(st.sampled_from([Mark.ADDED, Mark.UNCHANGED, Mark.REMOVED])))
    rows.show(view)
    rows.open_all(True)
    whole = list(rows.nodes)
    # All are open but one name that nobody sees: the other way.
    walked = []
    rows.open_all(False)
    while walked != list(rows.nodes):
        walked = list(rows.nodes)
        for node in walked:
            if not rows.opened[node]:
                rows.toggle(rows.row_of(node))
    assert walked == whole
    # Every visible path has one line, its own or its chain's.
    on_lines = set(whole)
    for node in range(len(paths)):
        if rows._visible[node]:
            assert rows.chain_end(node) in on_lines
            assert rows.nodes[rows.row_of(node)] == rows.chain_end(node)


@settings(max_examples=60, deadline=None)
@given(stacks())
def test_what_is_dead_is_all_that_layers_stored_and_the_tree_lacks(layers):
    analysis = analyze_layers(layers)
    paths = Paths(analysis.body)
    views = Views(paths)
    for number in range(len(layers)):
        view = views.with_dead(views.get(number - 1 if number else NOTHING, number))
        tree = Overlay(analysis.body.overlay.layers[: number + 1])
        shown = {path for path, _ in tree.paths()}
        stored = set()
        for index in analysis.body.overlay.layers[: number + 1]:
            stored |= {
                directory + b"/" + name if directory else name
                for directory, names in index.children.items()
                for name in names
            }
        for node, mark in enumerate(view.marks):
            path = paths.path(node)
            if mark == Mark.DEAD:
                assert path not in shown
                assert view.entry(node) != paths.absent
            elif mark == Mark.ABSENT:
                assert path not in stored - shown


def test_dead_rows_are_told_without_colour_with_their_bytes_and_layer():
    async def scenario(view):
        await view.press("2")
        while view.here() != "/var":
            assert view.tree.cursor < len(view.rows.nodes)
            await view.press("j")
            if view.tree.cursor == len(view.rows.nodes) - 1:
                break
        await view.press("X")
        assert "/var/cache/pkg/archives" in view.paths()
        assert view.mark("/var/cache/pkg/archives") is Mark.DEAD
        (line,) = [line for line in view.text("#tree").splitlines() if "pkg/archives" in line]
        assert line.strip("│ ").startswith("x ")
        wasted = view.explorer.paths.find(b"var/cache/pkg")
        assert view.rows.view.wasted(wasted) > 0
        from imgscope.report.sizes import size

        assert size(view.rows.view.wasted(wasted)) in line
        assert " 3 " in line
        await view.press("X")
        assert "/var/cache/pkg/archives" not in view.paths()

    explore(scenario)


def test_a_pane_takes_the_whole_screen_and_gives_it_back():
    for size in ((140, 45), (80, 24)):

        async def scenario(view, size=size):
            await view.press("2", "z")
            assert view.tree.region.width >= size[0] - 2
            assert not view.explorer.layer_pane.display
            # Another pane that is gone to takes its place.
            await view.press("4")
            assert not view.tree.display
            assert view.explorer.waste_pane.region.width >= size[0] - 2
            assert view.explorer.waste_pane.region.height >= size[1] - 4
            await view.press("z", "1")
            assert view.explorer.layer_pane.region.height < size[1] - 8

        explore(scenario, size=size)
