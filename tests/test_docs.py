"""The docs are true: commands are documented as they are, links lead somewhere, what is shown runs."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_commands_page_is_the_commands_own_help():
    # In a process of its own: click remembers what a command's help option was called when it was first asked.
    code = "import runpy; print(runpy.run_path('docs/make_commands.py')['text'](), end='')"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    ).stdout
    assert (ROOT / "docs/commands.md").read_text() == made, "run: python docs/make_commands.py"
    assert "\\b" not in made, "a raw docstring hides click's mark for text that is not to be wrapped"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_something(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_sites_navigation_leads_to_every_page():
    import tomllib

    made = runpy.run_path(str(ROOT / "docs/make_nav.py"))["text"]()
    assert (ROOT / "zensical.toml").read_text() == made, "run: python docs/make_nav.py"

    def pages(entries):
        for entry in entries:
            for target in [entry] if isinstance(entry, str) else entry.values():
                yield from [target] if isinstance(target, str) else pages(target)

    found = list(pages(tomllib.loads(made)["project"]["nav"]))
    assert sorted(found) == sorted(str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md"))


def test_the_site_builds_without_a_warning(tmp_path):
    settings = (ROOT / "zensical.toml").read_text().replace('site_dir = "build/site"', 'site_dir = "site"')
    (tmp_path / "zensical.toml").write_text(settings)
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    assert done.returncode == 0, said
    assert "warning" not in said.lower()
    assert (tmp_path / "site/index.html").is_file()
    for page in (ROOT / "docs").rglob("*.md"):
        assert (tmp_path / "site" / page.relative_to(ROOT / "docs").with_suffix(".html")).is_file()
    # No page asks another host for anything when it is read.
    text = (tmp_path / "site/index.html").read_text()
    assert not re.search(r"""(?:src|<link[^>]*href)=["']?https?://""", text)


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
