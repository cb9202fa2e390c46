"""Which programs an instruction calls: through sudo, env and the like, in ``sh -c``, as a list of words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...dockerfile.grammar import read_script
from ...dockerfile.model import Instruction
from ...dockerfile.shell import Command, ShellError, Word
from .managers import Manager, program, verb

SHELLS = frozenset(["sh", "bash", "dash", "ash"])
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
# What runs the words after its own options, as the same user; with the options that take a word.
_WRAPPERS = {
    "env": "-u --unset -C --chdir",
    "nice": "-n --adjustment",
    "ionice": "-c -n -p",
    "timeout": "-s --signal -k --kill-after",
    "nohup": "",
    "eatmydata": "",
    "command": "",
    "exec": "-a",
    "stdbuf": "-i -o -e",
    "unbuffer": "",
    "xargs": "-n -L -P -I -d -a -s -E",
    "chronic": "",
}
_RIGHTS = {"sudo": "-C -D -g -h -p -R -T -U -u", "doas": "-C -u"}


@dataclass(frozen=True, slots=True)
class Call:
    """One program that an instruction calls.

    ``words`` are its own, ``rights`` what stands before it to get root's (``sudo -E``); ``other`` tells that it runs as
    some other user or in another root. ``command`` is where it stands, ``None`` where that is not in the
    instruction's own text. ``sure`` tells that it runs whenever all before it went well.
    """

    words: tuple[str | None, ...]
    raw: tuple[str, ...]
    rights: str = ""
    other: bool = False
    command: Command | None = None
    at: int = -1
    sure: bool = True
    assigns: bool = False

    @property
    def name(self) -> str | None:
        """The program's name without its folder; ``None`` where the shell makes it up."""
        return None if not self.words or self.words[0] is None else self.words[0].rpartition("/")[2]

    @property
    def managed(self) -> tuple[Manager, str] | None:
        """The package manager that it calls, and the verb (empty for one that is not known)."""
        found = program(self.words)
        return None if found is None else (found[0], verb(found[0], self.words[found[1] :]))

    @property
    def written(self) -> str:
        """The package manager's name as the instruction has it: ``python3 -m pip``."""
        found = program(self.words)
        return " ".join(self.raw[: found[1] if found else 1])


def calls(instruction: Instruction, shell: Sequence[str]) -> list[Call]:
    """Return what a RUN, CMD, ENTRYPOINT or HEALTHCHECK calls. Raises ``ShellError`` for what can't be read."""
    if instruction.exec_form:
        return list(of_words(instruction.arguments))
    return script_calls(instruction.script, tuple(shell))


def of_words(words: Sequence[str]) -> Iterator[Call]:
    """Yield what a list of words calls that is run without a shell."""
    found = tuple(Word(word, word, -1, -1) for word in words)
    if found:
        yield from _unwrapped(found, None, True, False, 0)


def script_calls(text: str, shell: tuple[str, ...] = ("/bin/sh", "-c"), depth: int = 0) -> list[Call]:
    """Return what a script calls. Raises ``ShellError``."""
    found: list[Call] = []
    for command in read_script(text, shell).commands:
        found += _unwrapped(command.words, command, command.sure, command.assigns, depth)
    return found


def _unwrapped(words: Sequence[Word], command: Command | None, sure: bool, assigns: bool, depth: int) -> Iterator[Call]:
    """Yield the call without what only hands it on, and those of a script that it hands to a shell."""
    rights: list[str] = []
    other = False
    at = 0
    while at < len(words):
        name = (words[at].value or "").rpartition("/")[2]
        if name in _RIGHTS:
            end = _options(words, at + 1, _RIGHTS[name])
            given = [word.value or "" for word in words[at + 1 : end]]
            user = next((given[n + 1] for n, word in enumerate(given[:-1]) if word in ("-u", "--user")), "root")
            other = (
                other
                or user not in ("root", "0")
                or any(re.match(r"--user=(?!root$)|-u.|-[a-z]*[isR]", w) for w in given)
            )
            rights += [word.raw for word in words[at:end]]
        elif name in _WRAPPERS and not (
            name == "command" and len(words) > at + 1 and words[at + 1].value in ("-v", "-V")
        ):
            end = _options(words, at + 1, _WRAPPERS[name])
            end += name == "timeout"
            assigns = assigns or any("=" in word.raw for word in words[at + 1 : end])
        elif name in ("su", "gosu", "su-exec", "runuser", "setpriv", "chroot", "unshare", "fakeroot", "fakechroot"):
            other, end = True, len(words)
            nested = [word.value for word in words[at:]]
            for text in nested:
                if text and " " in text and depth < 3:
                    for call in _nested(text, depth):
                        yield Call(call.words, call.raw, "", True, command, _start(command), False, call.assigns)
            break
        else:
            break
        if end >= len(words):
            break
        at = end
    rest = words[at:]
    if rest:
        values = tuple(word.value for word in rest)
        raw = tuple(word.raw for word in rest)
        inner = _handed_on(values) if (values[0] or "").rpartition("/")[2] in SHELLS else None
        if inner is not None and depth < 3:
            for call in _nested(inner, depth):
                yield Call(
                    call.words,
                    call.raw,
                    " ".join([*rights, call.rights]).strip(),
                    other or call.other,
                    command,
                    _start(command),
                    sure and call.sure,
                    call.assigns or assigns,
                )
            return
        yield Call(values, raw, " ".join(rights), other, command, rest[0].start, sure, assigns)


def _nested(text: str, depth: int) -> list[Call]:
    try:
        return script_calls(text, depth=depth + 1)
    except ShellError:
        return [Call((None,), ("a script",))]


def _start(command: Command | None) -> int:
    return -1 if command is None else command.start


def _handed_on(values: Sequence[str | None]) -> str | None:
    """Return the script in ``sh -c SCRIPT``."""
    for at, value in enumerate(values[1:], 1):
        if value is None or not value.startswith("-"):
            return None
        if re.fullmatch(r"-[a-z]*c", value):
            return values[at + 1] if at + 1 < len(values) else None
    return None


def _options(words: Sequence[Word], at: int, with_value: str) -> int:
    """Return where options and assignments end."""
    takes = with_value.split()
    while at < len(words):
        value = words[at].value or ""
        if value in takes:
            at += 2
        elif value.startswith("-") or _ASSIGNMENT.match(value):
            at += 1
        else:
            break
    return at
