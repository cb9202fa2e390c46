"""``imgscope report``: all parts in one file; ``--open``; the live example of the site."""

from __future__ import annotations

import runpy
import webbrowser
from pathlib import Path

import pytest

from imgscope.cli import run
from tests.html.pages import data, encoded, write
from tests.tui.pair import write_pair

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def browsers(monkeypatch) -> list[str]:
    """The addresses that a browser would have been opened with."""
    found: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: not found.append(address))
    return found


def test_a_report_holds_all_parts_and_each_is_that_of_its_command(tmp_path):
    old, new = write_pair(tmp_path)
    target = tmp_path / "report.html"
    words = ["--against", str(old), "--check", "--bases", "--duplicates", "--no-cache"]
    assert run(["report", str(new), str(target), *words]) in (0, 1)
    page = data(target)
    assert {"image", "layers", "nodes", "suggestions", "verdict", "difference", "bases", "duplicates"} <= set(page)
    diff = data(write(tmp_path / "diff.html", "diff", old, new))
    suggest = data(write(tmp_path / "suggest.html", "suggest", new))
    assert page["difference"] == diff["difference"]
    assert page["suggestions"] == suggest["suggestions"]
    assert page["nodes"] == suggest["nodes"] == diff["nodes"]


def test_the_exit_code_is_the_verdicts(webapp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imgscope.toml").write_text('[check]\nmax-size = "1kB"\n')
    target = tmp_path / "report.html"
    assert run(["report", str(webapp), str(target)]) == 0
    assert "verdict" not in data(target)
    assert run(["report", str(webapp), str(target), "--check"]) == 1
    assert data(target)["verdict"]["verdict"] == "fail"


def test_a_saved_analysis_has_no_findings_and_all_else(webapp, tmp_path):
    saved, target = tmp_path / "saved.json", tmp_path / "report.html"
    assert run(["analyze", str(webapp), "-o", f"json={saved}"]) == 0
    assert run(["report", str(saved), str(target)]) == 0
    page = data(target)
    assert page["image"]["content_bytes"] > 0 and page["nodes"]["sizes"]


def test_no_image_is_written_over(webapp, tmp_path, capsys):
    copy = tmp_path / "image.tar"
    copy.write_bytes(webapp.read_bytes())
    assert run(["report", str(copy), str(copy)]) == 2
    assert copy.read_bytes() == webapp.read_bytes()
    assert "would replace what is read" in capsys.readouterr().err


def test_standard_input_is_read_once(tmp_path, capsys):
    assert run(["report", "-", str(tmp_path / "a.html"), "--against", "-"]) == 2
    assert "can be read once" in capsys.readouterr().err


def test_the_file_is_opened_once_it_is_there(webapp, tmp_path, browsers):
    target = tmp_path / "a b#.html"
    assert run(["report", str(webapp), str(target), "--open"]) == 0
    assert run(["analyze", str(webapp), "-o", f"html={target}", "--open"]) == 0
    assert browsers == [target.as_uri()] * 2 and target.is_file()


def test_open_without_a_file_is_a_usage_error(webapp, browsers, capsys):
    assert run(["analyze", str(webapp), "--open"]) == 2
    assert "-o html=FILE" in capsys.readouterr().err
    assert browsers == []


def test_a_verdict_stands_where_no_browser_does(webapp, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    words = ["check", str(webapp), "--max-size", "1kB", "--no-config", "-o", f"html={tmp_path / 'a.html'}", "--open"]
    assert run(words) == 1
    assert "no browser was found" in capsys.readouterr().err


def test_the_live_example_is_what_this_version_writes(tmp_path):
    made = runpy.run_path(str(ROOT / "docs" / "pictures" / "make_html.py"))
    again = made["write"]("webapp", tmp_path)
    live = ROOT / "docs" / "live" / "webapp.html"
    assert data(live) == data(again), "run: python docs/pictures/make_html.py"
    frames = [path.read_text().replace(encoded(path.read_text()), "") for path in (live, again)]
    assert frames[0] == frames[1], "run: python docs/pictures/make_html.py"
