"""What the terminal shows, cell by cell, and the few bytes that turn it into what it is to show.

Textual draws whole widgets: a border that takes another colour is a whole pane. On a slow line that is felt. So what
it would write is read here as a terminal reads it (it writes no more than positions, styles, links and text), compared
with what stands there already, and only cells that differ are written, with the shortest way from style to style and
from place to place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, repeat
from operator import itemgetter

from rich.cells import split_graphemes

# A position, a style, a link, the end of a line; or anything else that begins with Escape, which is passed on.
_CONTROL = re.compile(
    r"\x1b\[(?P<row>\d+);(?P<column>\d+)H|\x1b\[(?P<style>[\d;]*)m|\x1b\]8;(?P<link>[^\x1b\x07]*)\x1b\\|(?P<end>\n)"
    r"|(?P<other>\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]|[P\]_^X][^\x1b\x07]*(?:\x07|\x1b\\)|[\x20-\x2f]*[\x30-\x7e]))"
)
_ALTERNATE, _CLEAR = "\x1b[?1049", "\x1b[2J"
_SYNC_BEGIN, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
# A vertical tab: a line feed that no terminal driver makes a new line of. The row below is there, so nothing scrolls.
_DOWN = "\v"
# What takes an attribute away again: bold and dim have one in common.
_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29", "53": "55"}
# Attributes that are seen on a blank too.
_SEEN_ON_BLANK = frozenset(("4", "7", "9", "21", "53"))
# The first sixteen colours, which have numbers of their own.
_COLOURS = frozenset(f"{ten}{colour}" for ten in ("3", "9") for colour in range(8))
_GROUNDS = frozenset(f"{ten}{colour}" for ten in ("4", "10") for colour in range(8))
# From here on terminals do not agree how wide a character is.
_EMOJI = 0x1F000
# So few cells are written as they come.
_FEW = 8
_FLAGS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
# Cells that stand as they should are written again where going round them would be longer.
_GAP = 4


@dataclass(frozen=True, slots=True, eq=False)
class Style:
    """How a cell looks: attributes, colours as they stand in a style's sequence, and what it links to.

    There is one object for each (``style_of``), so that two are compared by identity: that is done very often.
    """

    attributes: frozenset[str]
    colour: str
    ground: str
    link: str


@lru_cache(maxsize=8192)
def style_of(attributes: frozenset[str], colour: str, ground: str, link: str) -> Style:
    """Return the style."""
    return Style(attributes, colour, ground, link)


Cell = tuple[str, Style]
"""A character with all that combines with it, and its style; empty where the wide one to the left has this cell too."""
PLAIN = style_of(frozenset(), "", "", "")


class Picture:
    """The terminal's cells as they are known to be; all are unknown at first."""

    def __init__(self) -> None:
        """Know nothing."""
        self._translate: Callable[[str], str] | None = None
        self._rows: dict[int, list[Cell | None]] = {}
        self._place: tuple[int, int] | None = None
        self._style = PLAIN
        self._typing: tuple[int, int] | None = None
        self._held = ""
        self._columns = 0

    def translate(self, translate: Callable[[str], str]) -> None:
        """From now on replace what the terminal has no characters for, cell by cell."""
        self._translate = translate
        self.forget()

    def forget(self) -> None:
        """Know nothing of the terminal any more: all is written the next time."""
        self._rows.clear()
        self._columns = 0
        self._place = self._typing = None

    def again(self) -> str:
        """Return what writes all of the picture anew, whatever the terminal shows now."""
        rows, style = self._rows, self._style
        self._rows, self._place, self._typing, self._style = {}, None, None, PLAIN
        filled: dict[int, list[Cell | None]] = {y: [cell or (" ", PLAIN) for cell in row] for y, row in rows.items()}
        return _change(style, PLAIN) + "\x1b[m\x1b[2J" + self._changes(filled)

    def written(self, data: str) -> str:
        """Return what is to be written in place of ``data``."""
        if data == _SYNC_BEGIN:
            # A frame without changes needs no frame.
            self._held = data
            return ""
        if data == _SYNC_END and self._held:
            self._held = ""
            return ""
        written = self._read(data)
        if written:
            written, self._held = self._held + written, ""
        return written

    # -- reading -----------------------------------------------------------------------------------------

    def _read(self, data: str) -> str:
        """Read what Textual writes as a terminal would."""
        wanted: dict[int, list[Cell | None]] = {}
        done: list[str] = []
        x, y = self._place or (0, 0)
        style, at, moved = PLAIN, 0, False
        for match in _CONTROL.finditer(data):
            if match.start() > at:
                x = self._put(wanted, x, y, data[at : match.start()], style)
            at = match.end()
            kind = match.lastgroup
            if kind == "column":
                x, y, moved = int(match["column"]) - 1, int(match["row"]) - 1, True
            elif kind == "style":
                style = _linked(parsed(match["style"]), style.link)
            elif kind == "link":
                style = _linked(style, match["link"] if match["link"] != ";" else "")
            elif kind == "end":
                x, y = 0, y + 1
            else:
                done.append(self._changes(wanted))
                wanted = {}
                # Whatever it is, it begins in no style: the terminal may be handed to another program by it.
                done += [_change(self._style, PLAIN), match["other"]]
                self._style = PLAIN
                if match["other"].startswith((_ALTERNATE, _CLEAR)):
                    self.forget()
        if at < len(data):
            x = self._put(wanted, x, y, data[at:], style)
        done.append(self._changes(wanted))
        if moved and self._place != (x, y) and (y or self._typing != (x, y)):
            # Where an input method shows what is being typed; in the top line nobody types.
            self._typing = (x, y)
            done.append(f"\x1b[{y + 1};{x + 1}H")
            self._place = (x, y)
        return "".join(done)

    def _put(self, wanted: dict[int, list[Cell | None]], x: int, y: int, text: str, style: Style) -> int:
        """Put text at a place; return where it ends."""
        if self._translate is not None:
            text = self._translate(text)
        cells = cells_of(text, style)
        row = wanted.get(y)
        if row is None:
            row = wanted[y] = list(self._rows.get(y, ()))
        if len(row) < x:
            row.extend(repeat(None, x - len(row)))
        row[x : x + len(cells)] = cells
        return x + len(cells)

    # -- writing -----------------------------------------------------------------------------------------

    def _changes(self, wanted: dict[int, list[Cell | None]]) -> str:
        """Return what turns rows into those that are wanted, and remember that they are."""
        runs: list[tuple[int, int, int]] = []
        for y, row in wanted.items():
            before = self._rows.get(y, [])
            if row != before:
                runs += [(y, start, end) for start, end in _runs(before, row)]
                self._rows[y] = row
                self._columns = max(self._columns, len(row))
        written: list[str] = []
        for y, together in groupby(_ordered(runs, wanted), itemgetter(0)):
            pieces = [(start, wanted[y][start:end]) for _, start, end in together]
            pen = self._pen(y, pieces)
            if len(pen.parts) > _FEW:
                # To jump to the next cell of a style is often shorter than to change the style, and back.
                pen = min(pen, self._pen(y, _by_style(pieces)), key=_Pen.length)
            self._place, self._style = pen.place, pen.style
            written += pen.parts
        return "".join(written)

    def _pen(self, y: int, pieces: list[tuple[int, list[Cell | None]]]) -> _Pen:
        """Write pieces of a row from here."""
        pen = _Pen(self._place, self._style, self._columns)
        for start, cells in pieces:
            pen.write(y, start, cells)
        return pen


class _Pen:
    """Writes cells, and knows where it is and in which style."""

    def __init__(self, place: tuple[int, int] | None, style: Style, columns: int) -> None:
        self.place = place
        self.style = style
        self.last = columns - 1
        self.parts: list[str] = []

    def length(self) -> int:
        """Return how much was written."""
        return sum(map(len, self.parts))

    def write(self, y: int, x: int, cells: list[Cell | None]) -> None:
        """Write cells from a place on."""
        if self.place != (x, y):
            self.parts.append(_way(self.place, x, y, self.last))
        append, style, blank = self.parts.append, self.style, _blank(self.style)
        known, last = True, self.last
        for cell in cells:
            assert cell is not None
            text, wanted = cell
            if text:
                if not known:
                    append(_way(None, x, y, last))
                    known = True
                if wanted is not style and not (text == " " and wanted is blank):
                    append(_change(style, wanted))
                    style, blank = wanted, _blank(wanted)
                if not text.isascii():
                    width, doubtful = _width(text)
                    if doubtful:
                        # Whatever a terminal makes of it: its cells are blank before, what follows has its own place.
                        append(" " * width + f"\x1b[{width}D")
                        known = False
                append(text)
            x += 1
        # Lines are not wrapped: at the end of a row the next character takes the last one's place.
        self.style, self.place = style, (min(x, last), y) if known else None


def _runs(before: list[Cell | None], row: list[Cell | None]) -> Iterator[tuple[int, int]]:
    """Yield where cells differ, from and to; a few that don't, between others that do, are taken along."""
    start = end = -1
    known = len(before)
    for x, cell in enumerate(row):
        if cell is None or (x < known and cell == before[x]):
            if x == end and cell is not None and not cell[0]:
                # The right half of a wide character is written with the left.
                end = x + 1
            continue
        if start >= 0 and (x - end > _GAP or not _same_style(row, end, x)):
            yield start, end
            start = -1
        if start < 0:
            start = x
            # Never the right half of a wide character alone.
            while start > 0 and (held := row[start]) is not None and not held[0]:
                start -= 1
        end = x + 1
    if start >= 0:
        yield start, end


def _by_style(pieces: list[tuple[int, list[Cell | None]]]) -> list[tuple[int, list[Cell | None]]]:
    """Cut pieces of a row where the style changes, and put those of the same style together."""
    found: dict[Style, list[tuple[int, list[Cell | None]]]] = {}
    for start, cells in pieces:
        at, style = 0, None
        for place, cell in enumerate(cells):
            assert cell is not None
            if style is None or not (cell[1] is style or (cell[0] == " " and cell[1] is _blank(style)) or not cell[0]):
                if style is not None:
                    found.setdefault(style, []).append((start + at, cells[at:place]))
                at, style = place, cell[1]
        if style is not None:
            found.setdefault(style, []).append((start + at, cells[at:]))
    return [piece for some in found.values() for piece in some]


def _same_style(row: list[Cell | None], start: int, end: int) -> bool:
    """Tell whether cells can be written on the way without another style."""
    first = row[start - 1]
    if first is None:
        return False
    style = first[1]
    return all(
        cell is not None and (cell[1] is style or (cell[0] == " " and cell[1] is _blank(style)))
        for cell in row[start:end]
    )


def _ordered(runs: list[tuple[int, int, int]], rows: dict[int, list[Cell | None]]) -> list[tuple[int, int, int]]:
    """Put runs in the order in which the way from each to the next is short.

    That is row by row, but for the sides of frames: down one side, then down the other.
    """
    narrow: set[tuple[int, int]] = set()
    wide: list[tuple[int, int, int]] = []
    for y, start, end in runs:
        last = rows[y][end - 1]
        if end - start > 2 or (last is not None and not last[0]):
            wide.append((y, start, end))
        else:
            narrow.update((x, y) for x in range(start, end))

    def of_side(x: int, y: int, beside: int) -> bool:
        """Tell whether a run's first or last cell goes on what is above or below it, and not what is beside it."""
        cell, other = rows[y][x], rows[y][beside]
        if cell is None or other is None or not cell[0] or not other[0] or cell[1] is other[1]:
            return False
        return (x, y - 1) in narrow or (x, y + 1) in narrow

    rest = []
    for y, start, end in sorted(wide):
        if of_side(start, y, start + 1):
            narrow.add((start, y))
            start += 1
        if end - start > 1 and of_side(end - 1, y, end - 2):
            end -= 1
            narrow.add((end, y))
        rest.append((y, start, end))
    sides = {(x, y) for x, y in narrow if (x, y - 1) in narrow or (x, y + 1) in narrow}
    rest += [(y, x, x + 1) for x, y in narrow - sides]
    return [*((y, x, x + 1) for x, y in sorted(sides)), *sorted(rest)]


@lru_cache(maxsize=4096)
def cells_of(text: str, style: Style) -> tuple[Cell, ...]:
    """Return the cells that a text takes: the very same ones for the same text, so that they are soon compared."""
    blank = _blank(style)
    if text.isascii():
        return tuple((char, blank if char == " " else style) for char in text)
    found: list[Cell] = []
    for start, end, width in split_graphemes(text)[0]:
        char = text[start:end]
        if width == 1 and found and char in _FLAGS and found[-1][0] in _FLAGS:
            # Two letters are one flag.
            found[-1:] = [(found[-1][0] + char, style), ("", style)]
        elif width:
            found.append((char, blank if char == " " else style))
            found += repeat(("", style), width - 1)
    return tuple(found)


@lru_cache(maxsize=4096)
def parsed(codes: str) -> Style:
    """Return what a style's sequence says (``1;38;5;4``): the very same object for the same style."""
    attributes: set[str] = set()
    colour = ground = ""
    words = codes.split(";")
    place = 0
    while place < len(words):
        word = words[place]
        length = 1
        if word in ("38", "48"):
            length = 3 if words[place + 1 : place + 2] == ["5"] else 5
        whole = ";".join(words[place : place + length])
        if word in ("", "0"):
            attributes.clear()
            colour = ground = ""
        elif word == "38" or word in _COLOURS:
            colour = whole
        elif word == "48" or word in _GROUNDS:
            ground = whole
        elif word not in ("39", "49"):
            attributes.add(word)
        place += length
    return style_of(frozenset(attributes), colour, ground, "")


def _linked(style: Style, link: str) -> Style:
    return style if style.link == link else style_of(style.attributes, style.colour, style.ground, link)


@lru_cache(maxsize=8192)
def _blank(style: Style) -> Style:
    """Return what can be seen of a style on a blank: its ground."""
    if style.attributes & _SEEN_ON_BLANK:
        return style
    return style_of(frozenset(), "", style.ground, style.link)


@lru_cache(maxsize=8192)
def _change(before: Style, after: Style) -> str:
    """Return the shortest sequence that leads from one style to another."""
    if before is after:
        return ""
    link = f"\x1b]8;{after.link or ';'}\x1b\\" if before.link != after.link else ""
    whole = [*sorted(after.attributes), *filter(None, (after.colour, after.ground))]
    steps: list[str] = []
    gone = before.attributes - after.attributes
    off = {_OFF.get(word, "0") for word in gone}
    stays = after.attributes
    steps += sorted(off)
    steps += sorted(word for word in stays if word not in before.attributes or ("22" in off and word in "12"))
    if before.colour != after.colour:
        steps.append(after.colour or "39")
    if before.ground != after.ground:
        steps.append(after.ground or "49")
    if not steps:
        return link
    fresh = ";".join(["", *whole]) if whole else ""
    step = ";".join(steps)
    return link + f"\x1b[{step if '0' not in off and len(step) < len(fresh) else fresh}m"


def _way(place: tuple[int, int] | None, x: int, y: int, last: int) -> str:
    """Return the shortest sequence that leads from one place to another; ``last`` is the last column."""
    straight = f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"
    if place is None:
        return straight
    here, row = place
    if here == last:
        # Some terminals have their cursor on the last column now, some behind it.
        return _DOWN if (x, y) == (last, row + 1) else straight
    if row == y:
        step = f"\x1b[{x - here if x - here > 1 else ''}C" if x > here else f"\x1b[{here - x if here - x > 1 else ''}D"
        return min(straight, step, key=len)
    if (x, y) == (here - 1, row + 1):
        return "\b" + _DOWN
    return straight


@lru_cache(maxsize=4096)
def _width(text: str) -> tuple[int, bool]:
    """Return the cells that a character takes, and whether terminals differ in that."""
    width = split_graphemes(text)[1]
    return width, len(text) > 1 or ord(text[0]) >= _EMOJI
