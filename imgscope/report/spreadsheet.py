"""CSV (RFC 4180) for spreadsheets: what stands first in a cell is never taken for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from ..escape import escape


def write(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Write a table; texts are made safe to print."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([cell(column) for column in columns])
    writer.writerows([cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode("utf-8", "replace")


def cell(value: object) -> object:
    """Return a cell's value: a text with a quotation mark before what would begin a formula."""
    if not isinstance(value, str):
        return value
    text = escape(value)
    return f"'{text}" if text[:1] in "=+-@" and text else text
