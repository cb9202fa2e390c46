"""Writes the rules' pages, and pages that nobody has given a place yet, into the site's navigation.

By hand: python docs/make_nav.py
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def text() -> str:
    """Return zensical.toml with a line for each page of docs/rules, and for each that it does not name otherwise."""
    whole = (ROOT / "zensical.toml").read_text()
    rules = sorted((DOCS / "rules").glob("*.md"), key=lambda page: (page.stem != "index", page.stem))
    whole = _filled(_filled(whole, "rules", rules), "others", [])
    others = [page for page in sorted(DOCS.rglob("*.md")) if f'"{page.relative_to(DOCS).as_posix()}"' not in whole]
    return _filled(whole, "others", others)


def _filled(whole: str, name: str, pages: list[Path]) -> str:
    begin, end = (f"# {word} {name}: written by docs/make_nav.py.\n" for word in ("Begin", "End"))
    before, rest = whole.split(begin)
    indent = before.rpartition("\n")[2]
    lines = "".join(indent + _line(page) for page in pages)
    return before + begin + lines + indent + end + rest.split(end)[1]


def _line(page: Path) -> str:
    if page.name == "index.md":
        return f'"{page.relative_to(DOCS).as_posix()}",\n'
    title = re.sub(r"[`\"\\]", "", page.read_text().partition("\n")[0].lstrip("# "))
    return f'{{ "{title}" = "{page.relative_to(DOCS).as_posix()}" }},\n'


if __name__ == "__main__":
    (ROOT / "zensical.toml").write_text(text())
