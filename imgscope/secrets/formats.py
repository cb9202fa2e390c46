"""Finds secrets that printf puts into a text: of ``printf 'password=%s' X`` the ``X``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .line import Line, program, tail
from .names import compiled, names_secret

# What stands for an argument; %% is a sign of its own.
_PLACE = r"%(?:%|[-+ #0']{0,4}(?:[0-9]{1,4}|\*)?(?:\.(?:[0-9]{1,4}|\*))?(?:ll?|hh?)?[A-Za-z])"
# The name that a text ends with, as it is given a value: NAME=, NAME: ", password .
_NAME = r"([A-Za-z_$][\w.\-/]{0,80}+)[\"'\\]{0,8}+(?:\s{0,4}+(=>|:=|=|:|>)\s{0,4}+|\s{1,4}+)[\"'\\]{0,8}+$"
_ESCAPES = r"\\{1,4}[nrt]"
_BETWEEN = ("=", ":", ":=", "=>")
_PROGRAM_WITHIN, _MOST_ARGUMENTS = 32, 256


class Filled(NamedTuple):
    """An argument of printf: its word, the text that it comes behind, and the one that comes behind it."""

    number: int
    before: str
    after: str
    first: bool


def filled(line: Line) -> Iterator[Filled]:
    """Yield the arguments of a printf with what stands around them; ``first`` begins the format (again)."""
    if "printf" not in line.seen:
        return
    heads = line.heads
    at = 1 + next((at for at, head in enumerate(heads[:_PROGRAM_WITHIN]) if program(head) == "printf"), len(heads))
    while at < len(heads) and heads[at][:1] == "-":
        at += 2 if heads[at] == "-v" else 1
    if at >= len(heads):
        return
    text = line.value(at)
    places = [match.span() for match in compiled(_PLACE).finditer(text) if match[0] != "%%"]
    for count, number in enumerate(range(at + 1, min(len(heads), at + 1 + _MOST_ARGUMENTS))):
        gap = line.text[line.words[number - 1].end : line.words[number].start]
        if not places or ">" in gap or "<" in gap:
            return
        # A format is begun again for the arguments that are left.
        place = count % len(places)
        begin, end = places[place]
        before = text[places[place - 1][1] if place else 0 : begin]
        yield Filled(number, compiled(_ESCAPES).sub("\n", before), text[end : end + 1], place == 0)


def formatted(line: Line) -> None:
    """Judge the arguments of a printf by the names that its format gives them."""
    text = ""
    for argument in filled(line):
        text = argument.before if argument.first else text + "%s" + argument.before
        match = compiled(_NAME).search(argument.before[-120:])
        kind = ""
        if match is not None:
            # password X: a name and a blank are no more than words, unless the name can be nothing else.
            named = line.names(match[1], argument.number) and (match[2] or names_secret(match[1]))
            kind = match[1] if named else ""
        elif not argument.first and argument.before.strip(" \"'\\") in _BETWEEN:
            name = tail(line.heads[argument.number - 1])
            kind = name if line.names(name, argument.number) else ""
        if not kind and argument.after == "@" and argument.before.endswith(":") and re.search(r"://", text):
            kind = "login in a URL"
        if kind:
            line.take(kind, argument.number)
