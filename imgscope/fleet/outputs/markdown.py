"""An answer as Markdown: for pull requests, wikis and chat."""

from __future__ import annotations

from collections.abc import Iterator

from ...report.interface import Options
from ...report.markdown import code, prose, table
from .document import Document


def render(document: Document, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``report.interface.Render``."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in _lines(document, options.exact_bytes))


def _lines(document: Document, exact: bool) -> Iterator[str]:
    yield f"# {prose(document.title)}"
    for line in document.lines:
        yield from ("", prose(line))
    for section in document.sections:
        yield ""
        if section.title:
            yield from (f"## {section.title}", "")
        if section.detail:
            yield from (prose(section.detail), "")
        if section.rows:
            shown = (
                [
                    written if column.numeric else code(written)
                    for column, written in ((column, column.shown(value, exact)) for column, value in cells)
                ]
                for cells in (list(zip(section.columns, row, strict=True)) for row in section.rows)
            )
            yield from table(
                [
                    (column.title if column.numeric else prose(column.title), column.numeric)
                    for column in section.columns
                ],
                shown,
            )
    if document.notes:
        yield from ("", "## Notes", "")
        yield from (f"- {prose(note)}" for note in document.notes)
