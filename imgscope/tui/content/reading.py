"""Reads a bounded part of a file's content and makes safe lines of it: text where it is text, else bytes in hex."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import overload

from ...analysis import Analysis
from ...escape import escape

# Longest content that is shown, and the longest of which a difference is made, in bytes.
LIMIT = 1 << 20
DIFF_LIMIT = 256 << 10
_LINE = 2000
_WIDTH = 16


@dataclass(frozen=True, slots=True)
class Content:
    """The first bytes of a file, and whether there are more."""

    data: bytes
    cut: bool

    @property
    def is_text(self) -> bool:
        """Tell whether it is UTF-8 text without NUL bytes; a character cut at the end does not count."""
        if b"\0" in self.data:
            return False
        for missing in range(4 if self.cut else 1):
            try:
                self.data[: len(self.data) - missing].decode()
            except UnicodeDecodeError:
                continue
            return True
        return False


def read(analysis: Analysis, path: str, layer: int | None, limit: int = LIMIT) -> Content:
    """Read a file as ``layer`` holds it. Raises ``ImgscopeError``."""
    with analysis.open(path, layer) as file:
        data = file.read(limit + 1)
    return Content(data[:limit], len(data) > limit)


def text_lines(content: Content) -> list[str]:
    """Return a text's lines, tabs made wide and what could harm a terminal escaped."""
    text = content.data.decode("utf-8", "surrogateescape")
    return [escape(line.expandtabs(4)[:_LINE]) for line in _split(text)]


def _split(text: str) -> list[str]:
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


class HexLines(Sequence[str]):
    """The lines of a hex dump, made when they are seen."""

    def __init__(self, data: bytes) -> None:
        """Dump ``data``."""
        self.data = data
        self.width = _WIDTH
        """Bytes on a line."""

    def row_of(self, place: int) -> int:
        """Return the line that has the byte at ``place``."""
        return place // self.width

    def __len__(self) -> int:
        return (len(self.data) + _WIDTH - 1) // _WIDTH

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        piece = self.data[index * _WIDTH : (index + 1) * _WIDTH]
        halves = f"{piece[:8].hex(' '):<23}  {piece[8:].hex(' '):<23}"
        letters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in piece)
        return f"{index * _WIDTH:08x}  {halves}  {letters}"


def difference(old: Content, new: Content, old_name: str, new_name: str) -> list[str]:
    """Return a unified diff, escaped; a sentence where the contents are no text."""
    if old.data == new.data:
        return ["The contents are the same" + (" as far as they were read." if old.cut else ".")]
    if not (old.is_text and new.is_text):
        first = next(
            (place for place, pair in enumerate(zip(old.data, new.data, strict=False)) if pair[0] != pair[1]),
            min(len(old.data), len(new.data)),
        )
        return [f"The contents are no text. They differ from byte {first:,} on."]
    lines = unified_diff(text_lines(old), text_lines(new), escape(old_name), escape(new_name), lineterm="")
    found = list(lines)
    return found or ["The contents differ in line ends alone."]
