"""Finds passwords that are fed to a command: by a pipe (``echo X | passwd --stdin``), or as a here-document."""

from __future__ import annotations

import re
from collections.abc import Sequence

from . import programs
from .encoded import coder, to_decode, to_encode
from .formats import filled
from .line import Line, Script, keeps_secret, program
from .names import compiled, looks_chosen, names_secret
from .shell import Command, Word, core, text_of

# Words that may stand before an echo: RUN --mount=… /bin/bash -o pipefail -o errexit -c, sudo -u me, env A=b.
_BEFORE_SAID = 24
# One word, no path and no command.
_PIECE = r"[^\s/$]{4,128}"
_LINES = r"([^\s:\\]{1,128}+):((?:[^\s\\]|\\(?!n)){4,})"


def fed(line: Line, before: Sequence[Command]) -> None:
    """Judge what is fed to a command that reads passwords; ``before`` are the commands that are piped into it."""
    command, seen, text = line.command, line.seen, line.text
    if not before and not command.fed:
        return
    coded = coder(seen)
    reads = _reads(line) or coded is not None
    named = bool(seen & {"read", "mapfile", "readarray"})
    if not reads and not named and "su" not in seen:
        return
    if named and not before:
        # read PASSWORD <<< X
        if (name := next((head for head in line.heads if head.isidentifier() and names_secret(head)), "")) != "":
            script = line.script
            script.add(name, command.fed[0].start, command.fed[0].end)
        return
    logins = bool(seen & {"chpasswd", "newusers"})
    # With a command of its own su reads nothing but a password.
    reads = reads or ("su" in seen and any(re.fullmatch(r"-[a-z]{0,4}c|--command", word) for word in seen))
    sources = list(command.fed)
    for other in before:
        names = [program(text_of(text, core(text, word))) for word in other.words[:_BEFORE_SAID]]
        first = next((place for place, name in enumerate(names) if name in programs.SAY), None)
        sources += [*(other.words[first + 1 :] if first is not None else ()), *other.fed]
        if first is None and _is_text(other, names):
            # PowerShell says a text by itself.
            sources.append(other.words[-1])
        if first is not None and names[first] == "printf" and (logins or coded == "to"):
            _logins_of(line.script, other)
    for word in sources:
        if coded is not None:
            (to_encode if coded == "to" else to_decode)(line, *core(text, word))
            continue
        # Root needs no password: what it feeds to su is a script, unless it looks like nothing but a password.
        value = text_of(text, core(text, word))
        if reads or looks_chosen(value) or (len(sources) == 1 and compiled(_PIECE).fullmatch(value)):
            said(line.script, word, logins)


def _is_text(command: Command, names: Sequence[str]) -> bool:
    """Tell whether a command is a quoted text and nothing else."""
    if not command.words or not command.words[-1].quoted:
        return False
    before = [name for name in names[: len(command.words) - 1] if name[:1] != "-"]
    # sh -c 'curl x' is a command.
    return before in ([], ["run"]) or before[-1] in ("powershell", "pwsh")


def _logins_of(script: Script, command: Command) -> None:
    """Take the passwords of names that printf puts together: ``printf '%s:%s' me X``."""
    other = Line(script, command)
    for number in range(len(other.words)):
        other.see(number)
    for argument in filled(other):
        if argument.before.endswith(":"):
            other.take("password on standard input", argument.number)


def _reads(line: Line) -> bool:
    """Tell whether a command reads a password from its standard input."""
    seen, text = line.seen, line.text
    options = " ".join(sorted(word for word in seen if word[:1] == "-"))
    if seen & programs.READ or "--password-stdin" in options or "--with-token" in options:
        return True
    if "tee" in seen and keeps_secret(line.heads[-1]):
        return True
    if seen & programs.WRITES and any(map(keeps_secret, line.heads)):
        return True
    if seen & {"login", "passwd", "auth"} and any(
        "stdin" in text_of(text, core(text, word)) for word in line.command.words if word.end - word.start < 64
    ):
        return True
    return any(
        word.startswith(first)
        for name in seen & programs.READ_WITH.keys()
        for word in seen
        for first in programs.READ_WITH[name]
    )


def said(script: Script, word: Word, logins: bool) -> None:
    """Take a word that is fed to a program for a password, or for names with passwords."""
    start, end = core(script.text, word)
    value = script.text[start:end]
    if value.startswith("-") or not value or value.startswith("%s"):
        return
    if not logins:
        script.add("password on standard input", start, end)
        return
    for match in re.finditer(_LINES, value):
        script.add("password on standard input", start + match.start(2), start + match.end(2))
