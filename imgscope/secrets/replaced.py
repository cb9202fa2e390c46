"""Finds secrets that sed and perl put in a placeholder's place: ``s/PASSWORD_HERE/X/``, and behind what is kept."""

from __future__ import annotations

import re

from .line import Line, tail
from .names import calls_secret, compiled, looks_chosen, looks_random, looks_typed, names_secret

_REPLACED = r"(?<![\w\\])s([/|#,:!~@%+])((?:(?!\1)[^\s]){3,60}+)\1((?:(?!\1)[^\s]){4,256}+)"
_PLACED = r"(?i)(?:your|replace|change|insert|the|my)[-_]{1,2}|[-_]{1,2}(?:here|placeholder|value|goes|me)$"
_MARK = r"(?i)(?:your|replace|change|insert)?[-_]?(?:place[-_]?holder|me|this|here|xxx+)"
# What is kept of the text, and what is put behind it.
_KEPT = r"\\[1-9]([^\s/|#,\"'\\]{4,256}+)"
_NAMES = r"[A-Za-z][\w.-]{2,40}+"
_AROUND = "@%_<>{}$#[]()*.^\\"
_BEFORE, _LOOK = 120, 4096


def replaced(line: Line) -> None:
    """Judge what is put in the place of something that is called a secret."""
    for start, end in line.cores:
        stop = min(end, start + _LOOK)
        for match in compiled(_REPLACED).finditer(line.text, start, stop):
            mark, value = match[2].strip(_AROUND), match[3]
            name = re.sub(_PLACED, "", mark)
            addressed = tail(line.text[max(start, match.start() - _BEFORE) : match.start()].rstrip("/"))
            if (
                is_placeholder_for(match[2], value)
                or (compiled(_MARK).fullmatch(mark) and _made(value))
                or (addressed and names_secret(addressed) and looks_chosen(value) and "=" not in value)
            ):
                line.script.add(addressed or name, match.start(3), match.end(3))
        for match in compiled(_KEPT).finditer(line.text, start, stop):
            before = compiled(_NAMES).findall(line.text, max(start, match.start() - _BEFORE), match.start())
            name = next((word for word in before if calls_secret(word, match[1])), "")
            if name:
                line.script.add(name, match.start(1), match.end(1))


def is_placeholder_for(found: str, value: str) -> bool:
    """Tell whether a text that is searched for stands for a secret, and what is put in its place can be one."""
    mark = found.strip(_AROUND)
    placeholder = mark.isupper() or mark != found
    if placeholder:
        # PASSWORD becomes SECRET: another name.
        named = names_secret(value) and not looks_typed(value)
        chosen = not (value.isupper() or named or compiled(r"[a-z]{1,40}\d{0,2}").fullmatch(value))
    else:
        chosen = looks_random(value)
    return chosen and calls_secret(re.sub(_PLACED, "", mark), value)


def _made(value: str) -> bool:
    """Tell whether a value looks random, and is no digest."""
    return looks_random(value) and not re.fullmatch(r"[0-9a-f]{7,128}", value)
