"""Follows how a container starts: from its command to the programs, interpreters and scripts that it calls.

Only what can be read off is followed: what a shell script names at a command's place, what a ``#!`` line says. A
program in C or Python may call others that nothing here shows.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..layer.scan import ELF
from .app import search_path, shebang
from .root import MAX_TEXT

if TYPE_CHECKING:
    from .app import App
    from .root import Root

_SHELLS = (b"sh", b"bash", b"dash", b"ash", b"busybox", b"ksh", b"zsh")
_TOKEN = re.compile(rb"[\w./+-]+")
_AT_COMMAND = re.compile(
    rb"(?:^|[;&|(`\n]|\$\()[ \t]*(?:(?:then|do|else|exec|if|while|until|!|time|nohup|command)[ \t]+)*"
    rb"(?:\w+=\S*[ \t]+)*([A-Za-z_./][\w./+-]*)",
    re.MULTILINE,
)
_COMMENT = re.compile(rb"(?m)(?:^|(?<=\s))#.*$")
# What shells do by themselves (POSIX.1-2017, 2.14 and 1.6; bash's and busybox's own).
_BUILT_IN = frozenset(
    b"alias bg bind break builtin caller case cd command compgen complete continue declare dirs disown do done echo "
    b"elif else enable esac eval exec exit export false fc fg fi for function getopts hash help history if in jobs "
    b"kill let local logout mapfile popd printf pushd pwd read readarray readonly return select set shift shopt "
    b"source suspend test then time times trap true type typeset ulimit umask unalias unset until wait while".split()
) | {b".", b":"}
_MAX_FILES = 200
# Stands for the config's HEALTHCHECK where a path says who asks for a program.
HEALTH = b"//HEALTHCHECK"


@dataclass(slots=True)
class Start:
    """What starting a container reaches. ``files`` are real paths, in the order in which they are met, ``missing``
    (kind, name, who asks, whether the start fails without) of programs that were asked for and are not there.
    """

    files: dict[bytes, None] = field(default_factory=dict)
    missing: list[tuple[str, str, bytes, bool]] = field(default_factory=list)
    known: bool = True
    """Whether there is a command at all."""

    def calls(self, pattern: str) -> bool:
        """Tell whether a program of such a name is among what is reached."""
        return any(re.fullmatch(pattern, path.rpartition(b"/")[2].decode("utf-8", "replace")) for path in self.files)


def follow(root: Root, app: App, variables: Mapping[str, str]) -> Start:
    """Follow the app's command in a root, and what its HEALTHCHECK asks for."""
    start = _Walk(root, app, variables).run(app.start)
    if app.health:
        check = _Walk(root, app, variables).run(app.health)
        start.missing += [(kind, name, by or HEALTH, False) for kind, name, by, _ in check.missing]
    return start


class _Walk:
    def __init__(self, root: Root, app: App, variables: Mapping[str, str]) -> None:
        self.root = root
        self.app = app
        self.path = search_path(variables)
        self.start = Start(known=bool(app.start))
        self.pending: list[bytes] = []
        self.scanned = 0

    def run(self, command: Sequence[str]) -> Start:
        words = [word.encode("utf-8", "surrogateescape") for word in command]
        if words:
            self.command(words, b"", decisive=True)
        while self.pending and self.scanned < _MAX_FILES:
            self.file(self.pending.pop())
        return self.start

    def command(self, words: list[bytes], by: bytes, *, decisive: bool) -> None:
        """Take up a command: the program, and those of its arguments that are files."""
        program = words[0]
        found = self.root.program(program, self.path, self.app.directory)
        if found is None:
            self.start.missing.append(("program", program.decode("utf-8", "surrogateescape"), by, decisive))
            return
        self.reach(found.path)
        name = program.rpartition(b"/")[2]
        if name in _SHELLS or found.path.rpartition(b"/")[2] in _SHELLS:
            rest = words[2:] if name == b"busybox" else words[1:]
            if b"-c" in rest and rest.index(b"-c") + 1 < len(rest):
                self.text(rest[rest.index(b"-c") + 1], by, first=decisive)
                return
            for word in rest:
                script = self.root.file(self.absolute(word))
                if script is not None and not word.startswith(b"-"):
                    self.reach(script.path)
                    self.shell(script.entry, script.path)
                    break
            return
        for word in words[1:]:
            # tini -- /app/server, su-exec app server: a program that starts another.
            if word[:1] == b"-":
                continue
            other = (
                self.root.program(word, self.path, self.app.directory)
                if word in self.app.programs or b"/" in word
                else None
            ) or self.root.file(self.absolute(word))
            if other is not None:
                self.reach(other.path)
            elif b"/" not in word and self.launcher(name):
                started = self.root.program(word, self.path)
                if started is not None:
                    self.reach(started.path)

    @staticmethod
    def launcher(name: bytes) -> bool:
        return name in (b"tini", b"dumb-init", b"env", b"gosu", b"su-exec", b"setpriv", b"exec", b"nice", b"stdbuf")

    def absolute(self, word: bytes) -> bytes:
        return word if word[:1] == b"/" else self.app.directory + b"/" + word

    def reach(self, path: bytes) -> None:
        if path not in self.start.files:
            self.start.files[path] = None
            self.pending.append(path)

    def file(self, path: bytes) -> None:
        """Look into a file that is reached: what its first line calls, what a shell script names."""
        found = self.root.file(path)
        if found is None:
            return
        self.scanned += 1
        head = self.root.head(found.entry)
        if head[:4] == ELF:
            return
        script = shebang(head)
        if script is None:
            return
        interpreter = script[0]
        for name in self.interpreters(*script):
            program = self.root.program(name, self.path)
            if program is None:
                word = name.decode("utf-8", "surrogateescape")
                self.start.missing.append(("program", word, path, True))
            else:
                self.reach(program.path)
            interpreter = name
        if interpreter.rpartition(b"/")[2] in _SHELLS:
            self.shell(found.entry, path)

    @staticmethod
    def interpreters(program: bytes, argument: bytes) -> list[bytes]:
        return interpreters(program, argument)

    def shell(self, entry: int, path: bytes) -> None:
        self.text(self.root.texts([entry]).get(entry, b""), path, first=False)

    def text(self, text: bytes, by: bytes, *, first: bool) -> None:
        """Take up what a shell's text names: its commands, and the app's programs wherever they stand."""
        text = _COMMENT.sub(b"", text[:MAX_TEXT].replace(b"\\\n", b" "))
        functions = set(re.findall(rb"(?m)^[ \t]*(?:function[ \t]+)?([\w-]+)[ \t]*\(\)", text))
        commands = dict.fromkeys(_AT_COMMAND.findall(text))
        leading = _first(text)
        for word in commands:
            if word in _BUILT_IN or word in functions or word.rpartition(b"/")[2] == b"":
                continue
            found = self.root.program(word, self.path, self.app.directory)
            if found is not None:
                self.reach(found.path)
            else:
                name = word.decode("utf-8", "surrogateescape")
                self.start.missing.append(("command", name, by, first and word == leading))
        for word in dict.fromkeys(_TOKEN.findall(text)):
            for path in self.app.programs.get(word.rpartition(b"/")[2], ()):
                found = self.root.file(path)
                if found is not None and (b"/" not in word or path.endswith(word.lstrip(b"./"))):
                    self.reach(found.path)
        # A plain command's arguments may be scripts of its own.
        if first:
            try:
                words = shlex.split(text.decode("utf-8", "surrogateescape"))
            except ValueError:
                return
            for item in words:
                script = self.root.file(self.absolute(item.encode("utf-8", "surrogateescape")))
                if script is not None:
                    self.reach(script.path)


def interpreters(program: bytes, argument: bytes) -> list[bytes]:
    """Return what a ``#!`` line needs: its program, and what ``env`` is to find by PATH."""
    found = [program]
    if program.rpartition(b"/")[2] == b"env":
        words = [word for word in argument.split() if not word.startswith(b"-") and b"=" not in word]
        found += words[:1]
    return found


def _first(text: bytes) -> bytes:
    """Return the program that a command line begins with."""
    match = re.match(rb"\s*(?:exec\s+)?(?:\w+=\S*\s+)*([\w./+-]+)", text)
    return match[1] if match else b""
