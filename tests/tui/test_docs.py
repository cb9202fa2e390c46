"""The documentation says what the keys do."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgscope.tui.difference.screen import Differ
from imgscope.tui.explorer import Explorer
from imgscope.tui.keys import ALWAYS, DIFFERENCE_KEYS, FOOTERS, KEYS, identifier, pretty

DOCS = Path(__file__).parents[2] / "docs" / "tui.md"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: identifier(key.name))
def test_every_key_is_documented(key):
    keys = " ".join(f"`{word}`" for word in pretty(key.keys).split("  ") if word)
    assert f"| {keys} | {key.words} | `{identifier(key.name)}` |" in DOCS.read_text()


@pytest.mark.parametrize(
    "key", [key for key in DIFFERENCE_KEYS if key not in KEYS], ids=lambda key: identifier(key.name)
)
def test_every_key_of_a_difference_is_documented(key):
    keys = " ".join(f"`{word}`" for word in pretty(key.keys).split("  ") if word)
    assert f"| {keys} | {key.words} | `{identifier(key.name)}` |" in DOCS.read_text()


@pytest.mark.parametrize(("table", "screen"), [(KEYS, Explorer), (DIFFERENCE_KEYS, Differ)])
def test_every_key_has_its_action_and_no_two_share_one(table, screen):
    seen: dict[str, str] = {}
    for key in table:
        name = key.name.partition("(")[0]
        if not name.startswith(("app.", "move.")):
            assert hasattr(screen, f"action_{name}"), name
        for word in filter(None, key.keys.split(",")):
            assert word not in seen, f"{word}: {seen.get(word)} and {key.name}"
            seen[word] = key.name
    for pane in screen.panes:
        shown = [key for key in table if key.name in (*FOOTERS[pane], *ALWAYS)]
        assert shown and all(key.short for key in shown)


def test_the_pictures_that_the_documentation_shows_exist():
    from re import findall

    pictures = findall(r"\]\((pictures/[^)]+)\)", DOCS.read_text())
    assert pictures
    for picture in pictures:
        assert "<svg" in (DOCS.parent / picture).read_text()[:200]
