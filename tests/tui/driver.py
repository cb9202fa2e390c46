"""Drives the interactive view without a terminal."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import imgscope
from imgscope.analysis import Analysis
from imgscope.differences import Difference, diff
from imgscope.tui.app import ImgscopeApp
from imgscope.tui.browser import Browser
from imgscope.tui.config import Settings
from imgscope.tui.difference.screen import OpenDifference

from .pair import write_pair

FIXTURES = Path(__file__).parents[2] / "fixtures"


@lru_cache
def webapp() -> Analysis:
    return imgscope.analyze(FIXTURES / "webapp.tar", cache=False, contents=True)


@lru_cache
def releases() -> Difference:
    """Two releases of one program compared; open as long as the tests run."""
    folder = Path(tempfile.mkdtemp(prefix="imgscope-releases-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    difference = stack.enter_context(diff(*write_pair(folder), cache=False, contents=True))
    for analysis, name in ((difference.old, "shop:1.0"), (difference.new, "shop:1.1")):
        # The same name on every machine.
        analysis.image = replace(analysis.image, reference=name)
    return difference


class Driven:
    """A running view, its keys, and what is on the screen."""

    def __init__(self, app, pilot):
        self.app, self.pilot = app, pilot

    @property
    def explorer(self) -> Browser:
        screen = self.app.screen_stack[1] if len(self.app.screen_stack) > 1 else self.app.screen
        assert isinstance(screen, Browser)
        return screen

    @property
    def rows(self):
        return self.explorer.rows

    @property
    def tree(self):
        return self.explorer.tree_pane

    async def settle(self):
        await self.pilot.pause()
        for _ in range(200):
            workers = [w for w in self.app.workers if w.group not in ("disk", "findings") and not w.is_finished]
            if not workers:
                break
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def press(self, *keys):
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def type(self, text):
        names = {
            "*": "asterisk",
            ".": "full_stop",
            "/": "slash",
            "$": "dollar_sign",
            "(": "left_parenthesis",
            "-": "minus",
            ">": "greater_than_sign",
            "<": "less_than_sign",
            ":": "colon",
            " ": "space",
            '"': "quotation_mark",
        }
        await self.press(*[names.get(char, char) for char in text])

    def paths(self):
        return ["/" + self.explorer.paths.path(node).decode("utf-8", "surrogateescape") for node in self.rows.nodes]

    def here(self):
        return self.explorer.selected_path()

    def mark(self, path):
        from imgscope.tui.model.marks import Mark

        return Mark(self.rows.view.marks[self.explorer.paths.find(path[1:].encode())])

    def text(self, selector=None):
        """What a person would read on the screen, or in one widget."""
        region = self.app.screen.query_one(selector).region if selector else None
        lines = ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]
        if region is not None:
            lines = [line[region.x : region.right] for line in lines[region.y : region.bottom]]
        return "\n".join(lines)


def explore(
    scenario: Callable[[Driven], Awaitable[None]],
    *,
    size: tuple[int, int] = (140, 45),
    analysis: Analysis | None = None,
    difference: Difference | None = None,
    settings: Settings | None = None,
    theme: str | None = None,
    as_opened: bool = False,
) -> ImgscopeApp:
    """Open the view of an image, or of a difference, wait for the tree, and run a scenario.

    Scenarios begin at the last layer with all folders closed; with ``as_opened`` where the view itself begins.
    """
    known = analysis or webapp()
    opened = known if difference is None else OpenDifference(difference, lambda: None)

    async def main() -> ImgscopeApp:
        app = ImgscopeApp(lambda _: opened, known.image.reference, settings)
        # A step is over when nothing moves any more; what never comes to rest would be waited for without end.
        app.animation_level = "none"
        if theme:
            app.theme = theme
        async with app.run_test(size=size, notifications=True) as pilot:
            for _ in range(500):
                await pilot.pause(0.01)
                if isinstance(app.screen, Browser) and app.screen.rows is not None:
                    break
            driven = Driven(app, pilot)
            await driven.settle()
            if difference is None and not as_opened and (settings is None or not settings.open_folders):
                driven.rows.open_all(False)
                driven.tree.reload(0)
                driven.explorer.layer_pane.cursor = max(len(known.layers) - 1, 0)
                await driven.settle()
            await scenario(driven)
        return app

    return asyncio.run(asyncio.wait_for(main(), 300))
