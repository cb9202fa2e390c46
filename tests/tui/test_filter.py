"""The filter: what it asks besides names, how much it finds, and where else there is something."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.tui.model.bits import Part, both
from imgscope.tui.model.filter import Finder, understand
from imgscope.tui.model.paths import Paths
from imgscope.tui.model.terms import FilterError
from imgscope.tui.model.views import NOTHING, Views
from tests.oracle.compare import analyze_layers
from tests.oracle.maketar import directory, file, hardlink, layer, symlink, whiteout

from .driver import explore

DAY = 86400


def image():
    return analyze_layers(
        [
            layer(
                directory("srv", mode=0o755, uid=1000, gid=50),
                file("srv/big", b"x" * 2000, mtime=1_000_000_000),
                file("srv/small", b"x" * 5, mode=0o4755, uid=1000, mtime=1_000_000_000 - 40 * DAY),
                file("srv/my file", b"x", mode=0o666, mtime=1_000_000_000 - 800 * DAY),
                symlink("srv/link", "big"),
                hardlink("srv/second", "srv/big"),
                file("lib/big/one", b"x" * 10, mode=0o644),
            ),
        ]
    )


def found(text, mode="auto", analysis=None, at=0):
    paths = Paths((analysis or image()).body)
    view = Views(paths).get(NOTHING, at)
    query = understand(text, mode)
    matches = Finder(paths).find(query)
    if query.terms is not None:
        matches = both(matches, view.where(query.terms))
    return [paths.path(node).decode() for node in range(len(paths)) if matches[node] and view.marks[node]]


@pytest.mark.parametrize(
    ("typed", "paths"),
    [
        (">1k", ["srv/big"]),
        (">=2kB", ["srv/big"]),
        (">2kB", []),
        ("<10 srv", ["srv/my file", "srv/small"]),
        ("type:link", ["srv/link"]),
        ("type:hardlink", ["srv/second"]),
        ("type:dir", ["lib", "lib/big", "srv"]),
        ("type:dir srv", ["srv"]),
        ("type:fifo", []),
        ("owner:1000", ["srv", "srv/small"]),
        ("owner:1000:50", ["srv"]),
        ("mode:setuid", ["srv/small"]),
        ("mode:4755", ["srv/small"]),
        ("mode:world-writable", ["srv/my file"]),
        ("newer:30d srv", ["srv/big"]),
        ("older:2y srv type:file", ["srv/my file"]),
        ("big one", ["lib/big/one"]),
        ("srv s*", ["srv/second", "srv/small", "srv"]),
        ('"my file"', ["srv/my file"]),
        ("my file", ["srv/my file"]),
        ("big <100", ["lib/big/one"]),
        ("nothing >1", []),
        ("a:b", []),
    ],
)
def test_what_is_asked_besides_names(typed, paths):
    analysis = image()
    assert sorted(found(typed, analysis=analysis)) == sorted(paths)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (">much", "wants a size, as in >10MB"),
        ("<", "wants a size"),
        ("type:folder", "file, dir, link, hardlink, device, fifo"),
        ("owner:root", "wants numbers"),
        ("mode:suid", "setuid, setgid, sticky, world-writable"),
        ("newer:soon", "newer:30d"),
        ("older:2", "older:30d"),
    ],
)
def test_a_wrong_term_says_what_can_be_written(typed, words):
    with pytest.raises(FilterError, match=words):
        understand(typed)


def test_ages_are_told_from_the_image_and_not_from_the_clock():
    analysis = image()
    assert "srv/big" in found("newer:1d", analysis=analysis)
    paths = Paths(analysis.body, created=(1_000_000_000 + 50 * DAY) * 10**9)
    terms = understand("newer:30d").terms
    assert not Views(paths).get(NOTHING, 0).where(terms).count(1)


def test_the_last_name_of_an_inode_is_found_by_its_size():
    analysis = analyze_layers([layer(file("a", b"x" * 50), hardlink("b", "a")), layer(whiteout("a"))])
    assert found(">10", analysis=analysis, at=1) == ["b"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=30), st.integers(0, 30), st.integers(0, 30))
def test_sums_of_a_part_are_those_of_its_nodes(nodes, first, stop):
    from array import array
    from itertools import accumulate

    first, stop = sorted((min(first, len(nodes)), min(stop, len(nodes))))
    sums = array("q", accumulate((size for _, size in nodes), initial=0))
    part = Part(bytes(chosen for chosen, _ in nodes))
    assert part.held(sums, first, stop) == sum(size for chosen, size in nodes[first:stop] if chosen)


def test_the_count_sums_and_folders_show_the_matches_bytes():
    async def scenario(view):
        await view.press("2", "slash")
        await view.type("*.raw")
        assert "2 matches, 48 kB" in view.text("#filter-count")
        (row,) = [line for line in view.text("#tree").splitlines() if "srv/app/assets/" in line]
        assert "48 kB" in row
        await view.press("escape")
        assert view.rows.size(view.rows.nodes[0]) == view.rows.view.size(view.rows.nodes[0])

    explore(scenario)


def test_while_there_is_a_filter_trees_are_sorted_by_what_matches():
    async def scenario(view):
        await view.press("2", "E", "s", "slash")
        await view.type("o")
        shown = view.rows
        top = [node for node in shown.nodes if view.explorer.paths.parent[node] < 0]
        sizes = [shown.size(node) for node in top]
        assert sizes == sorted(sizes, reverse=True)

    explore(scenario)


def test_terms_are_asked_anew_of_each_layer():
    async def scenario(view):
        await view.press("slash")
        await view.type("photo.raw owner:1000")
        assert "1 match, 24 kB" in view.text("#filter-count")
        await view.press("enter")
        # Before layer 5 the file was root's.
        for _ in range(4):
            await view.press("left_square_bracket")
        assert view.rows.matches.count(1) == 0
        assert "0 here; 1 in layer 5" in view.text("#filter-count")
        await view.press("enter")
        assert view.explorer.layer_pane.cursor == 5
        assert view.here() == "/srv/app/assets/photo.raw"

    explore(scenario)


def test_what_other_layers_removed_is_told_and_enter_goes_there():
    async def scenario(view):
        await view.press("slash")
        await view.type("/var/cache/pkg")
        assert "0 here; 1 removed in layer 4: Enter goes there" in view.text("#filter-count")
        await view.press("enter")
        assert view.explorer.layer_pane.cursor == 4
        # The folder and the only one in it are one line.
        assert view.here() == "/var/cache/pkg/archives"
        assert view.explorer.focused.id == "tree"
        assert "1 removed" in view.text("#filter-count")
        await view.press("left_square_bracket")
        assert "1 match" in view.text("#filter-count")

    explore(scenario)


def test_a_wrong_term_is_told_and_the_tree_stays():
    async def scenario(view):
        await view.press("slash")
        await view.type("bin ")
        before = view.paths()
        assert before == ["/bin"]
        view.explorer.filter_bar.query_one("#filter-input").value = "bin type:"
        await view.settle()
        assert "type: is one of" in view.text("#filter-count")
        assert view.paths() == before
        await view.type("link")
        assert "is one of" not in view.text("#filter-count")

    explore(scenario)


def test_the_waste_and_the_findings_filter_and_sort_by_themselves():
    async def scenario(view):
        while view.explorer.report is None:
            await view.pilot.pause(0.02)
        await view.press("4", "slash")
        await view.type("cache")
        assert [item.path for item in view.explorer.waste_pane.items] == ["/var/cache/pkg/archives/"]
        assert "1 of 6 groups" in view.text("#filter-count")
        assert view.rows.matches is None
        await view.press("enter")
        assert view.explorer.focused.id == "waste"
        await view.press("escape")
        assert view.explorer.waste_pane.count() == 6
        await view.press("5", "slash")
        await view.type("CHOWN")
        assert view.explorer.findings_pane.items == []
        await view.press("escape", "s")
        assert view.explorer.focused.id == "findings"
        assert "by sureness" in view.text("#findings")
        assert view.rows.sort == "name"

    explore(scenario, size=(140, 60))
