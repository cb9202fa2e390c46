"""The main screens look as they did: text, colours and places, as the SVG pictures kept beside this file.

``IMGSCOPE_SNAPSHOTS=write pytest tests/tui/test_snapshots.py`` keeps what is drawn now; look at the pictures before
you commit them.
"""

from __future__ import annotations

import os
import re
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from imgscope.analysis import Analysis
from imgscope.dockerfile import parse
from imgscope.fixes.model import Check, Edit, Lacking, Left, Made, Record, Weight
from imgscope.tui.findings.prove import ProofScreen

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
    compared(drawn[0], screen, size, theme, tmp_path)


def compared(drawn: str, screen: str, size: tuple[int, int], theme: str, tmp_path: Path) -> None:
    """Fail where what is drawn is not what is kept; or keep it."""
    kept = KEPT / f"{screen}-{size[0]}x{size[1]}-{theme.removeprefix('imgscope-')}.svg"
    if os.environ.get("IMGSCOPE_SNAPSHOTS") == "write":
        KEPT.mkdir(exist_ok=True)
        kept.write_text(drawn, encoding="utf-8")
    assert kept.exists(), "no picture is kept: see this file's first lines"
    if drawn != kept.read_text(encoding="utf-8"):
        other = tmp_path / kept.name
        other.write_text(drawn, encoding="utf-8")
        pytest.fail(f"{kept.name} looks different now: compare {other}")


def proof() -> Record:
    """What came of fixing a Dockerfile, as a run with an engine writes it down."""
    lines = ["FROM debian:12", "RUN apt-get update && apt-get install -y gcc", f"ENV DB_PASSWORD={'Xk29' * 4}"]
    before = parse("\n".join([*lines, "RUN chown -R 7 /srv", 'CMD ["/srv/app"]', ""]), "Dockerfile")
    after = parse("\n".join([*lines, 'CMD ["/srv/app"]', ""]), "Dockerfile")
    edit = Edit("IS003@2", "IS003", "safe", (4,), 125_000, "chown -R goes: the COPY gives the owner")
    return Record(
        before,
        Weight("Dockerfile", 591_000_000, 590_000_000, 7),
        Weight("", 590_875_000, 590_000_000, 6),
        after,
        made=(Made(edit, 125_000, ("settings", "start"), 5.2),),
        left=(Left("IS201", (2,), 200_000_000, "start: ends with exit code 127, not 0: gcc: not found", tried=True),),
        checks=(Check("settings", True, "all settings are as before"), Check("start", True, "stays up, healthy")),
        lacking=(Lacking("folder", "/srv/cache", 12_000, 3),),
        builder="docker (BuildKit)",
        builds=3,
        bound=6,
        candidates=2,
        seconds=16.4,
        notes=("A build that ran: no HEALTHCHECK tells whether the program answers.",),
    )


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("screen", ["proof-under-way", "proof"])
def test_the_window_of_a_proof_looks_as_it_did(screen, size, monkeypatch, tmp_path):
    """What an engine does is not of the look: the run is one that says when it begins what, and comes to a record."""
    clock, over, began = [0.0], threading.Event(), threading.Event()

    def run(context, dockerfile, *, progress):
        steps = (
            "building what is there (build 1)",
            f"opening docker:sha256:{'0123456789abcdef' * 4}",
            "trying 2 edits",
        )
        for step, seconds in zip(steps, (8, 1, 0), strict=True):
            progress.start(None, step)
            clock[0] += seconds
        clock[0] += 3
        began.set()
        if screen == "proof-under-way":
            over.wait(10)
            progress.finish()
        return proof()

    monkeypatch.setattr("imgscope.fixes.fix", run)
    monkeypatch.setattr("imgscope.tui.findings.prove.time", SimpleNamespace(monotonic=lambda: clock[0]))
    drawn = []

    async def scenario(view):
        # What lies behind the window is at rest.
        await view.press("5")
        while view.explorer.report is None:
            await view.pilot.pause(0.02)
        await view.settle()
        window = ProofScreen("Dockerfile")
        view.app.push_screen(window)
        await view.settle()
        began.wait(10)
        if screen == "proof":
            window._thread.join(10)
        window._look()
        await view.settle()
        drawn.append(normal(view.app.export_screenshot(title=screen)))
        over.set()

    explore(scenario, size=size, theme="imgscope-dark", analysis=renamed(webapp()))
    compared(drawn[0], screen, size, "imgscope-dark", tmp_path)
