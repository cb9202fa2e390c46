"""Makes the pictures of the interactive view from a real image: ``python docs/pictures/make.py``.

Needs the fixtures; writes SVG files beside itself.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import imgscope
from imgscope.tui.app import ImgscopeApp
from imgscope.tui.config import Settings
from imgscope.tui.explorer import Explorer

HERE = Path(__file__).parent
IMAGE = HERE.parents[1] / "fixtures" / "webapp.tar"
DARK, LIGHT = "imgscope-dark", "imgscope-light"
PICTURES: dict[str, tuple[tuple[int, int], str, str]] = {
    "explore": ((140, 42), DARK, "2 E W w"),
    "range": ((140, 42), LIGHT, "home j j c end 2 E x"),
    "narrow": ((80, 24), DARK, "2 j j l l"),
    "filter": ((110, 30), DARK, "slash asterisk full_stop j s"),
    "view": ((110, 30), LIGHT, "slash p a s s w d enter f"),
}


async def take(size: tuple[int, int], theme: str, keys: str) -> str:
    """Open the view, press keys, and return the screen as SVG."""
    analysis = imgscope.analyze(IMAGE, cache=False, contents=True)
    analysis.image = replace(analysis.image, reference="webapp:1.0")
    app = ImgscopeApp(lambda _: analysis, "webapp:1.0", Settings(theme))
    async with app.run_test(size=size) as pilot:
        while not (isinstance(app.screen, Explorer) and app.screen.rows is not None):
            await pilot.pause(0.02)
        for key in keys.split():
            await pilot.press(key)
            await pilot.pause(0.05)
        await pilot.pause(0.4)
        picture = app.export_screenshot(title="imgscope analyze webapp:1.0")
    analysis.close()
    # Some viewers drop spaces at the ends of a text without this.
    return picture.replace("<text ", '<text xml:space="preserve" ')


def main() -> int:
    """Make all pictures, or those that are named."""
    for name in sys.argv[1:] or PICTURES:
        (HERE / f"{name}.svg").write_text(asyncio.run(take(*PICTURES[name])), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
