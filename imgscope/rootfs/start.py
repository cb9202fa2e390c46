"""Follows how a container starts: from its command to the programs, interpreters and scripts that it calls.

Programs are found as the runtime finds them: a bare name by PATH alone, only what may be executed, the working
directory for a name with a slash. Only what can be read off is followed: what a shell script names at a command's
place, what a ``#!`` line says. A program in C or Python may call others that nothing here shows; who asks gets what is
merely named as well.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ..paths import join
from ..settings import mapping, settings, strings
from .programs import interpreters, shebang
from .root import MAX_TEXT

if TYPE_CHECKING:
    from .root import Root, Target

SHELLS = (b"sh", b"bash", b"dash", b"ash", b"busybox", b"ksh", b"zsh")
# Words of a command that say nothing of what a shell is to run.
_NOT_PROGRAMS = {name.decode() for name in SHELLS} | {"-c", "-l", "-lc", "-ec", "-i", ""}
_LAUNCHERS = (b"tini", b"dumb-init", b"env", b"gosu", b"su-exec", b"setpriv", b"exec", b"nice", b"stdbuf")
_TOKEN = re.compile(rb"[\w./+-]+")
_WORD = re.compile(r"[\w./+@:-]+")
# What stands before a command is bounded: a text may hold any number of places where one may begin.
_AT_COMMAND = re.compile(
    rb"(?:^|[;&|(`\n]|\$\()[ \t]*"
    rb"(?:(?:then|do|else|exec|if|while|until|!|time|nohup|command|\w{1,100}=\S{0,200})[ \t]+){0,20}"
    rb"([A-Za-z_./][\w./+-]*)",
    re.MULTILINE,
)
_COMMENT = re.compile(rb"(?m)(?:^|(?<=\s))#.*$")
# But for a script's first line.
_REMARK = re.compile(r"(?m)(?:^|\s)#(?!!).*$")
# What shells do by themselves (POSIX.1-2017, 2.14 and 1.6; bash's and busybox's own).
_BUILT_IN = frozenset(
    b"alias bg bind break builtin caller case cd command compgen complete continue declare dirs disown do done echo "
    b"elif else enable esac eval exec exit export false fc fg fi for function getopts hash help history if in jobs "
    b"kill let local logout mapfile popd printf pushd pwd read readarray readonly return select set shift shopt "
    b"source suspend test then time times trap true type typeset ulimit umask unalias unset until wait while".split()
) | {b".", b":"}
_MAX_FILES = 200
# Of a config that says more than anybody writes only so much is looked at, and of each script.
_MAX_CONFIG_TEXT = 64 << 10
_MAX_WORDS = 4000
# Names are looked for in so many directories in all: scripts may name any number, and PATH may be long.
_MAX_LOOKS = 200_000
# Stands for the config's HEALTHCHECK where a path says who asks for a program.
HEALTH = b"//HEALTHCHECK"

MayRead = Callable[[int], bool]
"""Tells of a global entry whether a script that is merely named is looked into."""


class Command(NamedTuple):
    """What an image config says of how its containers are started: the words of ENTRYPOINT and CMD, those of the
    HEALTHCHECK, and the working directory.
    """

    start: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    directory: bytes = b""


def command_of(config: Mapping[str, Any]) -> Command:
    """Read the command of an image config."""
    inner = settings(config)
    test = strings(mapping(inner.get("Healthcheck")).get("Test"))
    health: tuple[str, ...] = ()
    if test[:1] == ["CMD"]:
        health = tuple(test[1:])
    elif test[:1] == ["CMD-SHELL"]:
        health = ("/bin/sh", "-c", *test[1:])
    directory = inner.get("WorkingDir")
    return Command(
        (*strings(inner.get("Entrypoint")), *strings(inner.get("Cmd"))),
        health,
        directory.strip("/").encode("utf-8", "surrogateescape") if isinstance(directory, str) else b"",
    )


@dataclass(slots=True)
class Start:
    """What starting a container reaches. ``files`` are real paths, in the order in which they are met, ``missing``
    (kind, name, who asks, whether the start fails without) of programs that were asked for and are not there.
    """

    files: dict[bytes, None] = field(default_factory=dict)
    missing: list[tuple[str, str, bytes, bool]] = field(default_factory=list)
    command: bool = True
    """Whether there is a command at all."""
    known: bool = True
    """Whether anything but a shell is run, and all scripts on the way to it were looked into."""
    named: dict[bytes, None] = field(default_factory=dict)
    """Files that a word of the config, or of a script, names; only where that was asked for, as the next two."""
    words: set[str] = field(default_factory=set)
    """All words that may be programs, without their directories."""
    text: str = ""
    """All that is said."""
    unread: list[int] = field(default_factory=list)
    """Global entries of files of which could not be seen whether they are scripts, or what these say."""

    @property
    def mentioned(self) -> frozenset[bytes]:
        """What is reached and what is merely named."""
        return frozenset((*self.files, *self.named))

    def calls(self, pattern: str) -> bool:
        """Tell whether a program of such a name is among what is reached."""
        return any(re.fullmatch(pattern, path.rpartition(b"/")[2].decode("utf-8", "replace")) for path in self.files)


def follow(
    root: Root,
    command: Command,
    path: Sequence[bytes],
    programs: Mapping[bytes, Sequence[bytes]] | None = None,
    may_read: MayRead | None = None,
) -> Start:
    """Follow a command in a root, and what its HEALTHCHECK asks for.

    ``path`` are the directories of PATH. ``programs`` are paths of programs by their names, which count as called
    wherever they stand. With ``may_read`` what is merely named is found too.
    """
    walk = _Walk(root, command, path, programs or {}, may_read)
    start = walk.run(command.start)
    if command.health:
        check = _Walk(root, command, path, programs or {}, may_read).run(command.health)
        start.missing += [(kind, name, by or HEALTH, False) for kind, name, by, _ in check.missing]
        if may_read is not None:
            start.named |= check.files | check.named
            start.words |= check.words
            start.text += "\n" + check.text
            start.unread += check.unread
            start.known = start.known or check.known
    # Scripts that start scripts, beyond what anybody writes: what is run in the end was not seen.
    start.known = start.known and not walk.cut
    return start


class _Walk:
    def __init__(
        self,
        root: Root,
        command: Command,
        path: Sequence[bytes],
        programs: Mapping[bytes, Sequence[bytes]],
        may_read: MayRead | None,
    ) -> None:
        self.root = root
        self.directory = command.directory
        self.programs = programs
        self.path = path
        self.may_read = may_read
        self.start = Start()
        self.pending: list[bytes] = []
        self.unsure: list[bytes] = []
        self.fetched: set[bytes] = set()
        self.seen: set[bytes] = set()
        self.scanned = 0
        self.looks = _MAX_LOOKS

    def run(self, command: Sequence[str]) -> Start:
        words = [word.encode("utf-8", "surrogateescape") for word in command[:_MAX_WORDS]]
        self.start.command = bool(words)
        if self.may_read is not None:
            self.said(command)
        if words:
            self.call(words, b"", decisive=True)
        while (self.pending or self.unsure) and self.scanned < _MAX_FILES:
            self.fetch()
            self.file((self.pending or self.unsure).pop())
        return self.start

    @property
    def cut(self) -> bool:
        """Whether more would have been looked into than is."""
        return bool(self.pending or self.unsure) or self.looks < 0

    def fetch(self) -> None:
        """Read what waits and was not read: a compressed layer once for all of them."""
        root = self.root
        targets = [root.file(path) for path in (*self.pending, *self.unsure) if path not in self.fetched]
        self.fetched.update(self.pending, self.unsure)
        entries = [target.entry for target in targets if target is not None]
        root.look([entry for entry in entries if root.is_script(entry) is None])
        scripts = ((entry, shebang(root.script(entry) or b"")) for entry in entries)
        root.texts([entry for entry, script in scripts if script is not None and self.is_read(entry, script)])

    def is_read(self, entry: int, script: tuple[bytes, bytes]) -> bool:
        """Tell whether a script's text says anything here."""
        interpreter = interpreters(*script)[-1].rpartition(b"/")[2]
        return interpreter in SHELLS or (self.may_read is not None and self.may_read(entry))

    def call(self, words: list[bytes], by: bytes, *, decisive: bool) -> None:
        """Take up a command: the program, and those of its arguments that are files."""
        program = words[0]
        found = self.root.program(program, self.path, self.directory)
        if found is None:
            self.start.missing.append(("program", program.decode("utf-8", "surrogateescape"), by, decisive))
            return
        self.reach(found.path)
        name = program.rpartition(b"/")[2]
        if name in SHELLS or found.path.rpartition(b"/")[2] in SHELLS:
            rest = words[2:] if name == b"busybox" else words[1:]
            if b"-c" in rest and rest.index(b"-c") + 1 < len(rest):
                self.shell(rest[rest.index(b"-c") + 1], by, first=decisive)
                return
            for word in rest:
                script = self.root.file(self.absolute(word))
                if script is not None and not word.startswith(b"-"):
                    self.reach(script.path)
                    text = self.text(script.entry)
                    self.told(text)
                    self.shell(text, script.path, first=False)
                    break
            return
        for word in words[1:]:
            # tini -- /app/server, su-exec app server: a program that starts another.
            if word[:1] == b"-":
                continue
            other = (
                self.root.program(word, self.path, self.directory) if word in self.programs or b"/" in word else None
            ) or self.root.file(self.absolute(word))
            if other is not None:
                self.reach(other.path)
            elif b"/" not in word and name in _LAUNCHERS:
                started = self.root.program(word, self.path)
                if started is not None:
                    self.reach(started.path)

    def may_look(self) -> bool:
        """Count a search of PATH; ``False`` once there were too many."""
        self.looks -= len(self.path) + 1
        return self.looks >= 0

    def absolute(self, word: bytes) -> bytes:
        return word if word[:1] == b"/" else join(self.directory, word)

    def reach(self, path: bytes) -> None:
        if path not in self.start.files:
            self.start.files[path] = None
            self.pending.append(path)

    def file(self, path: bytes) -> None:
        """Look into a file that is reached, or named: what its first line calls, what a shell script names."""
        found = self.root.file(path)
        if found is None or path in self.seen:
            return
        self.seen.add(path)
        self.scanned += 1
        line = self.root.script(found.entry)
        if line is None:
            self.start.unread.append(found.entry)
        script = shebang(line or b"")
        if script is None:
            return
        if path not in self.start.files:
            self.told(self.text(found.entry))
            return
        for name in interpreters(*script):
            program = self.root.program(name, self.path)
            if program is None:
                word = name.decode("utf-8", "surrogateescape")
                self.start.missing.append(("program", word, path, True))
            else:
                self.reach(program.path)
        if self.is_read(found.entry, script):
            text = self.text(found.entry)
            self.told(text)
            if interpreters(*script)[-1].rpartition(b"/")[2] in SHELLS:
                self.shell(text, path, first=False)

    def text(self, entry: int) -> bytes:
        text = self.root.texts([entry]).get(entry, b"")
        if not text and self.root.overlay.sizes[entry]:
            self.start.unread.append(entry)
        return text

    def shell(self, text: bytes, by: bytes, *, first: bool) -> None:
        """Take up what a shell's text names: its commands, and the known programs wherever they stand."""
        text = _COMMENT.sub(b"", text[:MAX_TEXT].replace(b"\\\n", b" "))
        functions = set(re.findall(rb"(?m)^[ \t]*(?:function[ \t]+)?([\w-]+)[ \t]*\(\)", text))
        commands = dict.fromkeys(_AT_COMMAND.findall(text))
        leading = _first(text)
        for word in commands:
            if word in _BUILT_IN or word in functions or word.rpartition(b"/")[2] == b"":
                continue
            if not self.may_look():
                break
            found = self.root.program(word, self.path, self.directory)
            if found is not None:
                self.reach(found.path)
            else:
                name = word.decode("utf-8", "surrogateescape")
                self.start.missing.append(("command", name, by, first and word == leading))
        for word in dict.fromkeys(_TOKEN.findall(text)):
            for path in self.programs.get(word.rpartition(b"/")[2], ()):
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

    # -- what is merely named ----------------------------------------------------------------------------

    def said(self, command: Sequence[str]) -> None:
        """Keep what the config says: the program's own name is looked for by PATH alone, unless it has a slash."""
        told = [text[:_MAX_CONFIG_TEXT] for text in command[:_MAX_WORDS]]
        words = [word for text in told for word in _words(text)][:_MAX_WORDS]
        self.start.text = "\n".join(told)
        self.start.known = any(word.rpartition("/")[2] not in _NOT_PROGRAMS for word in words)
        self.name(words, beside=words[1:] if told[:1] == words[:1] else words)

    def told(self, text: bytes) -> None:
        """Keep what a script says, where that was asked for."""
        if self.may_read is None or b"\0" in text:
            return
        shown = text.decode("utf-8", "replace")
        self.start.text += "\n" + shown
        words = list(dict.fromkeys(_WORD.findall(_REMARK.sub("", shown))))[:_MAX_WORDS]
        self.name(words, beside=words)

    def name(self, words: Iterable[str], beside: Iterable[str]) -> None:
        """Find the files that words name: programs, and of those ``beside`` the program what lies in its folder."""
        self.start.words.update(word.rpartition("/")[2] for word in words)
        relative = set(beside)
        for word in dict.fromkeys(words):
            if not word.strip("./"):
                continue
            if not self.may_look():
                break
            name = word.encode("utf-8", "surrogateescape")
            found = self.root.file(self.absolute(name)) if word in relative or "/" in word else None
            found = found or self.root.program(name, self.path, self.directory) or self.in_path(name)
            if found is None or found.path in self.start.named:
                continue
            self.start.named[found.path] = None
            if found.path not in self.start.files and self.may_read is not None and self.may_read(found.entry):
                self.unsure.append(found.path)

    def in_path(self, name: bytes) -> Target | None:
        """Find a file by PATH that may not be executed: a script, or a shell, may be told to read it all the same."""
        files = (self.root.file(join(place, name)) for place in self.path if b"/" not in name)
        return next((target for target in files if target is not None), None)


def _words(text: str) -> list[str]:
    """Return the words of an argument, which may be a whole command line for a shell."""
    try:
        parts = shlex.split(text, posix=True)
    except ValueError:
        parts = text.split()
    return [word for part in parts for word in _WORD.findall(part)]


def _first(text: bytes) -> bytes:
    """Return the program that a command line begins with."""
    match = re.match(rb"\s*(?:exec\s+)?(?:\w{1,100}=\S{0,200}\s+){0,20}([\w./+-]+)", text)
    return match[1] if match else b""
