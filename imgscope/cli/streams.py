"""Standard output and standard error whose readers may go: a verdict doesn't depend on who listens to it."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO


class _Stream(io.FileIO):
    """A descriptor of the process; what comes after its reader has gone (``| head``) is thrown away."""

    gone = False

    def write(self, data: object) -> int:
        """Write as a file does, and never raise ``BrokenPipeError``."""
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            self.gone = True
            _to_nowhere(self.fileno())
            return super().write(data)  # type: ignore[arg-type]


def _to_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def open_for_good() -> None:
    """Put streams of this kind in place of standard output and error, where these are no terminals.

    One that is closed (``>&-``) is opened on nothing: else the next file that is opened would get its number, and what
    is printed.
    """
    sys.stdout = _kept(sys.stdout, 1)
    sys.stderr = _kept(sys.stderr, 2)


def _kept(stream: TextIO | None, descriptor: int) -> TextIO:
    try:
        os.fstat(descriptor)
    except OSError:
        _to_nowhere(descriptor)
    if stream is None:
        return open(descriptor, "w", encoding="utf-8", errors="replace", closefd=False)
    if not isinstance(stream, io.TextIOWrapper) or stream.isatty():
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Stream(descriptor, "wb", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        # Where Python was told not to buffer (-u), lines are what is written at once.
        line_buffering=stream.line_buffering or stream.write_through or descriptor == 2,
    )


def reader_gone(stream: object) -> bool:
    """Tell whether nobody reads a binary stream any more."""
    return bool(getattr(getattr(stream, "raw", None), "gone", False))
