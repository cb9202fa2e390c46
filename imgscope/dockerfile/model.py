"""What a Dockerfile is made of: stages of instructions, each with the lines that it stands on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from ..brief import brief

ALL = "ALL"
_ONLY_HEREDOC = re.compile(r"""<<-?\s*(['"]?)\w+\1""")


class Location(NamedTuple):
    """Lines of a Dockerfile, from 1, both included."""

    path: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Heredoc:
    """One here-document: ``content`` with its line ends, ``chomp`` for ``<<-``, ``expand`` where variables count."""

    name: str
    content: str
    chomp: bool
    expand: bool


@brief("first", "keyword")
@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. Lines count from 1, both included, here-documents and continuations too.

    ``keyword`` is in capitals, ``text`` the whole line with its continuations joined and comments left out, as a
    builder takes it; ``rest`` what follows keyword and flags. ``arguments`` are its words (for ENV and LABEL flat
    pairs of key and value), ``exec_form`` tells that they were a JSON array. ``stage`` is -1 before the first FROM.
    ``ignores`` are rules that a comment before or within it switches off. ``trigger`` is what ONBUILD will do.
    """

    index: int
    keyword: str
    text: str
    rest: str
    flags: tuple[str, ...]
    arguments: tuple[str, ...]
    exec_form: bool
    heredocs: tuple[Heredoc, ...]
    first: int
    last: int
    stage: int
    ignores: frozenset[str] = frozenset()
    trigger: Instruction | None = None

    def flag(self, name: str) -> str | None:
        """Return the value of the flag ``--name``, empty for one without a value, ``None`` where it is not given."""
        for flag in self.flags:
            key, _, value = flag.removeprefix("--").partition("=")
            if key == name:
                return value
        return None

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The keys and values of ENV, LABEL and ARG, as written; an ARG without a value is left out."""
        if self.keyword == "ARG":
            return tuple((key, value) for key, sep, value in (word.partition("=") for word in self.arguments) if sep)
        return tuple(zip(self.arguments[::2], self.arguments[1::2], strict=False))

    @property
    def script(self) -> str:
        """What a shell-form RUN, CMD or ENTRYPOINT hands to the shell: its line, or its only here-document."""
        if len(self.heredocs) == 1 and _ONLY_HEREDOC.fullmatch(self.rest):
            heredoc = self.heredocs[0]
            lines = heredoc.content.split("\n")
            return "\n".join(line.lstrip("\t") for line in lines) if heredoc.chomp else heredoc.content
        return "\n".join([self.rest, *(heredoc.content + heredoc.name for heredoc in self.heredocs)])


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. ``base`` is its FROM's reference with global ARGs put in, ``written`` as it stands.

    ``base_stage`` is the index of the stage that it builds on, ``None`` where the base is another image.
    ``instructions`` begin with the FROM.
    """

    index: int
    name: str | None
    base: str
    written: str
    base_stage: int | None
    instructions: tuple[Instruction, ...]

    @property
    def from_(self) -> Instruction:
        """The FROM that begins the stage."""
        return self.instructions[0]


@brief("path")
@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile: ``text`` as it stands, and what it says. ``ignores`` are rules switched off for all of it."""

    path: str
    text: str
    escape: str
    instructions: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    ignores: frozenset[str] = frozenset()
    warnings: tuple[tuple[int, str], ...] = field(default=())

    def chain(self, stage: int) -> tuple[Instruction, ...]:
        """Return the instructions that make a stage's image, those of the stages that it builds on first.

        What a stage's ONBUILD triggers in the stage above it stands there, with the ONBUILD's lines.
        """
        numbers: list[int] = []
        at: int | None = stage
        while at is not None:
            numbers.append(at)
            at = self.stages[at].base_stage
        found: list[Instruction] = []
        for number in reversed(numbers):
            below = self.stages[number].base_stage
            if below is not None:
                found += [made.trigger for made in self.stages[below].instructions if made.trigger is not None]
            found += self.stages[number].instructions[1:]
        return tuple(found)

    def base(self, stage: int) -> str:
        """Return the image that a stage is built on in the end, through the stages between."""
        while (below := self.stages[stage].base_stage) is not None:
            stage = below
        return self.stages[stage].base
