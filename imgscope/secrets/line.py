"""One simple command under way: its words, what was seen of them so far, and where what is found goes."""

from __future__ import annotations

import re
from collections.abc import Callable

from .arguments import kind_of, stripped
from .names import calls_secret, compiled, looks_chosen, looks_random
from .shell import Command, Word, core, text_of
from .tokens import Secret

# Words of a command that its rules look at.
_MOST_WORDS = 100_000
_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
# A variable of a shell, or in a format of Python's, and what one is given.
_VARIABLE = r"[\"'\\]{0,8}+(?:\$\{?|\{)([A-Za-z_]\w{0,80}+)\}?[\"'\\]{0,8}(?![\w$:/.\[(-])"
_GIVEN = (
    r"(?<![\w.-])([A-Za-z_]\w{0,80}+)(?:=|\s{0,4}+=\s{0,4}+(?=\\{0,7}[\"']))"
    r"(?:\\{0,7}+[\"']([^\"'\\\n]{4,512}+)|([^\s;&|\"'\\()]{4,512}+))"
)
_IN_URL = r"\$\{?([A-Za-z_]\w{0,80}+)\}?@(?=[\w\[$])"
_MOST_VARIABLES = 64
# What prints a password when it is run: echo X, printf '%s' X.
_SAYS = (
    r"\s{0,8}+(?:/\S{1,60}/)?(?:echo|printf)\s{1,8}+(?:-\w{1,4}\s{1,8}+)?(?:[\"'\\]{0,4}%s[\"'\\n]{0,6}\s{1,8}+)?(?=\S)"
)


# Programs that take what others do.
ALIASES = {
    "valkey-cli": "redis-cli",
    "keydb-cli": "redis-cli",
    "valkey-server": "redis-server",
    "keydb-server": "redis-server",
    "bao": "vault",
    "fly": "flyctl",
    "7zzs": "7zz",
    "pwsh": "powershell",
    "http": "https",
    "xh": "https",
}


class Script:
    """A text under way: what was found in it.

    ``holds`` tells whether another text holds a secret; ``asked`` where an expect script waits for a password's prompt,
    ``ftp`` where that program is fed.
    """

    __slots__ = ("asked", "found", "ftp", "holds", "sets_passwords", "text", "variables")

    def __init__(self, text: str, holds: Callable[[str], bool]) -> None:
        """Begin with a text of which nothing is known."""
        self.text, self.holds = text, holds
        self.found: list[Secret] = []
        self.variables: set[str] = set()
        """Variables that stand where a secret does: ``P`` of ``mysql -p$P``."""
        self.asked = self.ftp = False
        # echo me:X > FILE; chpasswd < FILE
        self.sets_passwords = "chpasswd" in text or "newusers" in text

    def add(self, kind: str, start: int, end: int) -> bool:
        """Take a value for a secret, unless it can be none."""
        value = stripped(self.text, start, end)
        if value is None:
            held = compiled(_VARIABLE).match(self.text, start, min(end, start + 100))
            if held is not None and len(self.variables) < _MOST_VARIABLES:
                self.variables.add(held[1])
            return False
        self.found.append(Secret(kind_of(kind), *value))
        return True

    def held(self, start: int, end: int) -> None:
        """Take what the variables are given that stood where a secret does: of ``P=X; mysql -p$P`` the ``X``."""
        if self.text.find("://", start, end) >= 0:
            for match in compiled(_IN_URL).finditer(self.text, start, end):
                if len(self.variables) < _MOST_VARIABLES:
                    self.variables.add(match[1])
        for match in compiled(_GIVEN).finditer(self.text, start, end) if self.variables else ():
            first, last = match.span(2) if match[2] is not None else match.span(3)
            value = self.text[first : min(last, first + 600)]
            if match[1] in self.variables and (looks_chosen(value) or looks_random(value)):
                self.add(match[1], first, last)


class Line:
    """A command's words. ``heads`` are their beginnings, ``seen`` the programs, words and options so far."""

    __slots__ = ("command", "cores", "heads", "script", "seen", "text", "words")

    def __init__(self, script: Script, command: Command) -> None:
        """Take a command of a script."""
        self.script, self.command, self.text = script, command, script.text
        self.words: list[Word] = command.words[:_MOST_WORDS]
        self.cores = [core(self.text, word) for word in self.words]
        # Bounded pieces: what is longer is not an option and no program.
        self.heads = [self.text[start : min(end, start + 256)] for start, end in self.cores]
        self.seen: set[str] = set()

    def see(self, number: int) -> None:
        """Remember a word: a program's name, or a short option."""
        head = self.heads[number]
        if head[:1] not in ("-", "/") or "/" in head[1:]:
            name = program(head)
            self.seen.add(name)
            if name in ALIASES:
                self.seen.add(ALIASES[name])
        elif len(head) < 20:
            self.seen.add(head)

    def after(self, number: int) -> int:
        """Return the number of the word after one; -1 where there is none."""
        return number + 1 if number + 1 < len(self.words) else -1

    def value(self, number: int) -> str:
        """Return the beginning of a word, as far as any judgement looks."""
        return text_of(self.text, self.cores[number])

    def take(self, kind: str, number: int, offset: int | None = None) -> bool:
        """Take a word for a secret: all of it, or what stands behind so many characters of its own text."""
        word = self.words[number]
        return self.script.add(kind, word.start if offset is None else self.cores[number][0] + offset, word.end)

    def names(self, name: str, number: int) -> bool:
        """Tell whether a name is that of a secret where a word is its value."""
        return calls_secret(name, self.value(number))

    def printed(self, kind: str, start: int, end: int) -> bool:
        """Take what a command prints that stands in a part of the text: it is there to say a password."""
        match = compiled(_SAYS).match(self.text, start, end)
        return match is not None and self.script.add(kind, match.end(), end)


def tail(text: str) -> str:
    """Return the name that a text ends with."""
    text = text[-96:]
    return text[len(text.rstrip(_NAME)) :].lstrip("-.")


def program(word: str) -> str:
    """Return what a program is called, without folder and ending; empty for what is none."""
    name = word.rpartition("/")[2].rpartition("\\")[2]
    return name.removesuffix(".exe").lower() if len(name) <= 64 else ""


def keeps_secret(path: str, value: str | None = None) -> bool:
    """Tell whether a file's name is that of one that holds a secret and nothing else, ``value`` if that is given."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    stem = name.removesuffix(".txt")
    return folder.endswith("/run/secrets") or (name != "passwd" and calls_secret(stem, value))


def says_password(name: str) -> bool:
    """Tell whether a name is that of a command that prints a password: ``--password-command``, ``BORG_PASSCOMMAND``."""
    return (
        re.search(r"(?i)(?:pass(?:word|phrase)?|secret|token)[-_]?(?:command|cmd|eval)$|(?i:^extpass$)", name[-80:])
        is not None
    )
