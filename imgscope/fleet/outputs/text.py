"""An answer for people, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ...escape import escape
from ...report.interface import Options
from ...report.page import Page, Text
from .document import Document, Section


def render(document: Document, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``report.interface.Render``."""
    page = _Answer(options)
    page.write(document)
    yield page.bytes()


class _Answer(Page):
    def write(self, document: Document) -> None:
        if document.title:
            self.console.print(Text(escape(document.title), style="bold cyan"), no_wrap=True, overflow="ellipsis")
        for line in document.lines:
            self.show(Text(escape(line)))
        for section in document.shown:
            if section.title:
                self.heading(escape(section.title), escape(section.detail))
            self.section(section)
        self.notes(list(document.notes))

    def section(self, section: Section) -> None:
        kinds = {"path": "path", "text": "left"}
        table = self.table(*((escape(column.title), kinds.get(column.kind, "right")) for column in section.columns))
        for row in section.rows:
            cells = zip(section.columns, row, strict=True)
            table.add_row(*(Text(escape(column.shown(value, self.options.exact_bytes))) for column, value in cells))
        self.show(table)
