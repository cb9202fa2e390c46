"""How long the browser is busy at most with one task of the page, of 150,000 files: ``python -m tests.html.frames``.

Each action is done three times, and the quickest counts: a frame is to take no more than 100 ms. Needs Chromium.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from .pages import many_files
from .test_browser import BUSY

FILES = 150_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def actions(page: Page) -> dict[str, object]:
    """Return what is done, by name."""
    found: dict[str, object] = {
        f"colour by {name}": lambda name=name: page.select_option("#colour", name)
        for name in ("type", "layer", "package", "age", "waste")
    }
    found["search"] = lambda: page.fill("#search", "module_1")
    found["search cleared"] = lambda: page.fill("#search", "")
    found["icicle"] = lambda: page.click("text=Icicle")
    found["treemap"] = lambda: page.click("text=Treemap")
    found["a layer"] = lambda: page.click("#layers [data-layer='0']")
    found["all layers"] = lambda: page.click("#layers [data-layer='0']")
    found["largest files"] = lambda: page.click("#tab-files")
    return found


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder) / "big.html"
        tar = many_files(Path(folder) / "big.tar", FILES)
        command = [sys.executable, "-m", "imgscope", "analyze", str(tar), "--no-cache", "-o", f"html={file}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready='yes']", state="attached")
        drawn = page.evaluate("performance.getEntriesByName('imgscope-drawn')[0].startTime")
        # What a search will want is made ready in the background.
        page.wait_for_timeout(3000)
        page.evaluate(BUSY)
        page.evaluate("setTimeout(() => { const end = performance.now() + 200; while (performance.now() < end); }, 0)")
        page.wait_for_timeout(700)
        assert page.evaluate(BUSY) > 150, "this browser does not tell of long tasks"
        longest: dict[str, float] = {}
        for _ in range(3):
            for name, act in actions(page).items():
                act()  # type: ignore[operator]
                page.wait_for_timeout(700)
                longest[name] = min(longest.get(name, 1e9), page.evaluate(BUSY))
        browser.close()
    print(f"{file.name}: first picture after {drawn:.0f} ms")
    for name, milliseconds in longest.items():
        print(f"{name:<18} {f'{milliseconds:.0f} ms' if milliseconds else 'under 50 ms'}")


if __name__ == "__main__":
    main()
