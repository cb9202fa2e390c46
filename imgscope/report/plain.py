"""Texts and tables as reports have them, and what sets them: rich where it takes colour or odd characters, else this.

To load rich takes 25 ms, and it lays a row of a table out in 0.5 ms. Without colour, and with characters that take one
column each, a table is widths and padding: 10 µs a row. What comes out is the same to the byte, which
``tests/report/test_plain.py`` compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from ..steps import fitted

if TYPE_CHECKING:
    import rich.table
    import rich.text
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.measure import Measurement

# Characters that take one column each, whatever the terminal: those of texts in English, and what reports draw with.
_ORDINARY = re.compile("[ -~·×–—‘’“”…←→█▉▊▋▌▍▎▏]*").fullmatch
# A word with the blanks after it, the first one with those before it.
_WORD = re.compile(r"\A\s*+\S++\s*+|\S++\s*+")
# Spaces between columns.
_GAP = 2
# Columns of the words in a table where nothing else bounds them.
_PROSE = 84
# What an instruction is shown of at least.
_LEAST = 8


class Text:
    """A text in one style or several; what it takes is safe to print."""

    __slots__ = ("_parts", "_whole", "no_wrap", "overflow", "plain", "style")

    def __init__(self, text: str = "", style: str = "", *, no_wrap: bool = False, overflow: str | None = None) -> None:
        """Take a text; ``no_wrap`` keeps it in one line, which is cut as ``overflow`` says (``ellipsis``, ``fold``)."""
        self.plain = text
        self.style = style
        self.no_wrap = no_wrap
        self.overflow = overflow
        self._parts: list[tuple[str, str]] = []
        self._whole: list[str] = []

    def __len__(self) -> int:
        """Return the number of characters."""
        return len(self.plain)

    def append(self, text: str, style: str = "") -> None:
        """Go on with a text in a style of its own."""
        self._parts.append((text, style))
        self.plain += text

    def stylize(self, style: str) -> None:
        """Lay a style over the whole text."""
        self._whole.append(style)

    def __rich__(self) -> rich.text.Text:
        """Return the same as rich has it."""
        from rich.text import Text as Styled

        text = self.plain[: len(self.plain) - sum(len(part) for part, _ in self._parts)]
        styled = Styled(text, self.style, no_wrap=self.no_wrap or None, overflow=self.overflow)  # type: ignore[arg-type]
        for part, style in self._parts:
            styled.append(part, style)
        for style in self._whole:
            styled.stylize(style)
        return styled


class Instruction:
    """An instruction in a cell of a table: as much of it as there is room for, the destination of a COPY above all."""

    __slots__ = ("style", "text")

    def __init__(self, text: str, style: str = "") -> None:
        """Take an instruction that is safe to print."""
        self.text = text
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text as Styled

        yield Styled(fitted(self.text, options.max_width), style=self.style, no_wrap=True, overflow="ellipsis")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.cells import cell_len
        from rich.measure import Measurement

        width = options.max_width
        return Measurement(min(_LEAST, width), min(max(cell_len(self.text), _LEAST), width))


Cell = str | Text | Instruction


class Table:
    """A table without lines; a column is (title, ``left`` or ``right``; for what room is left ``rest`` (cut), ``path``
    (folded), ``words`` or ``title`` (wrapped, a title only where the page ends).

    On a page that is ``whole`` nothing is cut or folded, and words keep to a width that can be read.
    """

    def __init__(self, columns: Sequence[tuple[str, str]], *, header: bool, whole: bool) -> None:
        """Begin a table without rows."""
        self.columns = columns
        self.rows: list[tuple[Cell, ...]] = []
        self._styles: list[str] = []
        self._header = header
        self._whole = whole

    def add_row(self, *cells: Cell, style: str = "") -> None:
        """Add a row; cells that lack at its end are empty."""
        self.rows.append(cells + ("",) * (len(self.columns) - len(cells)))
        self._styles.append(style)

    def lines(self, room: int) -> Iterator[str] | None:
        """Return the table's lines in ``room`` columns; ``None`` where that takes rich: there are odd characters, or a
        fixed column has to give way.
        """
        titles = [title for title, _ in self.columns]
        rows = [tuple(titles), *self.rows] if self._header else self.rows
        if not self.rows or not all(_ORDINARY(_plain(cell)) for row in rows for cell in row):
            return None
        widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
        kinds = [kind for _, kind in self.columns]
        gaps = _GAP * (len(kinds) - 1)
        flexible = [number for number, kind in enumerate(kinds) if kind not in ("left", "right")]
        if self._whole:
            for number in flexible:
                if kinds[number] == "words":
                    widths[number] = min(widths[number], _PROSE)
        elif len(flexible) == 1:
            widths[flexible[0]] = room - gaps - sum(widths) + widths[flexible[0]]
            if min(widths[-1], widths[flexible[0]]) < 1:
                # To rich an empty column at the end is one column wide after all have got theirs.
                return None
        else:
            return None
        if sum(widths) + gaps > room or (self._header and any(map(int.__gt__, map(len, titles), widths))):
            return None
        return self._set(rows, widths, kinds)

    def _set(self, rows: Sequence[tuple[Cell, ...]], widths: Sequence[int], kinds: Sequence[str]) -> Iterator[str]:
        gap = " " * _GAP
        for row in rows:
            cells = [self._cell(*cell) for cell in zip(row, widths, kinds, strict=True)]
            for number in range(max(map(len, cells))):
                texts = [cell[number] if number < len(cell) else "" for cell in cells]
                yield gap.join(
                    text.rjust(width) if kind == "right" else text.ljust(width)
                    for text, width, kind in zip(texts, widths, kinds, strict=True)
                )

    def _cell(self, cell: Cell, width: int, kind: str) -> list[str]:
        if isinstance(cell, Instruction):
            return [_cut(fitted(cell.text, width), width)]
        text = _plain(cell)
        if len(text) <= width:
            return [text.rstrip() if kind == "right" else text]
        if kind in ("words", "title"):
            return list(_wrapped(text, width, fold=False))
        if kind == "path":
            return list(_wrapped(text, width, fold=True))
        return [_cut(text, width)]

    def __rich__(self) -> rich.table.Table:
        """Return the same as rich has it."""
        from rich.table import Table as Styled

        whole = self._whole
        table = Styled(
            box=None,
            show_header=self._header,
            header_style="dim",
            padding=(0, _GAP, 0, 0),
            pad_edge=False,
            # Behind a title, in the last column, nothing is coloured.
            expand=not whole and all(kind != "title" for _, kind in self.columns),
        )
        for title, kind in self.columns:
            if kind == "title":
                table.add_column(title, ratio=None if whole else 1)
            elif whole and kind in ("rest", "words", "path"):
                table.add_column(title, no_wrap=kind != "words", max_width=_PROSE if kind == "words" else None)
            elif kind == "rest":
                table.add_column(title, ratio=1, no_wrap=True, overflow="ellipsis", min_width=8)
            elif kind == "words":
                table.add_column(title, ratio=1, min_width=8)
            elif kind == "path":
                # Of a path the end says most, so it goes on in the next line rather than being cut.
                table.add_column(title, ratio=1, overflow="fold", min_width=8)
            else:
                table.add_column(title, justify="right" if kind == "right" else "left", no_wrap=True)
        for row, style in zip(self.rows, self._styles, strict=True):
            table.add_row(*row, style=style or None)
        return table


class Printer:
    """Writes texts and tables to ``file``, ``width`` columns wide."""

    def __init__(self, file: TextIO, width: int, *, colour: bool) -> None:
        """Begin; nothing is written yet."""
        self.width = width
        self._file = file
        self._colour = colour
        self._styled: Console | None = None

    def print(
        self,
        content: Text | Table | str = "",
        *,
        no_wrap: bool = False,
        overflow: str | None = None,
        soft_wrap: bool = False,
        indent: int = 0,
        width: int | None = None,
    ) -> None:
        """Write a text or a table, ``indent`` columns from the left, and no wider than ``width`` in all.

        A text is wrapped; with ``no_wrap`` it is cut, as ``overflow`` says; with ``soft_wrap`` it stays as it is.
        """
        room = min(width or self.width, self.width) - indent
        if indent and isinstance(content, Text):
            # What is said of a text counts where it stands in something else.
            no_wrap, overflow = content.no_wrap, content.overflow
        lines = None if self._colour else self._lines(content, room, no_wrap, overflow, soft_wrap)
        if lines is None:
            self._by_rich(content, no_wrap, overflow, soft_wrap, indent, width)
            return
        before = " " * indent
        self._file.writelines(f"{before}{line}\n" for line in lines)

    def _lines(
        self, content: Text | Table | str, room: int, no_wrap: bool, overflow: str | None, soft_wrap: bool
    ) -> Iterator[str] | None:
        if isinstance(content, Table):
            return content.lines(room)
        text = _plain(content)
        if not _ORDINARY(text):
            return None
        if soft_wrap or len(text) <= room:
            return iter((text,))
        if no_wrap:
            return iter((_cut(text, room) if overflow == "ellipsis" else text[:room],))
        return _wrapped(text, room, fold=overflow != "ellipsis")

    def _by_rich(
        self,
        content: Text | Table | str,
        no_wrap: bool,
        overflow: str | None,
        soft_wrap: bool,
        indent: int,
        width: int | None,
    ) -> None:
        if self._styled is None:
            from rich.console import Console

            self._styled = Console(
                file=self._file,
                width=self.width,
                force_terminal=self._colour,
                color_system="standard" if self._colour else None,
                highlight=False,
                markup=False,
                emoji=False,
                legacy_windows=False,
            )
        if soft_wrap:
            self._styled.print(content, soft_wrap=True, no_wrap=True, overflow="ignore", crop=False)
        elif indent:
            from rich.padding import Padding

            self._styled.print(Padding(content, (0, 0, 0, indent)), width=width)
        else:
            self._styled.print(content, no_wrap=no_wrap or None, overflow=overflow, width=width)  # type: ignore[arg-type]


def _plain(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.plain if isinstance(cell, Text) else cell.text


def _width(cell: Cell) -> int:
    return max(len(cell.text), _LEAST) if isinstance(cell, Instruction) else len(_plain(cell))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _wrapped(text: str, width: int, *, fold: bool) -> Iterator[str]:
    """Yield a text's lines, broken between words; a word that is longer than a line is folded, or cut."""
    breaks = [0]
    used = 0
    for match in _WORD.finditer(text):
        start, word = match.start(), match[0]
        length = len(word.rstrip())
        if used + length <= width:
            used += len(word)
        elif length > width and fold:
            if start:
                breaks.append(start)
            breaks += range(start + width, start + len(word), width)
            used = (len(word) - 1) % width + 1
        else:
            if start:
                breaks.append(start)
            used = len(word)
    for start, end in zip(breaks, [*breaks[1:], len(text)], strict=True):
        line = text[start:end]
        if len(line) > width:
            # Spaces that the end of a line swallows.
            line = line[:width] + line[width:].rstrip() if line[width:].strip() else line[:width]
        yield line[:width] if fold else _cut(line, width)
