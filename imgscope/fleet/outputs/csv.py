"""An answer as CSV: its table; of several, a row for each cell, so that any program can take them apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ...report.interface import Options
from ...report.spreadsheet import write
from .document import Document, moment


def render(document: Document, options: Options) -> Iterator[bytes]:
    """Yield the CSV; see ``report.interface.Render``. Numbers are exact."""
    if len(document.sections) == 1:
        (section,) = document.sections
        yield write([column.title for column in section.columns], ([*map(_value, row)] for row in section.rows))
        return
    cells = (
        (section.name, number, column.title, _value(value))
        for section in document.sections
        for number, row in enumerate(section.rows, 1)
        for column, value in zip(section.columns, row, strict=True)
    )
    yield write(["table", "row", "column", "value"], cells)


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)
