"""How long work tells how far it is; the terminal's picture of that is drawn on stderr."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from .archive.image import OpenImage
    from .layer.index import LayerIndex

# Work that is done within a second needs no picture.
PATIENCE = 1.0


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

    def opened(self, image: OpenImage) -> None:
        """Take note of an image whose manifest and config are known, and none of whose layers need be yet."""

    def scanned(self, layer: int, index: LayerIndex) -> None:
        """Take note of a layer that was read: from any thread, in any order, perhaps more than once."""


class TerminalProgress:
    """Draws a line on stderr, with bytes and rate, once the work has taken a second."""

    def __init__(self) -> None:
        """Draw nothing yet."""
        self._lock = threading.Lock()
        self._began = 0.0
        self._total: int | None = None
        self._what = ""
        self._done = 0
        self._shown = 0.0
        self._drawn = False

    def start(self, total: int | None, what: str) -> None:
        """Begin a new line."""
        with self._lock:
            self._clear()
            self._began = time.monotonic()
            self._total, self._what, self._done = total, what, 0

    def advance(self, count: int) -> None:
        """Count bytes; redraw a few times a second."""
        with self._lock:
            self._done += count
            now = time.monotonic()
            if now - self._began >= PATIENCE and now - self._shown >= 0.1:
                self._shown = now
                self._draw(now - self._began)

    def finish(self) -> None:
        """Take the line away: what follows is the result."""
        with self._lock:
            self._clear()

    def _draw(self, elapsed: float) -> None:
        from shutil import get_terminal_size

        from .report.sizes import size

        rate = size(self._done / elapsed) + "/s"
        line = f"{self._what}: {size(self._done)}"
        if self._total:
            share = min(self._done / self._total, 1.0)
            line = f"{self._what}: {share:4.0%} of {size(self._total)}"
        width = get_terminal_size((80, 24)).columns
        sys.stderr.write("\r\x1b[K" + f"{line}, {rate}"[: width - 1])
        sys.stderr.flush()
        self._drawn = True

    def _clear(self) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


def terminal_progress() -> Progress | None:
    """Return what draws progress, or ``None`` where stderr is not a terminal that can redraw a line."""
    import os

    stderr: Any = sys.stderr
    if stderr is None or not stderr.isatty() or os.environ.get("TERM") == "dumb":
        return None
    return TerminalProgress()
