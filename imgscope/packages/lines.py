"""Text of databases, taken piece by piece: split at once, a file of line ends would be many times its size."""

from __future__ import annotations

import io
from collections.abc import Iterator


def lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines, without their ends."""
    for line in io.BytesIO(data):
        yield line.rstrip(b"\n")


def paragraphs(data: bytes) -> Iterator[bytes]:
    """Yield what empty lines part; nothing of several empty lines in a row."""
    start = 0
    while start < len(data):
        end = data.find(b"\n\n", start)
        end = len(data) if end < 0 else end
        if end > start:
            yield data[start:end]
        start = end + 1
        while data[start : start + 1] == b"\n":
            start += 1
