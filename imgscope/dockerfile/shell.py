"""What a RUN's script does, as far as an edit must know it: its commands, how they are chained, where one may be added.

The grammar is tree-sitter's for bash. It takes much for granted, and binds redirections, pipes and ``!`` in a list
otherwise than a shell does: chains are put in the shell's own order here (POSIX, "Shell Grammar": a pipeline binds
closer than ``&&`` and ``||``, which have equal rank and group from the left), and what it may have misread is refused.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# Longer scripts are not read: nobody writes them into a RUN.
MAX_SCRIPT = 1 << 16
MAX_DEPTH = 200
_RESERVED = frozenset(
    [
        "!",
        "{",
        "}",
        "[[",
        "]]",
        "case",
        "coproc",
        "do",
        "done",
        "elif",
        "else",
        "esac",
        "fi",
        "for",
        "function",
        "if",
        "in",
        "select",
        "then",
        "time",
    ]
)
_SIMPLE = frozenset(
    ["command", "test_command", "declaration_command", "unset_command", "variable_assignment", "variable_assignments"]
)
# Their commands may not be run, or more than once.
_CONDITIONAL = frozenset(
    ["if_statement", "while_statement", "for_statement", "c_style_for_statement", "case_statement"]
)
_BASH_ONLY = frozenset(
    ["process_substitution", "herestring_redirect", "c_style_for_statement", "|&", "&>", "&>>", "(("]
)
_STATE = {
    "folder": frozenset(["cd", "pushd", "popd"]),
    "variables": frozenset(
        [".", "source", "read", "eval", "getopts", "mapfile", "readarray", "let", "declare", "typeset"]
    ),
    "options": frozenset(["set", "shopt", "ulimit", "umask", "alias", "unalias", "trap"]),
}
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


def read_script(text: str, shell: tuple[str, ...] = ("/bin/sh", "-c")) -> Script:
    """Read a script that ``shell`` is to run. Raises ``ShellError`` for one that is not understood for sure."""
    if len(text) > MAX_SCRIPT or "\0" in text:
        raise ShellError("has a script that is too long to be read")
    if not text.isascii():
        # Places are counted in characters here, in bytes there; what they are does not matter to the grammar.
        plain = "".join(char if char < "\x80" else "_" for char in text)
        return _Reader(plain, text, shell).script()
    return _Reader(text, text, shell).script()


@cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


class _Reader:
    """Makes a ``Script`` of a syntax tree."""

    def __init__(self, plain: str, text: str, shell: tuple[str, ...]) -> None:
        self.text = text
        self.tree = _parser().parse(plain.encode())
        self.bash = shell[0].rsplit("/", 1)[-1] == "bash"
        self.options = frozenset(_shell_options(shell))
        self.commands: list[Command] = []
        self.at: dict[tuple[int, int], Command] = {}
        self.functions: set[str] = set()
        self.background = self.assigned = self.comment = False

    def script(self) -> Script:
        root = self.tree.root_node
        if root.has_error:
            raise ShellError("has a script that can't be read for sure")
        self._visit(root, True, True, 0)
        self.commands.sort(key=lambda command: (command.start, -command.end))
        statements = tuple(self._statements(root))
        if not statements:
            raise ShellError("has no command")
        return Script(
            self.text,
            statements,
            tuple(self.commands),
            frozenset(self.functions),
            self.background,
            self.assigned,
            self.comment,
            self.options,
        )

    # -- commands ----------------------------------------------------------------------------------------

    def _visit(self, node: Node, sure: bool, here: bool, depth: int) -> None:
        """Gather simple commands; ``here`` tells that the shell itself runs them, not a subshell of it."""
        kind = node.type
        if depth > MAX_DEPTH:
            raise ShellError("has a script that is nested too deeply")
        if node.is_missing or (not self.bash and kind in _BASH_ONLY):
            raise ShellError("has a script that not every shell reads alike")
        if kind == "comment":
            self.comment = True
        elif kind == "&" and node.parent is not None and node.parent.type not in ("binary_expression", "word"):
            self.background = True
        elif kind == "command":
            self._command(node, sure, here)
        elif kind in ("variable_assignment", "declaration_command", "unset_command"):
            parent = node.parent
            self.assigned = self.assigned or (here and (parent is None or parent.type != "command"))
        elif kind == "function_definition":
            name = node.child_by_field_name("name")
            self.functions.add(self._raw(name) if name is not None else "")
        if kind in _CONDITIONAL or kind == "function_definition":
            sure = False
        if kind in ("subshell", "command_substitution", "process_substitution", "pipeline"):
            here = False
        if kind in ("command_substitution", "process_substitution"):
            sure = False
        behind_or = False
        for child in node.children:
            if child.type == "||" and kind == "list":
                behind_or = True
            self._visit(child, sure and not behind_or, here, depth + 1)

    def _command(self, node: Node, sure: bool, here: bool) -> None:
        words = [self._word(child) for child in node.children if child.is_named and child.type not in _NO_WORDS]
        if not words:
            return
        name = words[0]
        if name.raw in _RESERVED:
            raise ShellError("has a script that can't be read for sure")
        assigns = any(child.type == "variable_assignment" for child in node.children)
        command = Command(tuple(words), node.start_byte, node.end_byte, sure, here, assigns)
        self.commands.append(command)
        self.at[node.start_byte, node.end_byte] = command

    def _word(self, node: Node) -> Word:
        return Word(self._raw(node), self._value(node), node.start_byte, node.end_byte)

    def _raw(self, node: Node) -> str:
        return self.text[node.start_byte : node.end_byte]

    def _value(self, node: Node) -> str | None:
        raw = self._raw(node)
        if node.type in ("command_name", "concatenation"):
            if node.type == "concatenation" and "{" in raw:
                return None
            values = [self._value(child) for child in node.children]
            return None if None in values else "".join(filter(None, values))
        if node.type in ("word", "number", "extglob_pattern"):
            return None if "$" in raw or "`" in raw else re.sub(r"\\(.)", r"\1", raw)
        if node.type == "raw_string":
            return raw[1:-1]
        if node.type == "string" and all(child.type in ('"', "string_content") for child in node.children):
            return re.sub(r'\\([$`"\\])', r"\1", raw[1:-1])
        return None

    # -- chains ------------------------------------------------------------------------------------------

    def _statements(self, parent: Node) -> Iterator[Statement]:
        """Yield the statements of the top level."""
        pending: list[Node] = []
        for child in parent.children:
            if child.type == "comment":
                continue
            if not child.is_named:
                if pending:
                    yield self._statement(pending.pop(), child.type)
                elif child.type not in ("\n", ";"):
                    raise ShellError("has a script that can't be read for sure")
                continue
            if pending:
                # A line's end is no node of its own; what else would part two statements?
                if "\n" not in self.text[pending[0].end_byte - 1 : child.start_byte]:
                    raise ShellError("has a script that can't be read for sure")
                yield self._statement(pending.pop(), "\n")
            pending.append(child)
        if pending:
            yield self._statement(pending.pop(), "")

    def _statement(self, node: Node, terminator: str) -> Statement:
        pipelines: list[Pipeline] = []
        operator: Operator = ""
        members: list[Node] = []
        start = end = -1
        negated = False

        def close() -> None:
            nonlocal members, start, negated
            if not members:
                raise ShellError("has a script that can't be read for sure")
            simple = all(member.type in _SIMPLE for member in members)
            command = None
            if len(members) == 1 and members[0].type == "command":
                command = self.at.get((members[0].start_byte, members[0].end_byte))
            pipelines.append(Pipeline(operator, start, end, simple, negated, command))
            members, start, negated = [], -1, False

        for item in self._flat(node):
            if item.type in ("&&", "||"):
                close()
                operator = "&&" if item.type == "&&" else "||"
            else:
                if start < 0:
                    start = item.start_byte
                end = item.end_byte
                if item.type == "!":
                    if members:
                        raise ShellError("has a script that can't be read for sure")
                    negated = True
                if item.is_named and item.type not in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
                    members.append(item)
        close()
        return Statement(tuple(pipelines), terminator)

    def _flat(self, node: Node) -> Iterator[Node]:
        """Yield commands, redirections and operators of a chain in the order in which they stand."""
        if node.type in ("list", "pipeline", "redirected_statement", "negated_command"):
            for child in node.children:
                yield from self._flat(child)
        else:
            yield node


_NO_WORDS = frozenset(["variable_assignment", "file_redirect", "heredoc_redirect", "herestring_redirect", "comment"])


def _shell_options(shell: tuple[str, ...]) -> Iterator[str]:
    """Yield the options on a shell's command line: ``e`` and ``pipefail`` of ``bash -eo pipefail -c``."""
    words = iter(shell[1:])
    for word in words:
        if word.startswith("-") and not word.startswith("--"):
            for letter in word[1:]:
                name = next(words, "") if letter == "o" else letter
                if name != "c":
                    yield {"errexit": "e", "nounset": "u", "xtrace": "x", "noglob": "f"}.get(name, name)
