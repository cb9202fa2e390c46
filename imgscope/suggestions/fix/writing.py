"""Writes RUN instructions: joined, with commands added, in the manner of the one that is changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ...dockerfile.edits import Edit, EditError, Places
from ...dockerfile.model import Dockerfile, Instruction
from ...dockerfile.shell import Ending, Script


class Joint(NamedTuple):
    """How a RUN follows another in one script: the operator, and whether it needs braces to be one member."""

    operator: str
    braces: bool = False


class Group(NamedTuple):
    """RUN instructions that become one: ``joints[n]`` is between ``runs[n]`` and ``runs[n + 1]``.

    ``moved`` are instructions that stand between them and go above the first. ``commands`` are added at the end.
    """

    runs: tuple[Instruction, ...]
    scripts: tuple[Script, ...]
    joints: tuple[Joint, ...]
    moved: tuple[Instruction, ...]
    commands: tuple[str, ...]


class Writer:
    """Makes edits of one Dockerfile."""

    def __init__(self, dockerfile: Dockerfile) -> None:
        """Look at ``dockerfile``; nothing is changed."""
        self.dockerfile = dockerfile
        self.places = Places(dockerfile)

    def at(self, instruction: Instruction, offset: int) -> int:
        """Return where in the file the character before ``offset`` of an instruction's script ends."""
        if instruction.heredocs:
            # The lines of a here-document are the script as it stands; the last one ends it.
            body = instruction.last - instruction.heredocs[0].content.count("\n")
            return self.places.line(body)[0] + offset
        begin = len(instruction.text) - len(instruction.rest)
        return self.places.offset(instruction, begin + offset - 1) + 1

    def edits(self, group: Group) -> Iterator[Edit]:
        """Yield what makes one RUN of a group. Raises ``EditError``."""
        if group.runs[0].heredocs:
            yield self._in_document(group)
            return
        indent, leading = self._style(group.runs)
        mark = self.dockerfile.escape + self.places.newline + indent
        for number, (run, script) in enumerate(zip(group.runs, group.scripts, strict=True)):
            before = group.joints[number - 1] if number else None
            after = group.joints[number] if number < len(group.joints) else None
            if before is not None:
                opening = "&& " if leading and before.operator == "&&" else ""
                yield self._continues(run, indent + opening + ("{ " if before.braces else ""))
            closing = "; }" if before is not None and before.braces else ""
            if after is not None:
                following = group.runs[number + 1]
                yield from self._without_blank_lines(run.last + 1, following.first - 1, group.moved)
                yield self._close(run, script, closing + self._operator(after.operator, leading))
            elif group.commands:
                ending = Ending(script.end, "&&") if closing else script.ending()
                if before is not None and before.operator == "&&":
                    ending = Ending(ending.at, "&&")
                text = closing + "".join(
                    f" {mark}&& {command}" if leading and ending.operator == "&&"
                    else f"{'' if ending.operator == ';' else ' '}{ending.operator} {mark}{command}"
                    for command in group.commands
                )  # fmt: skip
                place = self.at(run, ending.at)
                yield Edit(place, place, text)
            elif closing:
                place = self.at(run, script.end)
                yield Edit(place, place, closing)
        yield from self._moved(group)

    def _in_document(self, group: Group) -> Edit:
        """Add commands to the script in a here-document."""
        run, script = group.runs[0], group.scripts[0]
        ending = script.ending()
        begin = script.text.rfind("\n", 0, script.statements[-1].start) + 1
        line = script.text[begin:]
        separator = "\n" + line[: len(line) - len(line.lstrip(" \t"))] if ending.operator == ";" else " && "
        place = self.at(run, ending.at)
        return Edit(place, place, "".join(separator + command for command in group.commands))

    def _operator(self, operator: str, leading: bool) -> str:
        if operator == ";":
            return f"; {self.dockerfile.escape}"
        return f" {self.dockerfile.escape}" if leading else f" && {self.dockerfile.escape}"

    def _close(self, run: Instruction, script: Script, text: str) -> Edit:
        """End a RUN's last line so that the next continues it."""
        place = self.at(run, script.end)
        _, end = self.places.line(self.places.line_of(place - 1))
        if self.dockerfile.text[place:end].strip():
            raise EditError(f"line {run.first} has something after its last command")
        return Edit(place, end, text)

    def _continues(self, run: Instruction, indent: str) -> Edit:
        """Make a RUN's first line one that continues another."""
        start, _ = self.places.line(run.first)
        script = self.places.offset(run, len(run.text) - len(run.rest))
        between = self.dockerfile.text[start:script]
        if "#" in between:
            raise EditError(f"line {run.first} has a comment between RUN and its script")
        return Edit(start, script, indent)

    def _without_blank_lines(self, first: int, last: int, moved: Sequence[Instruction]) -> Iterator[Edit]:
        """Remove empty lines within an instruction: builders warn of them. Comments stay."""
        gone = {number for run in moved for number in range(self._above(run), run.last + 1)}
        for number in range(first, last + 1):
            start, end = self.places.line(number)
            if not self.dockerfile.text[start:end].strip() or number in gone:
                yield self.places.lines(number, number, ())

    def _moved(self, group: Group) -> Iterator[Edit]:
        """Put what stood between the RUN above the first of them, with the comments right above it."""
        if not group.moved:
            return
        lines: list[str] = []
        for instruction in group.moved:
            for number in range(self._above(instruction), instruction.last + 1):
                start, end = self.places.line(number)
                lines.append(self.dockerfile.text[start:end])
        first = self._above(group.runs[0])
        yield self.places.lines(first, first - 1, lines)

    def _above(self, instruction: Instruction) -> int:
        """Return the first of the comment lines that stand right above an instruction, or its own first line."""
        number = instruction.first
        while number > 1:
            start, end = self.places.line(number - 1)
            if not self.dockerfile.text[start:end].lstrip().startswith("#") or number - 1 <= self._directives:
                break
            number -= 1
        return number

    @property
    def _directives(self) -> int:
        """How many lines at the beginning are parser directives."""
        count = 0
        for line in self.dockerfile.text.split("\n"):
            if not re.match(r"\s*#\s*\w+\s*=", line):
                break
            count += 1
        return count

    def _style(self, runs: Sequence[Instruction]) -> tuple[str, bool]:
        """Return how continuation lines are indented, and whether ``&&`` stands at their beginning."""
        others = [other for other in self.dockerfile.instructions if other.keyword == "RUN" and other not in runs]
        indent: str | None = None
        leading: bool | None = None
        for run in [*runs, *others]:
            if run.heredocs or run.last == run.first:
                continue
            lines = [self.dockerfile.text[slice(*self.places.line(n))] for n in range(run.first, run.last + 1)]
            lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
            mark = re.escape(self.dockerfile.escape)
            if indent is None:
                begins = [
                    line
                    for above, line in pairwise(lines)
                    if line.lstrip().startswith("&&") or re.search(rf"(?:&&|;)\s*{mark}\s*$", above)
                ]
                widths = [line[: len(line) - len(line.lstrip(" \t"))] for line in begins or lines[1:]]
                indent = min(widths, key=len, default="") or None
            if leading is None and any(re.match(r"\s*&&", line) for line in lines[1:]):
                leading = True
            if leading is None and any(re.search(rf"(?:&&|;)\s*{mark}\s*$", line) for line in lines):
                leading = False
        return indent or "    ", leading is not False
