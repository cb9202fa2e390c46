"""The interactive view. Textual is imported below this package, nowhere else, and only when the view opens."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.driver import Driver

    from ..differences import Filter
    from .app import Closeable, Work
    from .loading import ScreenProgress

__all__ = ["run", "run_difference", "run_fleet", "unusable"]


def unusable(*references: str) -> str | None:
    """Say why the view can't be opened here; ``None`` where it can. An empty text: nobody would expect it.

    An image that comes through standard input (one of ``references`` is ``-``) leaves the keys to the terminal itself.
    """
    if not (sys.stdout and sys.stdout.isatty()):
        return ""
    typed = sys.stdin is not None and sys.stdin.isatty()
    if not typed and not ("-" in references and _has_terminal()):
        return ""
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        return "the interactive view needs a terminal that can move its cursor, and TERM says that this one can't"
    return None


def _has_terminal() -> bool:
    """Tell whether keys can be read though standard input is a pipe."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | getattr(os, "O_NOCTTY", 0)))
    except OSError:
        return False
    return sys.platform != "win32"


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

    def work(progress: ScreenProgress) -> Closeable:
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

    from ..differences import diff

    def work(progress: ScreenProgress) -> Closeable:
        from .difference.screen import OpenDifference

        with ExitStack() as stack:
            comparing = diff(old, new, platform=platform, wanted=wanted, cache=cache, contents=True, progress=progress)
            difference = stack.enter_context(comparing)
            return OpenDifference(difference, stack.pop_all().close)

    from ..rows import titled

    _show(work, f"{titled(old)} → {titled(new)}", colour)


def run_fleet(path: str, *, colour: bool = True) -> None:
    """Open the interactive view of a fleet's store, and return when the person leaves it.

    Raises ``UsageError`` where there is none at ``path``, and ``ImgscopeError`` once the terminal is as it was.
    """
    gc.disable()
    import threading
    from concurrent.futures import Future

    from ..fleet.store import Store

    # Whatever is wrong with the address is said before the screen is another.
    store = Store.open(path)
    ready: Future[Closeable] = Future()

    def read() -> None:
        from .fleet.store import open_fleet

        try:
            ready.set_result(open_fleet(store))
        except BaseException as error:
            ready.set_exception(error)

    # What draws is imported meanwhile.
    threading.Thread(target=read, daemon=True, name="store").start()

    def work(progress: ScreenProgress) -> Closeable:
        progress.start(None, "reading the store")
        while True:
            progress.advance(0)
            try:
                return ready.result(0.05)
            except TimeoutError:
                continue

    _show(work, store.place.address, colour)


def _show(work: Work, reference: str, colour: bool) -> None:
    # Textual waits for its next frame with whatever a key changed; that is most of what a person would wait.
    os.environ.setdefault("TEXTUAL_FPS", "200")
    # After Esc it waits so many milliseconds for the rest of another key's bytes; those come at once.
    os.environ.setdefault("ESCDELAY", "40")
    from .app import ImgscopeApp
    from .config import load

    driver: type[Driver] | None = None
    if sys.platform != "win32":
        from .driver import TerminalDriver

        driver = TerminalDriver
    settings = load()
    if not colour:
        os.environ["NO_COLOR"] = "1"
    app = ImgscopeApp(work, reference, settings, driver)
    try:
        error = app.run()
    finally:
        app.close()
        gc.enable()
    if error is not None:
        raise error
