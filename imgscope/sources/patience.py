"""How long an engine, or whoever writes to a pipe, may be silent before it counts as stalled.

What counts is the silence between bytes, never how long all takes: a slow export goes on. An engine prepares an export
before its first byte, which takes longer the larger the image is.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable

from ..errors import EngineError, ImageError, UsageError
from ..escape import escape

VARIABLE = "IMGSCOPE_TIMEOUT"
SILENCE = 300
# So many times as long before the first byte: 50 minutes, if nothing else is said.
FIRST = 10


def silence() -> float | None:
    """Return the seconds of silence after which a stream counts as stalled: ``IMGSCOPE_TIMEOUT``; ``None``: never.

    Raises ``UsageError`` for what is not a number.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return SILENCE
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 1 << 24:
        raise UsageError(f"{VARIABLE}={escape(text)}: give seconds, as in {VARIABLE}=600, or 0 to wait forever")
    return seconds or None


def before_first(seconds: float | None) -> float | None:
    """Return the seconds of silence that are allowed before the first byte."""
    return None if seconds is None else FIRST * seconds


def stalled(title: str, seconds: float | None, kind: type[ImageError] = EngineError) -> ImageError:
    """Return the error for a stream that was silent for too long."""
    waited = f"{seconds:g} s" if seconds else "too long"
    return kind(f"{title} has stalled: it sent nothing for {waited}; {VARIABLE} sets how many seconds to wait")


def reading(fd: int, title: str, kind: type[ImageError] = EngineError) -> Callable[[int], bytes]:
    """Return a function that reads a pipe, and raises ``kind`` when nothing comes for too long."""
    between = silence()
    allowed = before_first(between)

    def read(size: int) -> bytes:
        nonlocal allowed
        if not wait(fd, allowed):
            raise stalled(title, allowed, kind)
        allowed = between
        return os.read(fd, size)

    return read


def wait(fd: int, seconds: float | None) -> bool:
    """Wait until there is something to read, or the end; return whether there was within so many seconds."""
    if seconds is None or not hasattr(select, "poll"):
        return True
    waiting = select.poll()
    waiting.register(fd, select.POLLIN)
    # By the second: the time for which a person has stopped the program (Ctrl-Z) is not the other's silence.
    while seconds > 0:
        if waiting.poll(min(seconds, 1) * 1000):
            return True
        seconds -= 1
    return False
