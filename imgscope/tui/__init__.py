"""The interactive view. Textual is imported below this package, nowhere else, and only when the view opens."""

from __future__ import annotations

import os
import sys

__all__ = ["run", "unusable"]


def unusable() -> str | None:
    """Say why the view can't be opened here; ``None`` where it can. An empty text: nobody would expect it."""
    if not (sys.stdin and sys.stdout and sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        return "the interactive view needs a terminal that can move its cursor, and TERM says that this one can't"
    return None


def run(
    reference: str,
    *,
    platform: str | None = None,
    image: str | None = None,
    cache: bool = True,
    colour: bool = True,
) -> None:
    """Open the interactive view of an image, and return when the person leaves it.

    The arguments are those of ``analyze``. Raises ``ImgscopeError`` once the terminal is as it was.
    """
    import gc

    # Until the tree is on the screen next to nothing becomes garbage: looking for it would take a tenth of the time.
    gc.disable()
    from ..analysis import Analysis
    from ..analyzer import analyze
    from .app import ImgscopeApp
    from .config import load
    from .loading import ScreenProgress

    settings = load()
    if not colour:
        os.environ["NO_COLOR"] = "1"

    def work(progress: ScreenProgress) -> Analysis:
        return analyze(reference, platform=platform, image=image, cache=cache, contents=True, progress=progress)

    app = ImgscopeApp(work, reference, settings)
    try:
        error = app.run()
    finally:
        app.close()
        gc.enable()
    if error is not None:
        raise error
