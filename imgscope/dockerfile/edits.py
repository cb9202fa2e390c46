"""Changes a Dockerfile's text in places and leaves every other character as it is.

An edit replaces characters; where an instruction's words lie in the text is told by ``Places``, through
continuations and comments. The result is read again, and refused where another instruction than those edited changed.
"""

from __future__ import annotations

import difflib
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NamedTuple

from ..errors import UsageError
from ..escape import escape
from .model import Dockerfile, Instruction
from .parser import MAX_BYTES, parse


class EditError(UsageError):
    """An edit that can't be made without touching something else."""


class Edit(NamedTuple):
    """Characters ``start`` to ``end`` (not included) of a Dockerfile's text, and what they become."""

    start: int
    end: int
    text: str


class _Piece(NamedTuple):
    """A part of an instruction's joined text: where it begins there and in the Dockerfile, and how long it is."""

    joined: int
    start: int
    length: int


class Places:
    """Where things lie in a Dockerfile's text."""

    def __init__(self, dockerfile: Dockerfile) -> None:
        """Look at ``dockerfile``; nothing is changed."""
        self.dockerfile = dockerfile
        mark = re.escape(dockerfile.escape)
        self._continued = re.compile(f"(?:[^{mark}]|^){mark}[ \\t]*$")

    @cached_property
    def _starts(self) -> list[int]:
        """Where each line begins; one more for the end of the text."""
        return [0, *accumulate(len(line) + 1 for line in self.dockerfile.text.split("\n"))]

    def line_of(self, offset: int) -> int:
        """Return the line (from 1) that a character is on."""
        return bisect_right(self._starts, offset)

    def line(self, number: int) -> tuple[int, int]:
        """Return where a line begins and ends, its line end not included."""
        start = self._starts[number - 1]
        end = min(self._starts[number] - 1, len(self.dockerfile.text))
        return start, end - (end > start and self.dockerfile.text[end - 1] == "\r")

    @cached_property
    def newline(self) -> str:
        """The line end that the file uses."""
        first = self.dockerfile.text.find("\n")
        return "\r\n" if first > 0 and self.dockerfile.text[first - 1] == "\r" else "\n"

    def lines(self, first: int, last: int, new: Sequence[str]) -> Edit:
        """Replace whole lines; ``last`` = ``first - 1`` inserts before ``first``, no ``new`` removes them."""
        text = self.dockerfile.text
        start = self._starts[first - 1] if first <= len(self._starts) - 1 else len(text)
        end = min(self._starts[last], len(text)) if last >= first else start
        body = "".join(line + self.newline for line in new)
        if last >= first and end == len(text) and not text.endswith("\n"):
            body = body.removesuffix(self.newline)
            if not new and start:
                # The line before becomes the last: it has no line end either.
                start -= 2 if text[:start].endswith("\r\n") else 1
        elif start == len(text) and text and not text.endswith("\n"):
            body = self.newline + body.removesuffix(self.newline)
        return Edit(start, end, body)

    def _pieces(self, instruction: Instruction) -> list[_Piece]:
        """Split an instruction's text by the lines that it stands on. Raises ``EditError`` where they don't agree."""
        text = self.dockerfile.text
        bodies = sum(heredoc.content.count("\n") + 1 for heredoc in instruction.heredocs)
        pieces: list[_Piece] = []
        joined: list[str] = []
        length = 0
        for number in range(instruction.first, instruction.last - bodies + 1):
            start, end = self.line(number)
            line = text[start:end]
            stripped = line.lstrip(" \t\ufeff" if number == 1 else " \t")
            if number == instruction.first:
                start, line = end - len(stripped), stripped
            elif stripped.startswith("#") or not stripped.strip():
                continue
            if self._continued.search(line):
                line = line.rstrip(" \t")[:-1]
            pieces.append(_Piece(length, start, len(line)))
            joined.append(line)
            length += len(line)
        if "".join(joined).strip() != instruction.text:
            raise EditError(f"{self._shown(instruction)} can't be edited: its lines are not as they are written")
        return pieces

    def _shown(self, instruction: Instruction) -> str:
        return f"{escape(self.dockerfile.path)}:{instruction.first}"

    def offset(self, instruction: Instruction, at: int) -> int:
        """Return where in the Dockerfile a character of ``instruction.text`` lies. Raises ``EditError``."""
        pieces = self._pieces(instruction)
        for piece in pieces:
            if at < piece.joined + piece.length:
                return piece.start + at - piece.joined
        last = pieces[-1]
        return last.start + last.length

    def replace(self, instruction: Instruction, start: int, end: int, new: str) -> Edit:
        """Replace characters of ``instruction.text``; they have to be on one line. Raises ``EditError``."""
        first = self.offset(instruction, start)
        if end <= start:
            return Edit(first, first, new)
        last = self.offset(instruction, end - 1) + 1
        if last - first != end - start:
            raise EditError(f"{self._shown(instruction)} can't be edited: what is to change goes over several lines")
        return Edit(first, last, new)

    def insert_after(self, instruction: Instruction, at: int, new: str) -> Edit:
        """Insert text just after the character before ``at`` of ``instruction.text``, on its line."""
        offset = self.offset(instruction, at - 1) + 1 if at else self.offset(instruction, 0)
        return Edit(offset, offset, new)

    def append(self, instruction: Instruction, new: Sequence[str]) -> Edit:
        """Add to the end of an instruction, ``new[0]`` on its last line and the rest as continuation lines.

        They are indented as the instruction's own continuation lines are.
        """
        if instruction.heredocs:
            raise EditError(f"{self._shown(instruction)} can't be appended to: it has a here-document")
        last = self._pieces(instruction)[-1]
        text = self.dockerfile.text
        end = last.start + len(text[last.start : last.start + last.length].rstrip())
        indent = self.indent(instruction)
        return Edit(end, end, f" {self.dockerfile.escape}{self.newline}{indent}".join(new))

    def indent(self, instruction: Instruction) -> str:
        """Return the spaces before an instruction's second line, or four where it has but one."""
        pieces = self._pieces(instruction)
        if len(pieces) < 2:
            return "    "
        text = self.dockerfile.text
        second = text[pieces[1].start : pieces[1].start + pieces[1].length]
        return second[: len(second) - len(second.lstrip(" \t"))] or "    "

    def remove(self, instruction: Instruction) -> Edit:
        """Remove an instruction with its lines; comments above it stay."""
        return self.lines(instruction.first, instruction.last, ())


def apply(dockerfile: Dockerfile, edits: Iterable[Edit]) -> Dockerfile:
    """Return the Dockerfile with some edits made, read anew. Raises ``EditError``, and then nothing is changed."""
    ordered = sorted(set(edits))
    for one, next_ in pairwise(ordered):
        # What is inserted right before what goes is not a matter of order; two insertions at one place are.
        if next_.start < one.end or (one.start == one.end == next_.start == next_.end):
            raise EditError(f"two changes of {escape(dockerfile.path)} are at the same place")
    text = dockerfile.text
    for edit in reversed(ordered):
        text = text[: edit.start] + edit.text + text[edit.end :]
    try:
        changed = parse(text, dockerfile.path)
    except UsageError as error:
        raise EditError(f"the changed {escape(dockerfile.path)} would not be one: {error}") from None
    _check(dockerfile, changed, ordered)
    return changed


def _check(old: Dockerfile, new: Dockerfile, edits: Sequence[Edit]) -> None:
    """See that all instructions but the edited ones are as before, and in the same order."""
    places = Places(old)
    kept = [_content(instruction) for instruction in old.instructions if not _touched(instruction, places, edits)]
    rest = iter([_content(instruction) for instruction in new.instructions])
    if old.escape != new.escape or not all(content in rest for content in kept):
        raise EditError(f"the change of {escape(old.path)} would alter other instructions too")


def _touched(instruction: Instruction, places: Places, edits: Sequence[Edit]) -> bool:
    start, end = places.line(instruction.first)[0], places.line(instruction.last)[1]
    return any(
        (edit.start < end and edit.end > start) or (edit.start == edit.end and start < edit.start <= end)
        for edit in edits
    )


def _content(instruction: Instruction) -> tuple[object, ...]:
    return instruction.keyword, instruction.text, instruction.heredocs


def diff(old: Dockerfile, new: Dockerfile) -> str:
    """Return a unified diff of two states of a file, as ``patch -p1`` and ``git apply`` take it; empty where alike."""
    before, after = (_quoted(f"{side}/{patch_place(old.path)[0]}") for side in "ab")
    lines = difflib.unified_diff(split_lines(old.text), split_lines(new.text), before, after, lineterm="\n")
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)


def patch_place(path: str) -> tuple[str, Path | None]:
    """Return what a patch calls a file, and the folder to apply it in where that is not the current one.

    A name is the path from the current folder; of a file outside it is the name alone, since neither git nor patch goes
    out of the folder that it is called in.
    """
    try:
        inside = Path(os.path.relpath(path))
    except ValueError:
        # On another drive.
        inside = Path(os.pardir)
    if os.pardir in inside.parts:
        return Path(path).name, Path(path).parent
    return inside.as_posix(), None


def _quoted(name: str) -> str:
    """Write a name as git does: one that has a space ends with a tab, one with odd characters is quoted as in C."""
    data = name.encode("utf-8", "surrogateescape")
    if any(byte < 0x20 or byte in b'"\\\x7f' for byte in data) or not name.isprintable():
        plain = range(0x20, 0x7F)
        written = (chr(byte) if byte in plain and byte not in b'"\\' else f"\\{byte:03o}" for byte in data)
        return f'"{"".join(written)}"'
    return name + "\t" if " " in name else name


def split_lines(text: str) -> list[str]:
    """Split into lines by line feeds only, ends kept."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def write(old: Dockerfile, new: Dockerfile) -> None:
    """Write the changed Dockerfile over the old one, whole or not at all.

    Raises ``EditError`` where the file on disk is not what was read, ``OutputError`` where it can't be written.
    """
    from ..output import write_whole

    path = Path(old.path)
    shown = escape(old.path)
    try:
        with path.open("rb") as file:
            there = file.read(4 * MAX_BYTES + 1)
    except OSError as error:
        raise EditError(f"{shown} can't be read: {error.strerror or error}") from None
    if there != old.text.encode("utf-8", "surrogateescape"):
        raise EditError(f"{shown} has changed meanwhile; nothing was written")
    write_whole(path, [new.text.encode("utf-8", "surrogateescape")])
