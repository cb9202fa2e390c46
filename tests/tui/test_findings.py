"""The findings of suggest in the view of an image."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

import imgscope
from imgscope.analysis import Analysis
from imgscope.report import Options, renderer
from imgscope.tui.findings.fix import FixScreen, fix_text
from imgscope.tui.findings.pane import FindingsPane
from imgscope.tui.text import split_bar
from tests.oracle.maketar import file, layer

from .driver import FIXTURES, explore, webapp


async def known(view):
    for _ in range(500):
        if view.explorer.report is not None:
            break
        await view.pilot.pause(0.02)
    await view.settle()


def test_findings_are_listed_without_being_asked_for():
    async def scenario(view):
        await known(view)
        text = view.text("#findings")
        assert "IS003" in text
        assert "certain" in text
        assert "125 kB to save" in text

    explore(scenario)


def test_enter_goes_to_the_evidence_in_the_layer_that_holds_it():
    async def scenario(view):
        await known(view)
        await view.press("5", "enter")
        assert view.explorer.focused.id == "tree"
        assert view.explorer.layer_pane.cursor == 2
        assert view.here() == "/srv/app/assets/photo-copy.raw"
        finding = view.explorer.report.findings[0]
        shown = {
            path for path, node in zip(view.paths(), view.rows.nodes, strict=True) if not view.rows.has_names(node)
        }
        assert shown == {row.path for row in finding.evidence}
        assert "of IS003" in view.text("#tree")
        await view.press("escape")
        assert "/bin" in view.paths()

    explore(scenario)


@pytest.mark.parametrize("key", ["d", "D"])
def test_d_shows_the_fix_and_its_lines(key):
    async def scenario(view):
        await known(view)
        await view.press("5", key)
        assert isinstance(view.app.screen, FixScreen)
        text = view.text()
        for words in ("saves 125 kB", "--chown=1000:1000", "RUN chown -R 1000:1000", "Evidence: 20 paths"):
            assert words in text
        await view.press("y")
        finding = view.explorer.report.findings[0]
        assert view.app.clipboard == "\n".join(finding.lines or finding.ignore_lines)
        await view.press("escape")
        assert view.app.screen is view.explorer

    explore(scenario)


def test_elsewhere_d_still_moves_down_a_page():
    async def scenario(view):
        await view.press("2", "E", "d")
        assert view.tree.cursor > 10

    explore(scenario)


def test_a_finding_without_paths_leads_to_its_layer_or_its_fix():
    async def scenario(view):
        await known(view)
        await view.press("5", "end", "enter")
        assert view.explorer.focused.id == "layers" or isinstance(view.app.screen, FixScreen)

    with imgscope.analyze(FIXTURES / "site.tar", cache=False, contents=True) as analysis:
        explore(scenario, analysis=analysis)


def named(analysis: Analysis) -> Analysis:
    """The same image under a name: one that an engine would have to export."""
    image = replace(analysis.image, reference="webapp:1.0")
    return Analysis(
        image, analysis.layers, analysis.notes, lambda: analysis.body, analysis.contents, analysis.highlights
    )


def test_of_an_engines_image_they_are_looked_for_when_asked():
    async def scenario(view):
        assert "5 looks for" in view.text("#findings")
        await view.press("D")
        assert view.app.screen is view.explorer
        await view.press("5")
        await known(view)
        assert "IS003" in view.text("#findings")

    explore(scenario, analysis=named(webapp()))


def test_the_view_does_not_wait_for_them(monkeypatch):
    go = threading.Event()

    def slow(analysis):
        assert go.wait(20)
        raise imgscope.errors.ArchiveError("it broke")

    monkeypatch.setattr("imgscope.suggestions.suggest", slow)

    async def scenario(view):
        await view.press("5", "2", "E", "j", "j")
        assert "looking for" in view.text("#findings")
        assert view.tree.cursor == 2
        go.set()
        for _ in range(200):
            await view.pilot.pause(0.02)
            if "it broke" in view.text("#findings"):
                break
        assert "it broke" in view.text("#findings")

    explore(scenario)


def test_of_a_saved_analysis_too(tmp_path):
    saved = tmp_path / "saved.json"
    with imgscope.analyze(FIXTURES / "webapp.tar", cache=False) as analysis:
        saved.write_bytes(b"".join(renderer("json")(analysis, Options())))

    async def scenario(view):
        await view.press("5")
        await known(view)
        assert "IS003" in view.text("#findings")

    with imgscope.analyze(saved) as analysis:
        explore(scenario, analysis=analysis)


def test_what_saves_no_bytes_is_said_without_any(make):
    image = make(layer(file("etc/os-release", b"ID=x")), config={"Env": ["API_TOKEN=hunter2hunter2hunter2"]})
    with imgscope.analyze(image, cache=False) as analysis:
        report = imgscope.suggest(analysis)
        texts = {finding.code: fix_text(report, finding).plain for finding in report.findings}
    assert "likely, saves no bytes" in texts["IS603"] and "config: ENV  API_TOKEN" in texts["IS603"]
    assert "good practice" in texts["IS901"]
    assert not any(words in text for text in texts.values() for words in ("0 B", "layer -1", "saves nothing"))
    order = sorted(report.findings, key=FindingsPane.orders["bytes"])
    assert order[0].code == "IS603" and order[-1].note


def test_the_bar_of_a_small_row_is_small():
    assert split_bar(1, 0, 1000, 5) == ("▏", "")
    assert split_bar(1000, 0, 1000, 5) == ("█████", "")
    assert split_bar(0, 1, 1000, 5) == ("", "░")
    assert split_bar(300, 300, 1000, 5) == ("█", "░░")
    assert split_bar(0, 0, 1000, 5) == ("", "")
