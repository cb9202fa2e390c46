"""A browser that the pages are opened in, and Node for what builds them. CI has both; elsewhere tests are skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgscope.report import html

SOURCE = Path(html.__file__).parent / "page"


def lacking(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"the gate must run these: needs {what}")
    pytest.skip(f"needs {what}")


@pytest.fixture(scope="session")
def tools() -> Path:
    """The page's source with what builds it."""
    if shutil.which("node") is None:
        lacking("node")
    if not (SOURCE / "node_modules" / "esbuild").is_dir():
        lacking("what builds the page: npm ci --ignore-scripts in imgscope/report/html/page")
    return SOURCE


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Debian's Chromium, without a window; for one module, since no other loop runs in this thread meanwhile."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        lacking("playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        lacking("chromium")
    with sync_playwright() as driver:
        # Containers have no namespaces to give, and /dev/shm is small there.
        running = driver.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield running
        running.close()


class Opened:
    """A page in a tab of its own, with what it asked for, said, and failed at."""

    def __init__(self, browser, path: Path, fragment: str = "", **options: object) -> None:
        options.setdefault("viewport", {"width": 1280, "height": 900})
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.asked: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.goto(path.as_uri() + fragment)
        self.page.wait_for_selector("html[data-ready=yes]", state="attached")

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def await_text(self, selector: str, text: str) -> None:
        from playwright.sync_api import expect

        expect(self.page.locator(selector)).to_contain_text(text, timeout=20_000)

    def settle(self) -> None:
        """Wait for what a keystroke sets off: a search waits for the typing to end."""
        self.page.wait_for_timeout(250)


@pytest.fixture
def opened(browser):
    tabs: list[Opened] = []

    def open_(path: Path, fragment: str = "", **options: object) -> Opened:
        tabs.append(Opened(browser, path, fragment, **options))
        return tabs[-1]

    yield open_
    for tab in tabs:
        tab.context.close()
        assert tab.errors == []
        # Nothing but the file itself was ever asked for.
        assert [url for url in tab.asked if not url.startswith(("file://", "data:", "blob:null"))] == []
