"""What is seen while the image is exported and read: where it is from, how far the work is, how to leave."""

from __future__ import annotations

import threading
import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import ProgressBar, Static

from ..escape import escape
from ..report.sizes import size


class Cancelled(BaseException):
    """The person left: the work is to end. No ``Exception``, so that nothing on the way takes it for a failure."""


class ScreenProgress:
    """Counts bytes for the screen; the work's thread writes, the screen reads now and then."""

    def __init__(self) -> None:
        """Count from nothing."""
        self.what = "opening the image"
        self.total: int | None = None
        self.done = 0
        self.began = time.monotonic()
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End the work at its next report."""
        self._cancelled.set()

    def start(self, total: int | None, what: str) -> None:
        """Begin ``what``, of ``total`` bytes. Raises ``Cancelled``."""
        self.advance(0)
        self.what, self.total, self.done, self.began = what, total, 0, time.monotonic()

    def advance(self, count: int) -> None:
        """Count bytes. Raises ``Cancelled``."""
        if self._cancelled.is_set():
            raise Cancelled
        self.done += count

    def finish(self) -> None:
        """End what was begun. Raises ``Cancelled``."""
        self.start(None, "putting the layers together")


class LoadingScreen(Screen[None]):
    """A box in the middle with a bar."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "app.quit", "Quit"),
    ]

    def __init__(self, reference: str, progress: ScreenProgress) -> None:
        """Show ``progress`` of reading ``reference``."""
        super().__init__()
        self.reference = reference
        self.progress = progress

    def compose(self) -> ComposeResult:
        """Make the box."""
        with Vertical(id="loading"):
            yield Static(escape(self.reference), markup=False)
            yield ProgressBar(show_eta=False, id="bar")
            yield Static("", id="what", classes="quiet", markup=False)
            yield Static("q leaves", classes="quiet")

    def on_mount(self) -> None:
        """Look at the progress now and then."""
        self.set_interval(0.1, self._look)
        self._look()

    def _look(self) -> None:
        progress = self.progress
        self.query_one("#bar", ProgressBar).update(total=progress.total or None, progress=progress.done)
        words = progress.what
        if progress.done:
            elapsed = max(time.monotonic() - progress.began, 0.1)
            words += f": {size(progress.done)}, {size(int(progress.done / elapsed))}/s"
        self.query_one("#what", Static).update(words)
