"""Finds secrets by where they stand among the words of a command, an instruction or a list of arguments.

A text is cut into words as a shell does it, quotes within quotes too, and words into simple commands. Each word is then
judged with those before it: ``NAME=VALUE``, ``Name: value``, ``--password VALUE``, ``mysql -pVALUE``,
``echo VALUE | docker login --password-stdin``. A text may be anybody's and need not be one that a shell takes: every
step goes over it once, and quotes are looked into to a fixed depth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from .assigned import announced, assigned, headed, unnamed
from .fed import fed
from .forms import forms
from .hints import hinted
from .line import Line, Script, tail
from .names import compiled
from .options import option
from .placed import by_place, in_place
from .shell import Command, Word, commands
from .tokens import Secret

# Quotes within quotes, at most.
_DEPTH = 5
# Commands that a pipeline's end is judged with.
_PIPED = 8
_SCRIPT_FLAG = r"-\w{0,6}[cC]|/[cCkK]|-[Cc]ommand|-e(?:ncodedcommand)?|-EncodedCommand|--command|--eval|CMD-SHELL"
_SCRIPT = r"\n| (?:&&|\|\|?|;) |; |\$\(|&& "
_FILE_OF = r"(?i)(?:(?:pass|pw|secret|token|key)[a-z-]{0,12}file|auth-user-pass|private-key|preshared-key)=?$"
_COMPOSED = r"[\s|&;=:<>()]"


def by_words(text: str, start: int = 0, end: int | None = None) -> list[Secret]:
    """Return the secrets in a part of a text that its words tell, in no order."""
    end = len(text) if end is None else end
    if not hinted(text, start, end):
        return []
    finder = _Finder(text)
    finder.look(start, end, 0)
    finder.script.held(start, end)
    return finder.script.found


def in_arguments(text: str, words: Sequence[tuple[int, int]]) -> list[Secret]:
    """Return the secrets in a list of arguments: the parts of ``text`` that they are are given."""
    if not hinted(text, 0, len(text)):
        return []
    finder = _Finder(text)
    finder.command(Command([Word(start, end, ((start, end),)) for start, end in words], "", []), (), 0)
    finder.script.held(0, len(text))
    return finder.script.found


def _holds(text: str) -> bool:
    return bool(by_words(text)) or any(True for _ in forms(text))


class _Finder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.script = Script(text, _holds)

    def look(self, start: int, end: int, depth: int) -> None:
        """Look through a part of the text that may be a script, or one word."""
        before: deque[Command] = deque(maxlen=_PIPED)
        piped, brackets = False, 0
        takes: Command | None = None
        for command in commands(self.text, start, end):
            words = command.words
            if words or command.fed:
                first = (words or command.fed)[0].start
                last = max(word.end for part in (words, command.fed) for word in part[-1:])
                if self.script.ftp or self.script.sets_passwords or hinted(self.text, first, last):
                    self.command(command, before if piped else (), depth)
                if takes is not None:
                    # secret set X < <(echo X)
                    self.fed_by(takes, command)
                before.append(command)
                takes = command if command.ends.endswith("<(") else None
            piped = command.ends in ("|", "|&")
            opened, closed = command.ends.count("("), command.ends.count(")")
            for word in words:
                if word.end - word.start == 1:
                    # { echo X; echo X; } | passwd
                    opened += self.text[word.start] == "{"
                    closed += self.text[word.start] == "}"
            brackets = max(0, brackets + opened - closed)
            # What is in brackets is piped together.
            if "(" in command.ends or not (piped or brackets or ")" in command.ends):
                before.clear()

    def command(self, command: Command, before: Sequence[Command], depth: int) -> None:
        """Judge the words of a command, then what is quoted in them; ``before`` are those that may be piped into it."""
        line = Line(self.script, command)
        taken = -1
        for number in range(len(line.words)):
            if number != taken:
                taken = self.word(line, number, before)
            line.see(number)
        in_place(line)
        fed(line, before)
        if depth < _DEPTH:
            previous = ""
            for word, head in zip(line.words, line.heads, strict=True):
                for start, end in word.quoted:
                    self.quoted(line, start, end, depth + 1, previous)
                previous = head
            if command.fed:
                outer, self.script.ftp = self.script.ftp, "ftp" in line.seen
                # A here-document is looked through as if it were a script.
                self.look(command.fed[0].start, command.fed[-1].end, depth + 1)
                self.script.ftp = outer

    def fed_by(self, command: Command, said: Command) -> None:
        """Judge what a command reads of another as if it were a file."""
        line = Line(self.script, command)
        for number in range(len(line.words)):
            line.see(number)
        if line.heads and compiled(_FILE_OF).search(line.heads[-1]) and said.words:
            line.printed("password", said.words[0].start, said.words[-1].end)
        fed(line, (said,))

    def quoted(self, line: Line, start: int, end: int, depth: int, previous: str) -> None:
        """Look into a quoted piece: a header, an assignment, or a script of its own."""
        text = self.text
        if end - start < 6 or not compiled(_COMPOSED).search(text, start, end):
            return
        script = compiled(_SCRIPT_FLAG).fullmatch(previous) or compiled(_SCRIPT).search(text, start, end)
        if script is None:
            headed(line, start, end)
        self.look(start, end, depth)

    def word(self, line: Line, number: int, before: Sequence[Command]) -> int:
        """Judge one word; return the number of the next where that is its value, else -1."""
        start, end = line.cores[number]
        head = line.heads[number]
        following = line.after(number)
        if assigned(line, number):
            return -1
        if head.endswith((":", "=")) and end - start <= 256 and following >= 0:
            if announced(line, number, following):
                return following
        elif following >= 0 and line.heads[following] in ("=", ":", ":=", "=>") and following + 1 < len(line.words):
            name = tail(head)
            if line.names(name, following + 1) or unnamed(line, head, following + 1):
                line.take(name, following + 1)
                return -1
        if head[:1] == "-" and len(head) > 1 and "=" not in head:
            return option(line, number, following)
        return by_place(line, number, following, before)
