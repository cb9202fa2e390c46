"""What reports for people are set with: headings, tables without lines, bars; plain text wherever it is read."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from ..escape import escape
from ..steps import fitted
from .interface import Options
from .sizes import size

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

# Narrower than this, columns that say less are left out.
NARROW = 72
# Narrower than this, they are set tighter, so that instructions can still be read on 80 columns.
ROOMY = 100


# Columns of a page on which nothing is cut, and of the words in its tables.
_UNCUT = 10_000
_PROSE = 84


class Instruction:
    """An instruction in a cell of a table: as much of it as there is room for, the destination of a COPY above all."""

    def __init__(self, text: str, style: str = "") -> None:
        """Take an instruction that is safe to print."""
        self.text = text
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        yield Text(fitted(self.text, options.max_width), style=self.style, no_wrap=True, overflow="ellipsis")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.cells import cell_len
        from rich.measure import Measurement

        return Measurement(min(8, options.max_width), min(max(cell_len(self.text), 8), options.max_width))


class Page:
    """A report under way."""

    def __init__(self, options: Options) -> None:
        """Begin an empty page, as wide and colourful as ``options`` say."""
        from rich.console import Console

        self.options = options
        self.narrow = options.width < NARROW
        self.tight = options.width < ROOMY
        self._buffer = StringIO()
        self.console = Console(
            file=self._buffer,
            width=_UNCUT if options.whole else max(options.width, 40),
            force_terminal=options.colour,
            color_system="standard" if options.colour else None,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )

    def bytes(self) -> bytes:
        """Return the page as it is to be written."""
        lines = self._buffer.getvalue().splitlines()
        text = "\n".join(line.rstrip() for line in lines) + "\n"
        if not self.options.unicode:
            text = text.replace("…", "~").replace("→", ">")
        return text.encode("utf-8" if self.options.unicode else "ascii", "replace")

    def size(self, count: int | None) -> str:
        """Write a number of bytes as the options want it."""
        return size(count, self.options.exact_bytes)

    def heading(self, text: str, detail: str = "") -> None:
        """Begin a part of the page."""
        from rich.text import Text

        line = Text(text, style="bold")
        if detail:
            line.append("  " + detail, style="dim")
        self.console.print()
        self.console.print(line, no_wrap=True, overflow="ellipsis")

    def table(self, *columns: tuple[str, str], header: bool = True) -> Table:
        """Make a table without lines; a column is (title, ``left`` or ``right``; for what room is left
        ``rest`` (cut), ``path`` (folded) or ``words`` (wrapped).
        """
        from rich.table import Table

        whole = self.options.whole
        table = Table(
            box=None, show_header=header, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False, expand=not whole
        )
        for title, kind in columns:
            if whole and kind in ("rest", "words", "path"):
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
        return table

    def show(self, content: Table | Text) -> None:
        """Put a table or text on the page, indented."""
        from rich.padding import Padding
        from rich.text import Text

        prose = isinstance(content, Text) and not content.no_wrap
        self.console.print(Padding(content, (0, 0, 0, 2)), width=max(self.options.width, 40) if prose else None)

    def bar(self, part: int, whole: int, width: int = 10) -> str:
        """Draw a share as a bar of at most ``width`` columns."""
        eighths = round(part / whole * width * 8) if whole else 0
        if part and not eighths:
            eighths = 1
        if not self.options.unicode:
            return "#" * -(-eighths // 8)
        return "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]

    def notes(self, notes: Sequence[str]) -> None:
        """End with what a reader should know of the image."""
        from rich.text import Text

        if notes:
            self.heading("Notes")
            for note in notes:
                self.console.print(Text("  " + escape(note)))
