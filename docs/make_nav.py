"""Writes the rules' pages into the site's navigation: python docs/make_nav.py"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BEGIN = "    # Written by docs/make_nav.py.\n"
_END = "    # End of what is written by docs/make_nav.py.\n"


def text() -> str:
    """Return zensical.toml with a line for each page of docs/rules."""
    whole = (ROOT / "zensical.toml").read_text()
    before, rest = whole.split(_BEGIN)
    after = rest.split(_END)[1]
    lines = []
    pages = sorted((ROOT / "docs" / "rules").glob("*.md"), key=lambda page: (page.stem != "index", page.stem))
    for page in pages:
        title = re.sub(r"[`\"\\]", "", page.read_text().partition("\n")[0].lstrip("# "))
        lines.append(f'    {{ "{title}" = "rules/{page.name}" }},\n')
    return before + _BEGIN + "".join(lines) + _END + after


if __name__ == "__main__":
    (ROOT / "zensical.toml").write_text(text())
