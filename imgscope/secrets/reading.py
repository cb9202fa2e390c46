"""Finds passwords that ``read`` takes from a text by their place in it: ``read user password <<< "me X"``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .line import Line
from .names import compiled, looks_chosen, names_secret, word_set
from .shell import Word, core, lines

# Options of read that are followed by a value; what else begins with a dash is one by itself.
_WITH_VALUE = word_set("-p -d -n -N -t -u -i -k")
_USERS = word_set("u user username login name usr account")
_SEPARATORS = r"IFS=[$\"'\\]{0,4}([:,;|=])"


def read(line: Line, words: Iterable[Word]) -> None:
    """Judge the texts that a ``read`` is fed: each of its names gets a word, the last one the rest of the line."""
    names = list(_names(line))
    wanted = [_kind(names, number) for number in range(len(names))]
    if not any(wanted):
        return
    separator = next((match[1] for head in line.heads if (match := compiled(_SEPARATORS).match(head))), None)
    pieces = compiled(rf"[^{re.escape(separator)}\n]++" if separator else r"(?:[^\s\\]|\\(?!n))++")
    for word in words:
        start, end = core(line.text, word)
        for first, last in lines(line.text, start, end):
            found = []
            for match in pieces.finditer(line.text, first, last):
                found.append(match.span())
                if len(found) == len(names):
                    break
            for (at, stop), kind in zip(found, wanted, strict=False):
                if kind:
                    stop = last if len(found) == len(names) and at == found[-1][0] else stop
                    if kind != "p" or looks_chosen(line.text[at : min(stop, at + 600)]):
                        line.script.add("password" if kind == "p" else kind, at, stop)


def _names(line: Line) -> Iterator[str]:
    """Yield the names of the variables that a line reads into."""
    first = next((number for number, head in enumerate(line.heads) if head in ("read", "mapfile", "readarray")), 0)
    at = first + 1
    while at < len(line.heads) and line.words[at].start < _redirected(line):
        head = line.heads[at]
        if head in _WITH_VALUE and line.heads[first] == "read":
            at += 1
        elif head.isidentifier():
            yield head
        at += 1


def _redirected(line: Line) -> int:
    fed = line.command.fed
    return fed[0].start if fed else 1 << 62


def _kind(names: list[str], number: int) -> str:
    """Return the name of a variable that holds a secret, ``p`` for a ``p`` behind a user; else nothing."""
    name = names[number]
    if names_secret(name):
        return name
    return "p" if name.lower() in ("p", "pw") and number and names[number - 1].lower() in _USERS else ""
