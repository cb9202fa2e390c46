"""As much of a shell's grammar as it takes to add a command to a RUN, or to join two: where commands end.

What is not understood for sure is no script for an edit: here-documents, comments, quotes that don't close.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

# What a shell keeps for the commands that follow: two scripts that are joined would no longer be apart.
_KEEPS = re.compile(
    r"(?:^|[;&|({]|\b(?:do|then|else)\b)\s*"
    r"(?:cd|pushd|popd|export|umask|source|\.|exit|exec|trap|alias|unset|eval|set|shopt|ulimit|readonly)(?=[\s;&|)]|$)"
)
_ASSIGNS = re.compile(r"(?:^|[;&|({]|\bdo\b|\bthen\b)\s*[A-Za-z_]\w*=[^\s;&|]*\s*(?=$|[;&|)}])")
_NEWLINE_WORDS = re.compile(r"(?:^|[\s;&|(])(?:case|function|coproc|select|\[\[)(?=\s)")


@dataclass(frozen=True, slots=True)
class Script:
    """A shell script on one line.

    ``commands`` are where its parts begin and end that ``&&`` joins; ``loose`` tells that something else separates
    commands too (``;``, ``||``, ``&``), so that the exit status of an earlier one may count for nothing.
    """

    text: str
    commands: tuple[tuple[int, int], ...]
    loose: bool

    @property
    def keeps_state(self) -> bool:
        """Whether what follows it in one shell would see what it did there: its folder, variables, options."""
        return bool(_KEEPS.search(self.text) or _ASSIGNS.search(self.text))

    def words(self, number: int) -> list[str] | None:
        """Return the words of one of its commands; ``None`` where they are more than plain words."""
        start, end = self.commands[number]
        return plain_words(self.text[start:end])


def plain_words(text: str) -> list[str] | None:
    """Return the words of a command without variables, redirections or anything else of the shell but globs."""
    if re.search(r"[$`&|;<>(){}~#!\\\n]", text):
        return None
    try:
        return shlex.split(text)
    except ValueError:
        return None


def read_script(text: str) -> Script | None:
    """Find the commands of a script; ``None`` for one that can't be edited for sure."""
    if _NEWLINE_WORDS.search(text):
        return None
    commands: list[tuple[int, int]] = []
    start = at = depth = 0
    quote = ""
    loose = False
    word_begins = True
    while at < len(text):
        char = text[at]
        if quote:
            if char == "\\" and quote == '"':
                at += 1
            elif char == quote:
                quote = ""
            elif char == "`" or (quote == '"' and text.startswith("$(", at)):
                # Substitutions within quotes have quotes of their own.
                return None
        elif char == "\\":
            at += 1
        elif char in "'\"":
            quote = char
        elif char in "`\n" or text.startswith("<<", at) or (char == "#" and word_begins):
            return None
        elif char in "({":
            depth += char == "(" or word_begins or text[at - 1] == "$"
        elif char in ")}":
            depth -= char == ")" or word_begins or _closes_variable(text, at)
            if depth < 0:
                return None
        elif text.startswith("&&", at):
            if depth == 0:
                commands.append((start, at))
                start = at + 2
            at += 1
        elif char == ";" or text.startswith("||", at):
            loose = loose or depth == 0
            at += char == "|"
        elif char == "&" and text[at - 1 : at] not in (">", "<") and text[at + 1 : at + 2] != ">":
            loose = loose or depth == 0
        word_begins = text[at : at + 1].isspace() or text[at : at + 1] in (";", "&", "|", "(")
        at += 1
    if quote or depth:
        return None
    commands.append((start, len(text)))
    stripped = text.rstrip()
    if not stripped or stripped[-1] in ";&|\\" or any(not text[a:b].strip() for a, b in commands):
        return None
    return Script(text, tuple(_trimmed(text, a, b) for a, b in commands), loose)


def _closes_variable(text: str, at: int) -> bool:
    opened = text.rfind("{", 0, at)
    return opened > 0 and text[opened - 1] == "$" and "}" not in text[opened:at]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - (len(part) - len(part.rstrip()))
