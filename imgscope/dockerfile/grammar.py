"""Reads scripts: the grammar is tree-sitter's for bash.

It binds redirections, pipes and ``!`` in a list otherwise than a shell does: chains are put in the shell's own order
here, and what it may have misread is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from .shell import Command, Operator, Pipeline, Script, ShellError, Statement, Word

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

# Longer scripts are not read: nobody writes them into a RUN.
MAX_SCRIPT = 1 << 16
MAX_DEPTH = 200
_RESERVED = ("!", "{", "}", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function",
             "if", "in", "select", "then", "time")  # fmt: skip
_SIMPLE = ("command", "test_command", "declaration_command", "unset_command", "variable_assignment",
           "variable_assignments")  # fmt: skip
# Their commands may not be run, or more than once.
_CONDITIONAL = ("if_statement", "while_statement", "for_statement", "c_style_for_statement", "case_statement")
_BASH_ONLY = ("process_substitution", "herestring_redirect", "c_style_for_statement", "|&", "&>", "&>>", "((")
_REDIRECTIONS = ("file_redirect", "heredoc_redirect", "herestring_redirect")
_NO_WORDS = ("variable_assignment", "comment", *_REDIRECTIONS)


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
            raise ShellError("has a script that can't be read reliably")
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
            raise ShellError("has a script that can't be read reliably")
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
                    raise ShellError("has a script that can't be read reliably")
                continue
            if pending:
                # A line's end is not a node of its own; what else would part two statements?
                if "\n" not in self.text[pending[0].end_byte - 1 : child.start_byte]:
                    raise ShellError("has a script that can't be read reliably")
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
                raise ShellError("has a script that can't be read reliably")
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
                        raise ShellError("has a script that can't be read reliably")
                    negated = True
                if item.is_named and item.type not in _REDIRECTIONS:
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


def _shell_options(shell: tuple[str, ...]) -> Iterator[str]:
    """Yield the options on a shell's command line: ``e`` and ``pipefail`` of ``bash -eo pipefail -c``."""
    words = iter(shell[1:])
    for word in words:
        if word.startswith("-") and not word.startswith("--"):
            for letter in word[1:]:
                name = next(words, "") if letter == "o" else letter
                if name != "c":
                    yield {"errexit": "e", "nounset": "u", "xtrace": "x", "noglob": "f"}.get(name, name)
