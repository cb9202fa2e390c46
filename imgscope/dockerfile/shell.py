"""What a RUN's script does, as far as an edit must know it: its commands, how they are chained, where one may be added.

``grammar`` reads them. A pipeline binds closer than ``&&`` and ``||``, which have equal rank and group from the left
(POSIX, "Shell Grammar").
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

# What a shell keeps of a command for those that follow, but for assignments.
_FOLDER = ("cd", "pushd", "popd")
_VARIABLES = (".", "source", "read", "eval", "getopts", "mapfile", "readarray", "let", "declare", "typeset")
_OPTIONS = ("set", "shopt", "ulimit", "umask", "alias", "unalias", "trap")
_STATE = {"folder": _FOLDER, "variables": _VARIABLES, "options": _OPTIONS}
Operator = Literal["", "&&", "||"]


class ShellError(ValueError):
    """A script, or a place in it, that can't be edited for sure; the text ends the sentence ``line 3 …``."""


class Word(NamedTuple):
    """A word of a command: as it stands, and its ``value`` where no shell is needed to know it (globs stay)."""

    raw: str
    value: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command anywhere in a script: its words without assignments before it and redirections.

    ``sure`` tells that it runs whenever all before it went well: it stands in no condition, loop, function or
    substitution, and behind no ``||``. ``here`` tells that the shell itself runs it, not a subshell, ``assigns`` that
    variables are set for it alone.
    """

    words: tuple[Word, ...]
    start: int
    end: int
    sure: bool
    here: bool
    assigns: bool

    @property
    def values(self) -> list[str | None]:
        """The words' values."""
        return [word.value for word in self.words]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One member of an and-or list: how it is joined to what is before it, and where it begins and ends.

    ``simple`` tells that it is made of simple commands only, ``negated`` that ``!`` stands before it; ``command`` is
    the one that it is, if it is but one.
    """

    operator: Operator
    start: int
    end: int
    simple: bool
    negated: bool
    command: Command | None


@dataclass(frozen=True, slots=True)
class Statement:
    """An and-or list, and what ends it: ``;``, ``&``, or nothing."""

    pipelines: tuple[Pipeline, ...]
    terminator: str

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.pipelines[0].start

    @property
    def end(self) -> int:
        """Where it ends, terminator not included."""
        return self.pipelines[-1].end

    @property
    def plain(self) -> bool:
        """Whether it does nothing after a command that failed: all is joined by ``&&``."""
        return all(pipeline.operator != "||" for pipeline in self.pipelines)

    @property
    def simple(self) -> bool:
        """Whether it is made of simple commands only."""
        return all(pipeline.simple for pipeline in self.pipelines)


class Ending(NamedTuple):
    """Where a command may be added so that it runs when all went well: a place, and what joins it to what is before."""

    at: int
    operator: Literal["&&", ";"]


@dataclass(frozen=True)
class Script:
    """A script: its top level's statements, and all simple commands in it, in order."""

    text: str
    statements: tuple[Statement, ...]
    commands: tuple[Command, ...]
    functions: frozenset[str] = frozenset()
    background: bool = False
    assigned: bool = False
    comment: bool = False
    options: frozenset[str] = field(default=frozenset(), compare=False)
    """Options that hold when it begins: those of the shell's own command line."""

    @cached_property
    def end(self) -> int:
        """Where its last statement ends; terminators, comments and spaces may follow."""
        return self.statements[-1].end

    @cached_property
    def errexit(self) -> bool | None:
        """Whether ``set -e`` holds at its end; ``None`` where that is not known."""
        holds = "e" in self.options
        seen = 0
        for statement in self.statements:
            for pipeline in statement.pipelines:
                command = pipeline.command
                if command is not None and command.values[:1] == ["set"]:
                    seen += 1
                    if pipeline.operator == "||":
                        return None
                    on, off = _set_options(command)
                    if on is None or off is None:
                        return None
                    holds = (holds or "e" in on) and "e" not in off
        return holds if seen == sum(command.values[:1] == ["set"] for command in self.commands) else None

    @cached_property
    def set_options(self) -> frozenset[str]:
        """Options that its own ``set`` switches on, those that only show what is done left out."""
        found: set[str] = set(self.options)
        for command in self.commands:
            if command.values[:1] == ["set"]:
                on, _ = _set_options(command)
                found |= on if on is not None else {"?"}
        return frozenset(found - {"x", "v"})

    @cached_property
    def keeps(self) -> frozenset[str]:
        """What a shell keeps of it for what follows: ``folder``, ``variables``, ``options``, ``functions``."""
        found = {
            kind
            for command in self.commands
            for kind, names in _STATE.items()
            if command.here
            and command.values[0] in names
            and not (kind == "options" and command.values[0] == "set" and self.errexit is not None)
        }
        if self.set_options - self.options:
            found.add("options")
        if self.assigned:
            found.add("variables")
        if self.functions:
            found.add("functions")
        return frozenset(found)

    def ending(self) -> Ending:
        """Return where to add a command that is to run last, and only if all went well.

        The script's exit status stays: non-zero wherever it was, since what is added does not fail. Raises
        ``ShellError``.
        """
        if self.background:
            raise ShellError("runs a command in the background")
        self._leaves()
        last = len(self.statements) - 1
        statement = self.statements[last]
        if _is_exit(statement.pipelines[-1]):
            if len(statement.pipelines) > 1 and statement.pipelines[-1].operator == "&&":
                return self._after(Statement(statement.pipelines[:-1], ""), shortened=True)
            if len(statement.pipelines) == 1 and last:
                before = self.statements[last - 1]
                if self.errexit is not False and len(before.pipelines) > 1:
                    # Its last command ends the shell if it fails, and would not before another.
                    raise ShellError("exits at its end, under set -e")
                return self._after(before)
            if len(statement.pipelines) == 1:
                raise ShellError("does nothing but exit")
        return self._after(statement)

    def _after(self, statement: Statement, *, shortened: bool = False) -> Ending:
        simple = statement.simple and not any(
            command.values[0] in self.functions
            for command in self.commands
            if statement.start <= command.start < statement.end
        )
        errexit = self.errexit
        if errexit is not False and not simple:
            # In a list's last place a group obeys set -e, before another it does not; and one that fails where set -e
            # does not hold ends nothing by itself (POSIX, "set").
            raise ShellError("ends in a group of commands under set -e, which would not hold in it any more")
        if errexit and not shortened and len(statement.pipelines) == 1 and not statement.pipelines[0].negated:
            return Ending(statement.end, ";")
        return Ending(statement.end, "&&")

    def _leaves(self) -> None:
        """Raise ``ShellError`` where the shell may be left before the script's end though all went well."""
        final = self.statements[-1].pipelines[-1]
        for command in self.commands:
            name = command.values[0]
            if name == "exec" and len(command.words) > 1:
                raise ShellError("hands over with exec: nothing runs after it")
            if name == "trap":
                raise ShellError("sets a trap")
            if name in ("exit", "return") and command is not final.command:
                number = command.words[1].value if len(command.words) == 2 else None
                if number is None or not number.isdigit() or int(number) % 256 == 0:
                    raise ShellError("may exit before its end")
        if _is_exit(final) and final.operator == "||":
            number = final.command.words[1].value if final.command and len(final.command.words) == 2 else None
            if number is None or not number.isdigit() or int(number) % 256 == 0:
                raise ShellError("may exit before its end")


def _is_exit(pipeline: Pipeline) -> bool:
    return pipeline.command is not None and pipeline.command.values[0] in ("exit", "return")


def _set_options(command: Command) -> tuple[set[str] | None, set[str] | None]:
    """Return the options that a ``set`` switches on and off; ``None`` where they are not known."""
    on: set[str] = set()
    off: set[str] = set()
    values = command.values[1:]
    at = 0
    while at < len(values):
        value = values[at]
        at += 1
        if value is None:
            return None, None
        if value in ("-", "--") or value[:1] not in ("-", "+"):
            break
        into = on if value[0] == "-" else off
        for letter in value[1:]:
            if letter == "o":
                name = values[at] if at < len(values) else None
                at += 1
                if name is None:
                    return None, None
                into.add({"errexit": "e", "nounset": "u", "xtrace": "x", "noglob": "f"}.get(name, name))
            else:
                into.add(letter)
    return on, off


def plain_words(text: str) -> list[str] | None:
    """Return the words of a command without variables, redirections or anything else of the shell but globs."""
    if re.search(r"[$`&|;<>(){}~#!\\\n]", text):
        return None
    try:
        return shlex.split(text)
    except ValueError:
        return None
