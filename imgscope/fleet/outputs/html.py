"""An answer as one HTML file of tables. No script, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator

from ...report.interface import Options
from ...report.small_page import html, page, table
from .document import Document


def render(document: Document, options: Options) -> Iterator[bytes]:
    """Yield the page; see ``report.interface.Render``."""
    lines = page(document.title, "fleet", _body(document, options.exact_bytes))
    yield "\n".join(lines).encode("utf-8", "replace") + b"\n"


def _body(document: Document, exact: bool) -> Iterator[str]:
    yield from (f"<p>{html(line)}</p>" for line in document.lines)
    for section in document.sections:
        if section.title:
            yield f"<h2>{html(section.title)}</h2>"
        if section.detail:
            yield f"<p>{html(section.detail)}</p>"
        if section.rows:
            yield from table(
                [(column.title, column.numeric) for column in section.columns],
                (
                    [column.shown(value, exact) for column, value in zip(section.columns, row, strict=True)]
                    for row in section.rows
                ),
            )
    yield from (f"<p>{html(note)}</p>" for note in document.notes)
