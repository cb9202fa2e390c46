"""What if: the image without layers and findings that are struck out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.layer.index import DIRECTORY
from imgscope.overlay.merge import Overlay
from imgscope.paths import join
from imgscope.report.sizes import size
from imgscope.suggestions.ledger import Ledger
from imgscope.suggestions.model import Claim
from imgscope.tui.findings.dockerfile import DockerfileScreen
from imgscope.tui.findings.fix import FixScreen
from imgscope.tui.model.paths import Paths
from imgscope.tui.model.views import NOTHING, Views
from imgscope.tui.model.without import Without
from tests.oracle.compare import analyze_layers
from tests.oracle.maketar import directory, file, hardlink, layer, opaque, whiteout
from tests.oracle.strategies import stacks

from .driver import explore, webapp


@settings(max_examples=120, deadline=None)
@given(stacks(), st.data())
def test_without_layers_the_tree_is_that_of_the_others(layers, data):
    analysis = analyze_layers(layers)
    overlay = analysis.body.overlay
    paths = Paths(analysis.body)
    struck = data.draw(st.sets(st.sampled_from(range(len(layers)))))
    without = Without(paths, struck, ())
    views = Views(paths, without)
    kept = [number for number in range(len(layers)) if number not in struck]
    for top in range(len(layers)):
        below = [number for number in kept if number <= top]
        other = Overlay([overlay.layers[number] for number in below])

        def named(entry, other=other, below=below):
            number, own = other.locate(entry)
            return below[number], own

        view = views.get(NOTHING, top)
        found = {
            paths.path(node): overlay.locate(entry) for node, entry in enumerate(view.entries) if entry != paths.absent
        }
        expected = {
            join(folder, name): named(entry) for folder, names in other.tree.items() for name, entry in names.items()
        }
        assert found == expected
    left = sum(sum(overlay.layers[number].sizes) for number in kept)
    assert without.content_bytes == left
    merged = views.get(NOTHING, len(layers) - 1).sizes[-1]
    assert without.wasted_bytes == left - merged


@settings(max_examples=60, deadline=None)
@given(stacks(), st.data())
def test_bytes_that_fixes_save_are_counted_once(layers, data):
    analysis = analyze_layers(layers)
    overlay = analysis.body.overlay
    paths = Paths(analysis.body)
    entries = [
        (node, entry)
        for delta in paths.deltas
        for node, entry in zip(delta.nodes, delta.entries, strict=True)
        if entry >= 0
    ]
    chosen = data.draw(st.lists(st.sampled_from(entries), max_size=8)) if entries else []
    claims = [Claim(paths.path(node), entry) for node, entry in chosen]
    without = Without(paths, (), claims * 2)
    saved = sum(Ledger(overlay).take(claims).values())
    assert without.content_bytes == paths.content_bytes - saved
    view = Views(paths, without).get(NOTHING, len(layers) - 1)
    for entry in view.entries:
        assert entry == paths.absent or overlay.kinds[entry] == DIRECTORY or entry not in {e for _, e in chosen}
    assert without.wasted_bytes == without.content_bytes - view.sizes[-1]


@settings(max_examples=40, deadline=None)
@given(stacks())
def test_with_nothing_struck_out_the_figures_are_the_images(layers):
    analysis = analyze_layers(layers)
    paths = Paths(analysis.body)
    without = Without(paths, (), ())
    assert without.content_bytes == paths.content_bytes
    assert without.wasted_bytes == sum(waste.bytes for waste in analysis.waste)
    made = [0] * len(layers)
    for waste in analysis.waste:
        made[waste.wasted_by] += waste.bytes
    assert without.made_waste == made


def test_what_a_layer_hid_comes_back_and_is_hidden_by_the_next():
    analysis = analyze_layers(
        [
            layer(directory("d"), file("d/a", b"12345"), file("keep", b"1")),
            layer(whiteout("d/a")),
            layer(file("d/b", b"12")),
            layer(opaque("d"), file("d/c", b"1")),
        ]
    )
    paths = Paths(analysis.body)
    without = Without(paths, {1}, ())
    views = Views(paths, without)
    node = paths.find(b"d/a")
    assert views.get(NOTHING, 2).entries[node] != paths.absent
    assert views.get(NOTHING, 3).entries[node] == paths.absent
    assert Without(paths, {1, 3}, ()).wasted_bytes == 0


def test_a_link_into_a_layer_that_is_struck_out_holds_nothing():
    analysis = analyze_layers([layer(file("a", b"12345")), layer(hardlink("b", "a"))])
    paths = Paths(analysis.body)
    without = Without(paths, {0}, ())
    assert (without.content_bytes, without.wasted_bytes) == (0, 0)
    assert Views(paths, without).get(NOTHING, 1).sizes[-1] == 0


def test_part_of_a_file_can_be_saved():
    analysis = analyze_layers([layer(file("a", b"x" * 100))])
    paths = Paths(analysis.body)
    without = Without(paths, (), [Claim(b"a", 0, 60), Claim(b"a", 0, 70)])
    assert without.content_bytes == 0
    without = Without(paths, (), [Claim(b"a", 0, 60)])
    view = Views(paths, without).get(NOTHING, 0)
    assert (without.content_bytes, view.size(0), without.wasted_bytes) == (40, 40, 0)


async def known(view):
    while view.explorer.report is None:
        await view.pilot.pause(0.02)
    await view.settle()


def test_a_layer_is_struck_out_and_comes_back():
    async def scenario(view):
        before = view.text("#title")
        await view.press("home", "j", "j", "space")
        struck = view.explorer.without
        image = webapp().image
        assert struck.content_bytes == image.content_bytes - webapp().layers[2].content_bytes
        title = view.text("#title")
        assert f"without 1: {size(struck.content_bytes)} (−{size(webapp().layers[2].content_bytes)})" in title
        (line,) = [line for line in view.text("#layers").splitlines() if line.strip("│┃ ").startswith("x ")]
        assert " 0 B " in line
        # What the layer brought is gone from the tree.
        await view.press("end")
        gone = view.explorer.paths.find(b"srv/app/src/module9.js")
        assert view.rows.view.entries[gone] == view.explorer.paths.absent
        await view.press("home", "j", "j", "space")
        assert view.text("#title") == before
        assert view.explorer.without is None

    explore(scenario)


def test_what_a_struck_layer_hid_comes_back_in_the_tree():
    async def scenario(view):
        node = view.explorer.paths.find(b"var/cache/pkg/archives")
        assert view.rows.view.entries[node] == view.explorer.paths.absent
        while view.explorer.layer_pane.cursor != 4:
            await view.press("k")
        await view.press("space", "end")
        assert view.rows.view.entries[node] != view.explorer.paths.absent
        assert "(−0 B)" in view.text("#title")

    explore(scenario)


def test_findings_are_struck_out_and_undone_one_after_the_other():
    async def scenario(view):
        await known(view)
        content = webapp().image.content_bytes
        first = view.explorer.report.findings[0]
        await view.press("5", "space")
        assert view.explorer.without.content_bytes == content - first.alone_bytes
        (line, *_) = [line for line in view.text("#findings").splitlines() if first.code in line]
        assert line.strip("│ ").startswith("x")
        await view.press("1", "home", "space")
        assert view.explorer.without.content_bytes == content - first.bytes - webapp().layers[0].content_bytes
        assert "without 2" in view.text("#title")
        await view.press("u")
        assert "without 1" in view.text("#title")
        await view.press("2", "backspace")
        assert "without" not in view.text("#title")
        await view.press("backspace")
        assert "Nothing is struck out" in view.text()

    explore(scenario, size=(140, 60))


def test_all_findings_struck_out_save_what_the_report_says():
    async def scenario(view):
        await known(view)
        await view.press("5")
        report = view.explorer.report
        for _ in report.findings:
            await view.press("space", "j")
        assert view.explorer.without.content_bytes == webapp().image.content_bytes - report.total_bytes

    explore(scenario, size=(140, 60))


def test_a_layer_and_a_finding_in_it_are_not_counted_twice():
    async def scenario(view):
        await known(view)
        await view.press("home", "j", "j", "space", "5", "space")
        assert view.explorer.report.findings[0].evidence[0].layer == 2
        saved = webapp().image.content_bytes - view.explorer.without.content_bytes
        assert saved < webapp().layers[2].content_bytes + view.explorer.report.findings[0].bytes

    explore(scenario, size=(140, 60))


def test_the_dockerfile_without_what_is_struck_out():
    async def scenario(view):
        await known(view)
        while view.explorer.layer_pane.cursor != 4:
            await view.press("k")
        await view.press("space", "5", "space", "D")
        screen = view.app.screen
        assert isinstance(screen, DockerfileScreen)
        assert any(line.startswith("# Leave out, ") and "rm -rf /var/cache/pkg" in line for line in screen.lines)
        assert any("--chown=1000:1000" in line for line in screen.lines)
        assert screen.lines[0] == "# What changes in the Dockerfile; all other lines stay."
        await view.press("y")
        assert view.app.clipboard == "\n".join(screen.lines) + "\n"
        await view.press("D")
        assert view.app.screen is view.explorer
        # In the pane of findings d is still about one finding.
        await view.press("d")
        assert isinstance(view.app.screen, FixScreen)

    explore(scenario, size=(140, 60))


def test_u_still_moves_up_a_page_while_nothing_is_struck_out():
    async def scenario(view):
        await view.press("u")
        assert view.explorer.layer_pane.cursor == 0

    explore(scenario)


def test_the_lists_follow_what_is_struck_out():
    async def scenario(view):
        await known(view)
        explorer, pane = view.explorer, view.explorer.waste_pane
        before = list(pane.items)
        layer = before[0].stored_in
        await view.press("home", *["j"] * layer, "space")
        left = [group for group in pane.items if group not in pane.gone]
        assert sum(group.bytes for group in left) == explorer.without.wasted_bytes
        assert all(group.stored_in != layer for group in left)
        assert {group for group in before if group.stored_in == layer} <= pane.gone
        (row,) = [number for number, group in enumerate(pane.items) if group == before[0]]
        assert "".join(part.text for part in pane.line(row, 80)).lstrip().startswith("x")
        assert f"Waste {len(left):,}" in view.text("#waste")
        assert "Struck out" in view.text("#details")
        gone = [finding for finding in explorer.report.findings if explorer.findings_pane.is_gone(finding)]
        assert gone
        assert f"Findings {len(explorer.report.findings) - len(gone):,}" in view.text("#findings")
        await view.press("u")
        assert list(pane.items) == before
        assert not pane.gone
        assert size(explorer.report.total_bytes) in explorer.findings_pane.border_subtitle

    explore(scenario, size=(200, 60))


@pytest.mark.parametrize("first", range(9))
def test_waste_that_is_left_adds_up(first):
    paths = Paths(webapp().body)
    for struck in ({first}, {first, (first + 3) % 9}):
        without = Without(paths, struck, ())
        assert sum(group.bytes for group in without.waste_groups) == without.wasted_bytes


def test_waste_of_a_file_whose_other_name_is_struck_out():
    analysis = analyze_layers([layer(file("a", b"12345")), layer(hardlink("b", "a")), layer(whiteout("a"))])
    paths = Paths(analysis.body)
    without = Without(paths, {1}, ())
    assert without.wasted_bytes == 5
    assert [(group.path, group.bytes, group.wasted_by) for group in without.waste_groups] == [("/a", 5, 2)]
