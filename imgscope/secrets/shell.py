"""Cuts a text into words and simple commands, as a shell does it.

Quotes may be escaped, as those within quotes are; one that is never closed is a character like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .names import compiled

AROUND = "\\\"'`"
_BRACKETS = "[]{},"
_OPENS = frozenset("\"'[]{}")
_LEXEMES = (
    r"(?s)(?P<space>[ \t\r\f\v\x00]++)|(?P<slashes>\\++(?:[\"'`>]|\r?\n)?)|(?P<quote>[\"'`])|(?P<newline>\n)"
    r"|(?P<operator>[|&;<>()]++)|(?P<plain>[^\s\\\"'`|&;<>()\x00]++)|(?P<other>.)"
)
_QUOTE = r"\\++[\"'`]?|[\"'`]"
_APOSTROPHE = r"(?<=[A-Za-z][A-Za-z])'(?=(?:t|s|re|ll|ve|d|m)\b)|(?<=[sS])(?<!%s)'(?= )"
# Lines end as they do, or as printf is told it.
_LINE_BREAK = r"\n|\\n"
_SPACES = frozenset(" \t\r\n")
_LINE_HEAD = r"\n([A-Za-z_]\w{0,80})"
_TAG = r"-?\s{0,8}[\"'\\]{0,8}([A-Za-z_]\w{0,80})"


class Word(NamedTuple):
    """A word: where it stands, and the quoted pieces in it (their insides)."""

    start: int
    end: int
    quoted: tuple[tuple[int, int], ...] = ()


class Command(NamedTuple):
    """A simple command: its words, the operator that ends it, and those of its here-documents' words."""

    words: list[Word]
    ends: str
    fed: list[Word]


def commands(text: str, start: int, end: int) -> Iterator[Command]:
    """Cut a part of the text into simple commands."""
    mates = _mates(text, start, end)
    ends: dict[str, int] | None = None
    words: list[Word] = []
    fed: list[Word] = []
    here = ""
    # Here-documents that begin at the end of the line, and the commands of that line: the first is fed.
    pending: list[str] = []
    held: list[Command] = []
    at, begin = start, -1
    token = compiled(_LEXEMES).match
    quoted: list[tuple[int, int]] = []

    def finish(stop: int) -> None:
        nonlocal begin, quoted, here
        if begin >= 0:
            # The brackets of a list are no part of its words.
            while begin < stop and text[begin] in "[{" and text[begin + 1 : begin + 2] in _OPENS:
                begin += 1
            while stop > begin and text[stop - 1] in "]}," and text[stop - 2 : stop - 1] in _OPENS:
                stop -= 1
            (fed if here else words).append(Word(begin, stop, tuple(quoted)))
            if here == "<<<":
                here = ""
        begin, quoted = -1, []

    while at < end:
        match = token(text, at, end)
        assert match is not None
        kind, mark = match.lastgroup, match[0]
        stop = match.end()
        if kind == "slashes" and mark[-1] in "\"'`":
            kind = "quote"
        if kind == "quote":
            mate = mates.get(at)
            if mate is None:
                begin = at if begin < 0 else begin
            else:
                begin = at if begin < 0 else begin
                quoted.append((stop, mate))
                stop = mate + len(mark)
                if text[stop : stop + 1] == ",":
                    # Lists as JSON writes them have no blanks between their words.
                    finish(stop)
                    stop += 1
        elif kind == "space" or (
            kind == "slashes" and mark[-1] == "\n" and (begin < 0 or text[stop : stop + 1] in _SPACES)
        ):
            finish(at)
        elif kind == "newline":
            finish(at)
            here = "" if here == "<<<" else here
            if not here and pending:
                held.append(Command(words, "\n", fed))
                words, fed, here = [], [], pending.pop(0)
            elif here and fed and text[fed[-1].start : fed[-1].end] == here and _alone(text, fed[-1], start):
                here = pending.pop(0) if pending else ""
            if not here and held:
                yield from _fed(held, fed)
                held, fed = [], []
            elif not here and (words or fed):
                yield Command(words, "\n", fed)
                words, fed = [], []
        elif kind == "operator" and not here:
            finish(at)
            if mark[:2] == "<<":
                ends = _line_heads(text, start, end) if ends is None else ends
                if mark == "<<<":
                    here = mark
                elif tag := _tag(text, stop, end, ends):
                    pending.append(tag)
            elif mark.strip("<>") and mark not in (">&", "<&", "&>", "&>>"):
                if pending:
                    held.append(Command(words, mark, fed))
                else:
                    yield Command(words, mark, fed)
                words, fed = [], []
        else:
            begin = at if begin < 0 else begin
        at = stop
    finish(end)
    if held:
        yield from _fed(held, fed)
        fed = []
    if words or fed:
        yield Command(words, "", fed)


def _fed(held: list[Command], words: list[Word]) -> Iterator[Command]:
    """Yield the commands of a line, the first with the words of its here-documents."""
    yield held[0]._replace(fed=[*held[0].fed, *words])
    yield from held[1:]


def _tag(text: str, start: int, end: int, ends: Mapping[str, int]) -> str:
    """Return the word that ends a here-document; empty where none does."""
    match = compiled(_TAG).match(text, start, end)
    # One that never comes again is none: what follows is looked at as commands.
    return match[1] if match is not None and ends.get(match[1], -1) >= match.end() else ""


def _line_heads(text: str, start: int, end: int) -> dict[str, int]:
    """Return of each word that a line begins with where it does so last."""
    return {match[1]: match.start() for match in compiled(_LINE_HEAD).finditer(text, start, end)}


def _mates(text: str, start: int, end: int) -> dict[int, int]:
    """Return for every opening quote where the one like it is that closes it."""
    marks = [
        (match.start(), match[0])
        for match in compiled(_QUOTE).finditer(text, start, end)
        if match[0][-1] != "\\" and (match[0] != "'" or compiled(_APOSTROPHE).match(text, match.start(), end) is None)
    ]
    last: dict[str, int] = {}
    found: dict[int, int] = {}
    for at, token in reversed(marks):
        if token in last:
            found[at] = last[token]
        last[token] = at
    return found


def _alone(text: str, word: Word, start: int) -> bool:
    line = text.rfind("\n", start, word.start)
    return line >= 0 and not text[line + 1 : word.start].strip()


def core(text: str, word: Word) -> tuple[int, int]:
    """Return where a word's own text is: without quotes and brackets around all of it."""
    part = text[word.start : word.end]
    around = AROUND + _BRACKETS
    end = word.end - (len(part) - len(part.rstrip(around)))
    start = word.start + (len(part) - len(part.lstrip(around)))
    return (start, end) if start < end else (word.start, word.start)


def text_of(text: str, part: tuple[int, int]) -> str:
    """Return the beginning of a part of a text, as far as any judgement looks."""
    return text[part[0] : min(part[1], part[0] + 600)]


def lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where lines begin and end, but for empty ones; a line break may be written as ``\\n``."""
    at = start
    for match in compiled(_LINE_BREAK).finditer(text, start, end):
        if at < match.start():
            yield at, match.start()
        at = match.end()
    if at < end:
        yield at, end
