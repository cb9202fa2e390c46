"""How long work tells how far it is; the terminal's picture of that is drawn on stderr."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from .archive.image import OpenImage
    from .layer.index import LayerIndex
    from .sources.backend import Step

# Work that is done sooner, in seconds, draws nothing: a line that comes and goes is only a flicker.
PATIENCE = 0.1
_EVERY = 0.1
# Work that follows so soon on other work, in seconds, takes over its line at once.
_FOLLOWS = 0.5

_drawing: list[TerminalProgress] = []


class Progress(Protocol):
    """Told by long work how far it is. Calls may come from another thread."""

    def start(self, total: int | None, what: str) -> None:
        """Begin ``what``; ``total`` bytes are to go through, ``None`` when that isn't known."""

    def advance(self, count: int) -> None:
        """Count bytes that have gone through."""

    def finish(self) -> None:
        """End what ``start`` began."""


@runtime_checkable
class Onlooker(Protocol):
    """Progress that also wants to know what there is, before and while it is read."""

    def expected(self, layers: int, steps: Sequence[Step], platform: str) -> None:
        """Take note of what an engine says of an image before it exports it; ``steps`` may be empty."""

    def passed(self, index: LayerIndex) -> None:
        """Take note of a layer that streamed by and was read: which one it is, is not known before the end."""

    def opened(self, image: OpenImage) -> None:
        """Take note of an image whose manifest and config are known, and none of whose layers need be yet."""

    def scanned(self, layer: int, index: LayerIndex) -> None:
        """Take note of a layer that was read: from any thread, in any order, once."""

    def awaited(self) -> int | None:
        """Return the layer that somebody waits for, if any: it is read first. Asked from any thread."""


@contextmanager
def working(progress: Progress | None, what: str) -> Iterator[None]:
    """Say ``what`` is being done as long as the block runs, where there is somebody to tell."""
    if progress is not None:
        progress.start(None, what)
    try:
        yield
    finally:
        if progress is not None:
            progress.finish()


def told(
    read: Callable[[int], bytes], progress: Progress | None, total: int | None, what: str
) -> Callable[[int], bytes]:
    """Return ``read``, which begins ``what`` when its first bytes are there: until then they were waited for."""
    if progress is None:
        return read
    begun = False

    def telling(size: int) -> bytes:
        nonlocal begun
        data = read(size)
        if not begun:
            begun = True
            progress.start(total, what)
        return data

    return telling


class TerminalProgress:
    """Draws a line on stderr: what is done, for how long, with bytes and rate once there are any.

    A thread draws it, so that it is alive while an engine is silent. It takes no lock and writes past all buffers: a
    process that is forked meanwhile has nothing to wait for (see ``processes``).
    """

    def __init__(self, fd: int | None = None) -> None:
        """Draw on the terminal that ``fd`` is open on (by default standard error), but nothing yet."""
        self._fd = sys.stderr.fileno() if fd is None else fd
        self._began = self._ended = 0.0
        self._total: int | None = None
        self._what = ""
        self._done = 0
        self._drawn = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, total: int | None, what: str) -> None:
        """Begin ``what``; it takes the place of what was begun before."""
        self._began = time.monotonic()
        self._total, self._what, self._done = total, what, 0
        if self._thread is None:
            self._stop = threading.Event()
            thread = threading.Thread(target=self._run, args=(self._stop,), daemon=True)
            thread.only_draws = True  # type: ignore[attr-defined]
            _drawing.append(self)
            self._thread = thread
            thread.start()

    def advance(self, count: int) -> None:
        """Count bytes."""
        self._done += count

    def finish(self) -> None:
        """Take the line away: what follows is the result."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stop.set()
        thread.join()
        if self in _drawing:
            _drawing.remove(self)
        if self._drawn:
            self._drawn = False
            self._ended = time.monotonic()
            self._write("\r\x1b[K")

    def _run(self, stop: threading.Event) -> None:
        wait = 0.0 if time.monotonic() - self._ended < _FOLLOWS else PATIENCE
        shown = ""
        while not stop.wait(wait):
            wait = _EVERY
            with suppress(Exception):
                line = self.line(time.monotonic() - self._began, _columns(self._fd) - 1)
                # Slow lines get what is new and nothing else.
                if line != shown or not self._drawn:
                    self._drawn, shown = True, line
                    self._write("\r\x1b[K" + line)

    def line(self, elapsed: float, width: int) -> str:
        """Return the line after ``elapsed`` seconds, no wider than ``width`` columns."""
        from .escape import escape
        from .report.sizes import size

        done, total = self._done, self._total
        if done:
            share = f"{min(done / total, 1.0):.0%}".replace("%", " %") if total else ""
            facts = f": {share} of {size(total)}" if total else f": {size(done)}"
            facts += f", {size(int(done / max(elapsed, 0.1)))}/s"
        else:
            facts = (f", {size(total)}" if total else "") + "…"
        facts += f" {int(elapsed)} s" if not done else f", {int(elapsed)} s"
        what = escape(self._what)
        room = width - _cells(facts)
        if _cells(what) > room:
            while what and _cells(what) > room - 1:
                what = what[:-1]
            what += "…"
        line = what + facts
        while line and _cells(line) > width:
            line = line[:-1]
        return line

    def _write(self, text: str) -> None:
        encoding = getattr(sys.stderr, "encoding", None) or "ascii"
        try:
            data = text.encode(encoding)
        except UnicodeEncodeError:
            data = text.replace("…", "...").encode(encoding, "replace")
        with suppress(OSError):
            os.write(self._fd, data)


def _columns(fd: int) -> int:
    with suppress(OSError):
        if columns := os.get_terminal_size(fd).columns:
            return columns
    return 80


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def finish_all() -> None:
    """Take away whatever line is drawn: something else is about to be written."""
    while _drawing:
        _drawing.pop().finish()


def terminal_progress(reference: str | None = None) -> Progress | None:
    """Return what draws progress, or ``None`` where stderr is no terminal that can redraw a line.

    With a ``reference`` it says at once that this is being opened: what does that may take a while to be imported.
    """
    stderr: Any = sys.stderr
    try:
        if stderr is None or not stderr.isatty() or os.environ.get("TERM") in ("dumb", ""):
            return None
        progress = TerminalProgress(stderr.fileno())
    except (OSError, ValueError):
        return None
    if reference is not None:
        progress.start(None, f"opening {reference}")
    return progress
