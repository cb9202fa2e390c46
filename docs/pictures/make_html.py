"""Makes the live example of the HTML report, and its pictures: needs Debian's chromium, ImageMagick, and playwright.

By hand: python docs/pictures/make_html.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LIVE = ROOT / "docs" / "live"
# What is made: a name, and the arguments of `imgscope report` without the file.
PAGES = {
    "webapp": ["fixtures/webapp.tar", "--dockerfile", "fixtures/webapp/Dockerfile", "--check", "--duplicates"],
}
# Pictures: a name, the page, width and height, light or dark, and what the address says.
PICTURES = (
    ("html", "webapp", 1280, 860, "light", "#at=/srv"),
    ("html-phone", "webapp", 390, 780, "dark", ""),
    ("html-difference", "difference", 1280, 860, "dark", ""),
)


def write(name: str, folder: Path) -> Path:
    """Write a page as a user would, in the project's folder."""
    target = folder / f"{name}.html"
    command = [sys.executable, "-m", "imgscope", "report", "--no-cache", PAGES[name][0], str(target), *PAGES[name][1:]]
    subprocess.run(command, cwd=ROOT, check=True)
    return target


def main() -> None:
    """Make all of it."""
    from playwright.sync_api import sync_playwright

    sys.path.insert(0, str(ROOT))
    from tests.tui.pair import write_pair

    LIVE.mkdir(exist_ok=True)
    write("webapp", LIVE)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        pages = {name: write(name, Path(folder)) for name in PAGES}
        pages["difference"] = Path(folder) / "difference.html"
        old, new = write_pair(Path(folder))
        command = [sys.executable, "-m", "imgscope", "diff", old.name, new.name, "-o", "html=difference.html"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, page, width, height, scheme, fragment in PICTURES:
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            tab = context.new_page()
            tab.goto(pages[page].as_uri() + fragment)
            tab.wait_for_selector("html[data-ready=yes]", state="attached")
            tab.wait_for_timeout(500)
            picture = Path(folder) / f"{name}.png"
            tab.screenshot(path=picture)
            context.close()
            target = ROOT / "docs" / "pictures" / f"{name}.webp"
            subprocess.run(["convert", str(picture), "-quality", "88", str(target)], check=True)
        browser.close()


if __name__ == "__main__":
    main()
