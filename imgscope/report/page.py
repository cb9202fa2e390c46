"""What reports for people are set with: headings, tables without lines, bars; plain text wherever it is read."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from ..escape import escape
from .interface import Options
from .plain import Instruction, Printer, Table, Text
from .sizes import size

__all__ = ["Instruction", "Page", "Table", "Text"]

# Narrower than this, columns that say less are left out.
NARROW = 72
# Narrower than this, they are set tighter, so that instructions can still be read on 80 columns.
ROOMY = 100

# Columns of a page on which nothing is cut.
_UNCUT = 10_000


class Page:
    """A report under way."""

    def __init__(self, options: Options) -> None:
        """Begin an empty page, as wide and colourful as ``options`` say."""
        self.options = options
        self.narrow = options.width < NARROW
        self.tight = options.width < ROOMY
        self._buffer = StringIO()
        width = _UNCUT if options.whole else max(options.width, 40)
        self.console = Printer(self._buffer, width, colour=options.colour)

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
        line = Text(text, style="bold")
        if detail:
            line.append("  " + detail, style="dim")
        self.console.print()
        self.console.print(line, no_wrap=True, overflow="ellipsis")

    def table(self, *columns: tuple[str, str], header: bool = True) -> Table:
        """Make a table without lines; for its columns see ``Table``."""
        return Table(columns, header=header, whole=self.options.whole)

    def show(self, content: Table | Text) -> None:
        """Put a table or text on the page, indented."""
        prose = isinstance(content, Text) and not content.no_wrap
        self.console.print(content, indent=2, width=max(self.options.width, 40) if prose else None)

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
        if notes:
            self.heading("Notes")
            for note in notes:
                self.console.print(Text("  " + escape(note)))
