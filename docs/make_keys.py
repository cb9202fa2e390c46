"""Writes the tables of keys in docs/tui.md anew, from the tables that the view itself works by.

python docs/make_keys.py
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from imgscope.tui.keys import DIFFERENCE_KEYS, FLEET_KEYS, KEYS, Key, identifier, pretty

PAGE = Path(__file__).with_name("tui.md")
_HEAD = "| Keys | What they do | Name in the config file |\n|---|---|---|\n"


def table(keys: Iterable[Key]) -> str:
    """Return a table of keys."""
    rows = []
    for key in keys:
        words = " ".join(f"`{word}`" for word in pretty(key.keys).split("  ") if word)
        rows.append(f"| {words} | {key.words} | `{identifier(key.name)}` |\n")
    return _HEAD + "".join(rows)


def page(text: str) -> str:
    """Return the page with its tables made anew."""
    groups: dict[str, list[Key]] = {}
    for key in KEYS:
        groups.setdefault(key.group, []).append(key)
    parts = {
        "keys": "\n".join(f"**{group}**\n\n{table(some)}" for group, some in groups.items()),
        "keys of differences": table(key for key in DIFFERENCE_KEYS if key not in KEYS),
        "keys of fleets": table(key for key in FLEET_KEYS if key not in KEYS),
    }
    for name, made in parts.items():
        mark = re.escape(name)
        text = re.sub(
            rf"(<!-- {mark} -->\n).*?(<!-- end of {mark} -->)",
            lambda found, made=made: f"{found[1]}\n{made}\n{found[2]}",
            text,
            count=1,
            flags=re.DOTALL,
        )
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
