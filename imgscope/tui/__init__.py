"""The interactive view. Textual is imported below this package, nowhere else, and only when the view opens."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..diff import Filter
    from .app import Opened, Work
    from .loading import ScreenProgress

__all__ = ["run", "run_difference", "unusable"]


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
    # Until the tree is on the screen next to nothing becomes garbage: looking for it would take a tenth of the time.
    gc.disable()
    from ..analyzer import analyze

    def work(progress: ScreenProgress) -> Opened:
        return analyze(reference, platform=platform, image=image, cache=cache, contents=True, progress=progress)

    _show(work, reference, colour)


def run_difference(
    old: str, new: str, *, wanted: Filter, platform: str | None = None, cache: bool = True, colour: bool = True
) -> None:
    """Open the interactive view of what differs between two images, and return when the person leaves it.

    The arguments are those of ``diff``. Raises ``ImgscopeError`` once the terminal is as it was.
    """
    gc.disable()
    from contextlib import ExitStack

    from ..diff import diff

    def work(progress: ScreenProgress) -> Opened:
        from .difference.screen import OpenDifference

        with ExitStack() as stack:
            comparing = diff(old, new, platform=platform, wanted=wanted, cache=cache, contents=True, progress=progress)
            difference = stack.enter_context(comparing)
            return OpenDifference(difference, stack.pop_all().close)

    _show(work, f"{old} → {new}", colour)


def _show(work: Work, reference: str, colour: bool) -> None:
    # Textual waits for its next frame with whatever a key changed; that is most of what a person would wait.
    os.environ.setdefault("TEXTUAL_FPS", "200")
    # After Esc it waits so many milliseconds for the rest of another key's bytes; they come at once.
    os.environ.setdefault("ESCDELAY", "40")
    from .app import ImgscopeApp
    from .config import load

    settings = load()
    if not colour:
        os.environ["NO_COLOR"] = "1"
    app = ImgscopeApp(work, reference, settings)
    try:
        error = app.run()
    finally:
        app.close()
        gc.enable()
    if error is not None:
        raise error
