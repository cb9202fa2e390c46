"""Ends a match that takes too long: some patterns would keep Python's ``re`` busy for years."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TookTooLongError(Exception):
    """What was under way did not end in time."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise ``TookTooLongError`` in what is under way after ``seconds``.

    Python's ``re`` looks for signals while it matches, so an alarm ends it; no thread could, for it never lets one run.
    Signals reach the main thread only: elsewhere, and where there are no alarms, nothing is limited.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    over = False

    def ring(number: int, frame: FrameType | None) -> None:
        if not over:
            raise TookTooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
