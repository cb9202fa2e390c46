"""Text of databases, taken piece by piece: split at once, a file of line ends would be many times its size."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

_ENDS = re.compile(rb"\n*")


def lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines, without their ends."""
    for line in io.BytesIO(data):
        yield line.rstrip(b"\n")


def paragraphs(data: bytes) -> Iterator[bytes]:
    """Yield what empty lines part; nothing of several empty lines in a row."""
    start = 0
    while True:
        match = _ENDS.match(data, start)
        start = match.end() if match else start
        if start == len(data):
            return
        end = data.find(b"\n\n", start)
        end = len(data) if end < 0 else end
        yield data[start:end]
        start = end


def field_pattern(*names: bytes) -> re.Pattern[bytes]:
    """Return a pattern that finds lines ``NAME:VALUE`` of these names: name and value are its groups."""
    return re.compile(rb"^(" + b"|".join(map(re.escape, names)) + rb"):(.*)$", re.MULTILINE)


def fields(text: bytes, pattern: re.Pattern[bytes]) -> dict[bytes, bytes]:
    """Return the first value of each field that a ``field_pattern`` finds in a paragraph, without blanks around it."""
    found: dict[bytes, bytes] = {}
    for match in pattern.finditer(text):
        if match[1] not in found:
            found[match[1]] = match[2].strip()
    return found
