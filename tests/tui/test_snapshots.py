"""The main screens look as they did: text, colours and places, as the SVG pictures kept beside this file.

``IMGSCOPE_SNAPSHOTS=write pytest tests/tui/test_snapshots.py`` keeps what is drawn now; look at the pictures before
you commit them.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from imgscope.analysis import Analysis

from .driver import explore, releases, webapp

KEPT = Path(__file__).parent / "snapshots"
SCREENS = {
    "start": "",
    "tree": "2 E W w",
    "changes": "home j j c end 2 E x",
    "filter": "slash p h o t o",
    "help": "question_mark",
    "content": "slash p a s s w d enter v",
    "extract": "2 e",
    "findings": "5",
    "fix": "5 d",
    "what-if": "5 space 1 k space",
    "dead": "2 end X",
}
# The same of a difference between two images.
DIFFERENCES = {
    "difference": "2 E",
    "difference-packages": "4 j",
    "difference-why": "2 E w W",
    "difference-file": "slash c o n f i g enter enter",
    "difference-help": "question_mark",
}
# Screens that are looked at in the light theme too.
LIGHT = ("start", "changes", "difference")


def renamed(analysis: Analysis) -> Analysis:
    """The same image under a name that is the same on every machine."""
    copy = Analysis(
        replace(analysis.image, reference="webapp:1.0"),
        analysis.layers,
        analysis.notes,
        lambda: analysis.body,
        analysis.contents,
        analysis.highlights,
    )
    return copy


def normal(svg: str) -> str:
    """Drop what has nothing to do with the look."""
    return re.sub(r"terminal-\d+", "terminal", svg)


SIZES = ((80, 24), (140, 45))
# Sizes between and beyond, at which the main screens alone are looked at.
MORE_SIZES = ((110, 24), (200, 60))
MAIN = ("start", "tree", "filter", "findings", "what-if", "difference")
DRAWN = [
    *((screen, "imgscope-dark", size) for screen in (*SCREENS, *DIFFERENCES) for size in SIZES),
    *((screen, "imgscope-light", size) for screen in LIGHT for size in SIZES),
    *((screen, "imgscope-dark", size) for screen in MAIN for size in MORE_SIZES),
]


@pytest.mark.parametrize(
    ("screen", "theme", "size"), DRAWN, ids=lambda value: value if isinstance(value, str) else "x".join(map(str, value))
)
def test_the_screen_looks_as_it_did(screen, size, theme, monkeypatch, tmp_path):
    # The folder that extracting proposes is the working directory.
    monkeypatch.setattr(Path, "cwd", classmethod(lambda cls: cls("/home/user")))
    drawn = []

    async def scenario(view):
        keys = (SCREENS | DIFFERENCES)[screen].split()
        for key in keys:
            await view.press(key)
            while key == "5" and view.explorer.report is None:
                await view.pilot.pause(0.02)
        if view.app.focused is not None and hasattr(view.app.focused, "cursor_blink"):
            view.app.focused.cursor_blink = False
        await view.settle()
        drawn.append(normal(view.app.export_screenshot(title=screen)))

    shown = {"difference": releases()} if screen in DIFFERENCES else {"analysis": renamed(webapp())}
    explore(scenario, size=size, theme=theme, **shown)
    kept = KEPT / f"{screen}-{size[0]}x{size[1]}-{theme.removeprefix('imgscope-')}.svg"
    if os.environ.get("IMGSCOPE_SNAPSHOTS") == "write":
        KEPT.mkdir(exist_ok=True)
        kept.write_text(drawn[0], encoding="utf-8")
    assert kept.exists(), "no picture is kept: see this file's first lines"
    if drawn[0] != kept.read_text(encoding="utf-8"):
        other = tmp_path / kept.name
        other.write_text(drawn[0], encoding="utf-8")
        pytest.fail(f"{kept.name} looks different now: compare {other}")
