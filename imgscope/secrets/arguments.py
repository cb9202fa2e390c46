"""Finds secrets in what a builder writes of ENV, LABEL and ARG, and build arguments before a command.

Builders write values as they are, without quotes: ``ENV A=1 B=two words``, ``|2 A=1 B=two words /bin/sh -c make``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .names import compiled, default_of, names_secret, plausible
from .shell import AROUND
from .tokens import Secret

_NAMES_TO_COME = r"(?:^|\s)([A-Za-z_][\w.\-/]{0,200}+)="
_SHELL_WORD = (
    r"(?i)(?:.*[/\\])?(?:ba|da|a|z|k|c|tc|fi|pwsh|power|r)?sh(?:ell)?(?:\.exe)?"
    r"|(?:.*[/\\])?(?:cmd|pwsh|busybox|env)(?:\.exe)?"
)
_WORDS = r"\S++"


def in_pairs(text: str, start: int, end: int) -> Iterator[Secret]:
    """Yield the secrets in what a builder writes of ENV, LABEL and ARG: ``A=1 B=two words``, or ``NAME value``."""
    names = list(compiled(_NAMES_TO_COME).finditer(text, max(start - 1, 0), end))
    if not names or text[start : names[0].start()].strip():
        name, _, rest = text[start:end].lstrip().partition(" ")
        at = end - len(rest)
        if "=" not in name:
            value = stripped(text, at, end)
            if value is not None and names_secret(name.strip(AROUND), text[value[0] : value[1]]):
                yield Secret(kind_of(name), *value)
    for number, match in enumerate(names):
        finish = names[number + 1].start() if number + 1 < len(names) else end
        value = stripped(text, match.end(), finish)
        if value is not None and names_secret(match[1], text[value[0] : value[1]]):
            yield Secret(kind_of(match[1]), *value)


def stripped(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return where a value stands without the quotes and blanks around it; ``None`` for what can be no secret."""
    part = text[start:end]
    if part[:1] == "`" and " " in part:
        # What a command in backquotes prints.
        return None
    if part[:2] == "$'":
        # What bash calls ANSI-C quoting.
        start, part = start + 1, part[1:]
    end -= len(part) - len(part.rstrip(" \t\r\n\\\"'`"))
    start += len(part) - len(part.lstrip(" \t\r\n\\\"'`")) if end > start else 0
    if end <= start:
        return None
    value = text[start : min(end, start + 600)]
    if plausible(value):
        return start, end
    inner = default_of(value)
    if inner is not None and plausible(value[inner[0] : inner[1]]):
        return start + inner[0], start + inner[1]
    return None


def kind_of(name: str) -> str:
    """Return what a secret is called: its name, without what stands around it."""
    return name.strip(AROUND + "[]{},").lstrip("-./").rstrip(".-")[-80:] or "password or token"


def build_arguments(text: str, start: int, count: int, end: int) -> tuple[list[Secret], int]:
    """Return the values of the build arguments in ``|2 A=1 B=two words /bin/sh -c …``, and where the command begins.

    ``start`` is where the first begins. A value may hold blanks; the last one ends where a command begins.
    """
    found: list[Secret] = []
    at = start
    names: list[tuple[str, int, int]] = []
    for match in compiled(_NAMES_TO_COME).finditer(text, max(start - 1, 0), end):
        if len(names) == count:
            break
        names.append((match[1], match.start(1), match.end()))
    for number, (name, _, value) in enumerate(names):
        if number + 1 < len(names):
            finish = names[number + 1][1]
        else:
            finish = at = _command_after(text, value, end)
        part = text[value:finish]
        stop = finish - (len(part) - len(part.rstrip()))
        if stop > value:
            found.append(Secret(name, value, stop))
    return found, at


def _command_after(text: str, start: int, end: int) -> int:
    """Return where the command begins behind the last build argument's value."""
    first: int | None = None
    match = None if start < end and text[start].isspace() else compiled(_WORDS).match(text, start, end)
    place = match.end() if match is not None else start
    window = min(end, place + (1 << 14))
    words = [(found.start(), found[0]) for found in compiled(_WORDS).finditer(text, place, window)]
    for number, (at, word) in enumerate(words[:400]):
        first = at if first is None else first
        following = words[number + 1][1] if number + 1 < len(words) else ""
        if _begins(word, following):
            return at
    return first if first is not None else end


def _begins(word: str, following: str) -> bool:
    """Tell whether a word is where a command begins after build arguments: a shell, a path, or what takes options."""
    name = word[:256]
    return bool(
        compiled(_SHELL_WORD).fullmatch(name)
        or (name[:1] == "/" and following[:1] in ("-", "/"))
        or re.match(r"(?i)[a-z]:\\", name)
        or (following[:1] == "-" and re.match(r"[\w./-]+$", name))
    )
