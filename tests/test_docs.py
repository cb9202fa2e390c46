"""The docs are true: commands are documented as they are, links lead somewhere, what is shown runs."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_commands_page_is_the_commands_own_help():
    made = runpy.run_path(str(ROOT / "docs/make_commands.py"))["text"]()
    assert (ROOT / "docs/commands.md").read_text() == made, "run: python docs/make_commands.py"
    assert "\\b" not in made, "a raw docstring hides click's mark for text that is not to be wrapped"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_something(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_readmes_commands_are_single_lines_that_the_gate_finds():
    text = (ROOT / "README.md").read_text()
    for mark in ("install", "test"):
        following = text.split(f"<!-- {mark} -->\n", 1)[1].splitlines()
        assert following[0].startswith("    ") and not following[1].strip()


def test_every_module_of_the_map_exists():
    for name in re.findall(r"^\| `([^`]+)`", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE):
        assert (ROOT / "imgscope" / name).exists(), name


def test_the_rules_pages_are_the_rules_own_words():
    made = runpy.run_path(str(ROOT / "docs/make_rules.py"))["pages"]()
    folder = ROOT / "docs/rules"
    assert {path.name: path.read_text() for path in folder.glob("*.md")} == made, "run: python docs/make_rules.py"
