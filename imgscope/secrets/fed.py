"""Finds passwords that are fed to a command: by a pipe (``echo X | passwd --stdin``), or as a here-document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from . import programs
from .encoded import coder, to_decode, to_encode
from .formats import filled
from .line import Line, Script, keeps_secret, program
from .names import compiled, is_slug, looks_chosen, looks_random, looks_typed
from .reading import read
from .shell import Command, Word, core, text_of

# Words that may stand before an echo: RUN --mount=… /bin/bash -o pipefail -o errexit -c, sudo -u me, env A=b.
_BEFORE_SAID = 24
# One word, no path and no command.
_PIECE = r"[^\s/$]{4,128}"
_HEX = r"[0-9a-f]{1,128}"
_LINES = r"([^\s:\\]{1,128}+):((?:[^\s\\]|\\(?!n)){4,})"


def fed(line: Line, before: Sequence[Command]) -> None:
    """Judge what is fed to a command that reads passwords; ``before`` are the commands that are piped into it."""
    command, seen, text = line.command, line.seen, line.text
    if not before and not command.fed:
        return
    coded = coder(seen)
    reads = _reads(line) or coded is not None
    named = bool(seen & {"read", "mapfile", "readarray"})
    asks = any(needed <= seen for needed in programs.ASK)
    if not reads and not named and not asks and "su" not in seen:
        return
    if named:
        read(line, [*_joined(line.text, command.fed), *_joined(line.text, list(_printed(line.text, before)))])
        return
    logins = bool(seen & {"chpasswd", "newusers"})
    # With a command of its own su reads nothing but a password.
    reads = reads or ("su" in seen and any(re.fullmatch(r"-[a-z]{0,4}c|--command", word) for word in seen))
    sources = list(command.fed)
    for other in before:
        names, first = _says(text, other)
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
        if asks and not reads:
            _answers(line, word)
        elif reads or looks_chosen(value) or (len(sources) == 1 and compiled(_PIECE).fullmatch(value)):
            said(line.script, word, logins)


def _says(text: str, command: Command) -> tuple[list[str], int | None]:
    """Return a command's first words as programs' names, and which is one that prints what follows."""
    names = [program(text_of(text, core(text, word))) for word in command.words[:_BEFORE_SAID]]
    return names, next((place for place, name in enumerate(names) if name in programs.SAY), None)


def _printed(text: str, before: Sequence[Command]) -> Iterator[Word]:
    """Yield the words that commands print into a pipe."""
    for command in before:
        first = _says(text, command)[1]
        yield from command.words[first + 1 :] if first is not None else ()
        yield from command.fed


def _joined(text: str, words: Sequence[Word]) -> list[Word]:
    """Return the words that a command is fed, those of a line as one."""
    found: list[Word] = []
    for word in words:
        if word.start < (found[-1].end if found else 0):
            continue
        if found and "\n" not in text[found[-1].end : word.start]:
            found[-1] = Word(found[-1].start, word.end)
        else:
            found.append(word)
    return found


def _answers(line: Line, word: Word) -> None:
    """Take what can be nothing but a secret among the answers that a program is given, a line each."""
    start, end = core(line.text, word)
    for match in compiled(r"(?:[^\s\\]|\\(?!n))++").finditer(line.text, start, end):
        if looks_typed(match[0]) or (looks_random(match[0]) and not _is_name(match[0][:600])):
            line.script.add("password on standard input", *match.span())


def _is_name(value: str) -> bool:
    """Tell whether a value may be a name or a digest as well."""
    return is_slug(value) or compiled(_HEX).fullmatch(value) is not None


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
