"""What lies between: whether anything that runs later needs what a RUN would clean away.

A later RUN, an ONBUILD, a stage that builds on this one and the container's start are asked. A script of the image
is looked into; a program that can't be is taken to need it, unless its layer shows that the package manager did not
run there (and other layers show that it leaves a trace where it does).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from ...dockerfile.model import Instruction
from ...dockerfile.shell import ShellError
from ...settings import settings, strings
from .calls import SHELLS, Call, of_words, script_calls
from .cleaning import folder_of
from .cleans import CLEANS, Clean
from .inert import INERT
from .managers import BY_PROGRAM, OFFLINE, SYSTEM, Manager
from .model import NotSafe

if TYPE_CHECKING:
    from .plan import Plan

_HARMLESS = frozenset(
    [
        "config",
        "version",
        "env",
        "list",
        "show",
        "info",
        "view",
        "sources",
        "source",
        "dump-autoload",
        "completion",
        "help",
        "login",
        "set",
        "get",
        "init",
        "freeze",
        "check",
        "audit",
        "ls",
        "bin",
        "root",
        "prefix",
        "why",
        "outdated",
        "fmt",
        "vet",
        "dedupe",
    ]
)
_INTERPRETERS = re.compile(r"(?:python|perl|ruby|node|php|lua|Rscript|pypy)[\d.]*$")
_MODULES = frozenset(
    ["venv", "ensurepip", "compileall", "site", "zipfile", "tarfile", "json.tool", "pytest", "unittest", "virtualenv"]
)
_BUILDERS = frozenset(
    [
        "cmake",
        "ninja",
        "meson",
        "autoreconf",
        "autoconf",
        "automake",
        "aclocal",
        "libtoolize",
        "qmake",
        "protoc",
        "bazel",
    ]
)
# Files that a shell reads and that are known to set variables only.
_SETTINGS = re.compile(r"/etc/os-release|/usr/lib/os-release|/etc/lsb-release|/etc/environment|.*/activate|.*/nvm\.sh"
                       r"|.*/cargo/env")  # fmt: skip
_SPAWNS = re.compile(
    r"\b(?:subprocess|system|popen|exec(?:v[pe]*|File\w*|Sync)?|spawn\w*|child_process|qx|shell_exec|import_module)\b"
)
_SCRIPTS = re.compile(r"(?:^|[\s;&|(@])(?:\./|/(?!usr/bin/|bin/)\S+\.sh\b|(?:ba)?sh\s+\S|\S+\.sh\b)", re.MULTILINE)
_MAX_DEPTH = 3


class Answer(Enum):
    """What a program does with what is to go."""

    NOT = "does not need it"
    FRESH = "fetches it itself"
    USES = "needs it"
    UNKNOWN = "can't be looked into"


class Later(NamedTuple):
    """Later RUN that use what was fetched, in the same stage, and the first that fetches it anew."""

    users: tuple[Instruction, ...]
    fetches: Instruction | None


class Needs:
    """Asks one plan's Dockerfile and image about the leftovers of one rule."""

    def __init__(self, plan: Plan, code: str) -> None:
        """Ask about the leftovers that ``code`` finds."""
        self.code = code
        self.plan = plan
        self.clean: Clean = CLEANS[code]
        self.manager: Manager = BY_PROGRAM[self.clean.manager]

    def later(self, run: Instruction, layer: int) -> Later:
        """Return what after a RUN needs what it leaves. Raises ``NotSafe`` where that is not known, or can't be met."""
        folders = self.folders(layer)
        users: list[Instruction] = []
        fetches: Instruction | None = None
        for other, where in self.plan.later(run):
            self.mentions(run, other, folders)
            made = other.trigger if other.trigger is not None else other
            if made.keyword != "RUN" or where == "files" or fetches is not None:
                continue
            answer, who = self._run(made, where == "here")
            if answer is Answer.UNKNOWN and self.clean.need != "offline":
                raise NotSafe(
                    f"line {other.first} runs {who}, which can't be looked into: it may need what line {run.first} "
                    "fetches"
                )
            if answer is Answer.USES:
                if where != "here":
                    what = "an ONBUILD" if where == "ONBUILD" else "another stage"
                    raise NotSafe(f"{what} (line {other.first}) uses what line {run.first} fetches")
                users.append(other)
            elif answer is Answer.FRESH and where == "here":
                fetches = other
        self._start(run)
        return Later(tuple(users), fetches)

    def folders(self, layer: int) -> list[str]:
        """Return the folders that are to be cleaned; for pip also the one that would not be made any more."""
        found = {folder_of(shown) for shown, _, _ in self.plan.facts.leftovers(self.clean, layer)}
        return sorted({posixpath.dirname(folder) for folder in found} if self.code == "IS106" else found)

    # -- one instruction ---------------------------------------------------------------------------------

    def _run(self, run: Instruction, here: bool) -> tuple[Answer, str]:
        try:
            found = self.plan.calls(run)
        except ShellError:
            found = []
            text = f"{run.text}\n{run.script}"
            if self._named(text):
                return Answer.USES, "a script"
            answer: tuple[Answer, str] = (Answer.UNKNOWN, "a script that can't be read reliably")
        else:
            # What a mount brings is not the image's, and hides what is there.
            mounted = any(flag.startswith("--mount=") and "type=cache" not in flag for flag in run.flags)
            layer = self.plan.matched.layer(run) if here and not mounted else None
            answer = self._calls(found, self.plan.folder_or_none(run), layer, self.plan.functions(run), 0)
        if answer[0] is Answer.UNKNOWN and here and self._left_no_trace(run):
            return Answer.NOT, ""
        return answer

    def _calls(
        self, calls: Iterable[Call], folder: str | None, layer: int | None, functions: frozenset[str], depth: int
    ) -> tuple[Answer, str]:
        """Tell what some calls, one after the other, do."""
        unknown = ""
        for call in calls:
            if call.name in functions and call.name is not None:
                continue
            answer = self._call(call, folder, layer, depth)
            if answer is Answer.USES:
                return answer, call.name or "a program"
            if answer is Answer.FRESH:
                return (Answer.UNKNOWN, unknown) if unknown else (answer, "")
            if answer is Answer.UNKNOWN and not unknown:
                unknown = call.name or (call.raw[0] if call.raw else "") or "a program"
        return (Answer.UNKNOWN, unknown) if unknown else (Answer.NOT, "")

    def _call(self, call: Call, folder: str | None, layer: int | None, depth: int) -> Answer:
        name = call.name
        managed = call.managed
        if managed is not None and managed[0] is self.manager:
            return self._managed(call, managed[1])
        if managed is not None:
            manager, verb = managed
            following = next((word for word in call.words[1:] if word and not word.startswith("-")), None)
            known = verb or manager.name in SYSTEM or following is None or following in _HARMLESS
            return Answer.NOT if known or self.clean.need == "tool" else Answer.UNKNOWN
        if name is None:
            return Answer.UNKNOWN
        if name == "find" and any(word in ("-exec", "-execdir", "-ok") for word in call.words):
            return Answer.USES if self._named(" ".join(call.raw)) else Answer.NOT
        if name in INERT or name in _BUILDERS:
            return Answer.NOT
        return self._looked_into(call, name, folder, layer, depth)

    def _managed(self, call: Call, verb: str) -> Answer:
        words = {word for word in call.words if word}
        need = self.clean.need
        if need == "tool":
            return Answer.NOT if verb in self.manager.cleans or words & _HARMLESS else Answer.USES
        if need == "offline":
            offline = words & OFFLINE or ("-C" in words and self.manager.name == "dnf")
            offline = offline and verb in self.manager.installs
            # pip fails where there is nothing to remove.
            return Answer.USES if offline or verb == "cache remove" else Answer.NOT
        if words & self.manager.fresh:
            return Answer.NOT
        if verb in self.manager.updates:
            partly = any(word.startswith("Dir::") for word in words)
            return Answer.FRESH if call.sure and not partly else Answer.NOT
        if verb in self.manager.cleans or verb in self.manager.removes:
            return Answer.NOT
        if not verb and all(word is not None for word in call.words):
            known = [word for word in call.words[1:] if word and not word.startswith("-")]
            return Answer.NOT if not known or known[0] in ("moo", "config", "version", "mark") else Answer.USES
        return Answer.USES

    def _left_no_trace(self, run: Instruction) -> bool:
        """Tell whether a layer shows that the package manager did not run in it."""
        layer = self.plan.matched.layer(run)
        if layer is None or not self.manager.traces or not self.plan.shows_traces(self.manager):
            return False
        return not self.plan.facts.touches(layer, self.manager.traces)

    # -- scripts -----------------------------------------------------------------------------------------

    def _looked_into(self, call: Call, name: str, folder: str | None, layer: int | None, depth: int) -> Answer:
        """Read the script that a call runs, if it runs one and the image has it."""
        words = call.words
        path: str | None
        if name in SHELLS or _INTERPRETERS.match(name) or name in (".", "source"):
            at = next((n for n, word in enumerate(words[1:], 1) if word is None or not word.startswith("-")), None)
            options = [word for word in words[1:at] if word]
            if "-c" in options or "-e" in options:
                text = words[at] if at is not None else None
                return Answer.UNKNOWN if text is None else self._text(text)
            if "-m" in options:
                return Answer.NOT if at is not None and words[at] in _MODULES else Answer.UNKNOWN
            if at is None:
                only = options and set(options) <= {"--version", "-V", "-v", "--help"}
                return Answer.NOT if only else Answer.UNKNOWN
            path = words[at]
        elif name in ("make", "gmake"):
            return self._makefile(words, folder, layer)
        else:
            path = words[0]
        if path is None:
            return Answer.UNKNOWN
        if name in (".", "source") and _SETTINGS.fullmatch(path):
            return Answer.NOT
        text = self._read(path, folder, layer, searched="/" not in path and path is words[0])
        if text is None:
            return Answer.UNKNOWN
        first = text.partition("\n")[0]
        shell = first.startswith("#!") and any(part.rpartition("/")[2] in SHELLS for part in first[2:].split())
        if name in SHELLS or name in (".", "source") or shell:
            return self._shell_script(text, folder, layer, depth)
        return self._text(text) if first.startswith("#!") or _INTERPRETERS.match(name) else Answer.UNKNOWN

    def _read(self, path: str, folder: str | None, layer: int | None, *, searched: bool) -> str | None:
        if layer is None:
            return None
        if searched:
            places = [posixpath.join(item, path) for item in self.plan.search_path]
        elif path.startswith("/"):
            places = [path]
        elif folder is None:
            return None
        else:
            places = [posixpath.join(folder, path)]
        return next((text for place in places if (text := self.plan.facts.text(place, layer)) is not None), None)

    def _shell_script(self, text: str, folder: str | None, layer: int | None, depth: int) -> Answer:
        try:
            calls = script_calls(text, ("/bin/bash", "-c"))
        except ShellError:
            return Answer.USES if self._named(text) else Answer.UNKNOWN
        if depth >= _MAX_DEPTH:
            return Answer.UNKNOWN
        functions = frozenset(re.findall(r"^\s*(?:function\s+)?([\w-]+)\s*\(\)", text, re.MULTILINE))
        return self._calls(calls, folder, layer, functions, depth + 1)[0]

    def _makefile(self, words: Sequence[str | None], folder: str | None, layer: int | None) -> Answer:
        for at, word in enumerate(words):
            if word is None:
                return Answer.UNKNOWN
            if word == "-C" and at + 1 < len(words) and words[at + 1] and folder is not None:
                folder = posixpath.join(folder, words[at + 1] or "")
            elif word in ("-f", "--file"):
                return Answer.UNKNOWN
        for name in ("GNUmakefile", "makefile", "Makefile"):
            text = self._read(f"./{name}", folder, layer, searched=False)
            if text is not None:
                return Answer.UNKNOWN if _SCRIPTS.search(text) and not self._named(text) else self._text(text)
        return Answer.UNKNOWN

    def _text(self, text: str) -> Answer:
        """Judge a program in some other language by its words."""
        if self._named(text):
            return Answer.USES
        return Answer.UNKNOWN if _SPAWNS.search(text) else Answer.NOT

    def _named(self, text: str) -> bool:
        found = SYSTEM.get(self.manager.name) or re.compile(rf"\b{re.escape(self.manager.name)}\b")
        if self.clean.need == "offline":
            return bool(found.search(text)) and any(word in text for word in OFFLINE if word.startswith("--"))
        return found.search(text) is not None

    # -- the rest ----------------------------------------------------------------------------------------

    def mentions(self, run: Instruction, other: Instruction, folders: Sequence[str]) -> None:
        """Raise ``NotSafe`` where an instruction names a folder that is to be cleaned, but to remove what is in it.

        ``rm`` without ``-f`` would fail where there is nothing any more.
        """
        text = f"{other.text}\n{other.script}"
        for name in [name for folder in folders for name in _names(folder)]:
            if name not in text:
                continue
            try:
                calls = self.plan.calls(other) if other.keyword == "RUN" else []
            except ShellError:
                calls = []
            naming = [call for call in calls if any(name in raw for raw in call.raw)]
            flags = other.text[: len(other.text) - len(other.rest)]
            if not naming or name in flags or not all(map(_harmless, naming)):
                raise NotSafe(f"line {other.first} names {name}, which line {run.first} would clean")

    def _start(self, run: Instruction) -> None:
        """Raise ``NotSafe`` where the container's own start is seen to need it."""
        config = settings(self.plan.report.analysis.image.config)
        words = strings(config.get("Entrypoint")) + strings(config.get("Cmd"))
        check = config.get("Healthcheck")
        tests = strings(check.get("Test")) if isinstance(check, dict) else []
        last = len(self.plan.facts.overlay.layers) - 1
        folder = config.get("WorkingDir")
        for command in (words, strings(config.get("Cmd")), tests[1:]):
            if not command:
                continue
            text = command[0] if command is not words and len(command) == 1 else None
            calls = self._started(command, text)
            answer, _ = self._calls(calls, folder if isinstance(folder, str) and folder else "/", last, frozenset(), 0)
            if answer is Answer.USES:
                raise NotSafe(
                    f"the container calls {self.manager.name} when it is started: line {run.first} keeps what it needs"
                )

    def _started(self, command: Sequence[str], text: str | None) -> list[Call]:
        if text is not None and " " in text:
            try:
                return script_calls(text)
            except ShellError:
                return []
        return list(of_words(command))


def _names(folder: str) -> list[str]:
    """Return the ways to write a folder, that of a home in short too."""
    home = re.match(r"/(?:root|home/[^/]+)(?=/)", folder)
    rest = folder[home.end() :] if home else ""
    return [folder, *(f"{start}{rest}" for start in ("~", "$HOME", "${HOME}") if home)]


def _harmless(call: Call) -> bool:
    """Tell whether a command that names a folder does as well where nothing is in it."""
    options = [word for word in call.words if word and word.startswith("-")]
    if call.name == "rm":
        return any(word == "--force" or re.fullmatch(r"-[a-zA-Z]*f[a-zA-Z]*", word) for word in options)
    return call.name in ("mkdir", "echo") or (call.name == "find" and "-delete" in options)
