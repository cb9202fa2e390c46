"""Makes the pictures of the interactive view from a real image: ``python docs/pictures/make.py``.

Needs the fixtures; writes SVG files beside itself.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import imgscope
from imgscope.tui.app import ImgscopeApp, Opened
from imgscope.tui.browser import Browser
from imgscope.tui.config import Settings
from imgscope.tui.difference.screen import OpenDifference
from imgscope.tui.explorer import Explorer

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))
IMAGE = HERE.parents[1] / "fixtures" / "webapp.tar"
DARK, LIGHT = "imgscope-dark", "imgscope-light"
PICTURES: dict[str, tuple[tuple[int, int], str, str]] = {
    "explore": ((140, 42), DARK, "2 E W w"),
    "range": ((140, 42), LIGHT, "home j j c end 2 E x"),
    "narrow": ((80, 24), DARK, "2 j j l l"),
    "filter": ((110, 30), DARK, "slash asterisk full_stop j s"),
    "findings": ((110, 30), DARK, "5 d"),
    "view": ((110, 30), LIGHT, "slash p a s s w d enter f"),
}


# Of two releases, which the tests of the view are made with.
DIFFERENCES: dict[str, tuple[tuple[int, int], str, str]] = {
    "difference": ((140, 42), DARK, "2 E j j j j j"),
}


def one_image() -> tuple[Opened, str]:
    """Open the image of the pictures."""
    analysis = imgscope.analyze(IMAGE, cache=False, contents=True)
    analysis.image = replace(analysis.image, reference="webapp:1.0")
    return analysis, "imgscope analyze webapp:1.0"


def two_images() -> tuple[Opened, str]:
    """Open the difference of the pictures."""
    from tests.tui.driver import releases

    return OpenDifference(releases(), lambda: None), "imgscope diff shop:1.0 shop:1.1"


async def take(opened: Opened, title: str, size: tuple[int, int], theme: str, keys: str) -> str:
    """Open the view, press keys, and return the screen as SVG."""
    app = ImgscopeApp(lambda _: opened, title, Settings(theme))
    async with app.run_test(size=size) as pilot:
        while not (isinstance(app.screen, Browser) and app.screen.rows is not None):
            await pilot.pause(0.02)
        for key in keys.split():
            await pilot.press(key)
            await pilot.pause(0.05)
            while key == "5" and isinstance(app.screen, Explorer) and app.screen.report is None:
                await pilot.pause(0.05)
        await pilot.pause(0.4)
        picture = app.export_screenshot(title=title)
    opened.close()
    # Some viewers drop spaces at the ends of a text without this.
    return picture.replace("<text ", '<text xml:space="preserve" ')


def main() -> int:
    """Make all pictures, or those that are named."""
    for name in sys.argv[1:] or (*PICTURES, *DIFFERENCES):
        opened, title = one_image() if name in PICTURES else two_images()
        picture = asyncio.run(take(opened, title, *(PICTURES | DIFFERENCES)[name]))
        (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
