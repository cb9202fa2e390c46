"""A trend's points as CSV (RFC 4180), for spreadsheets: what stands first in a cell is never taken for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict, fields
from io import StringIO

from ...escape import escape
from ...report.interface import Options
from ..model import Point, Trend


def render(trend: Trend, options: Options) -> Iterator[bytes]:
    """Yield the CSV; see ``report.interface.Render``."""
    buffer = StringIO(newline="")
    writer = csv.DictWriter(buffer, [field.name for field in fields(Point)])
    writer.writeheader()
    for point in trend.points:
        writer.writerow({name: _cell(value) for name, value in asdict(point).items()})
    yield buffer.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = escape(value)
    return f"'{text}" if text[:1] in "=+-@" and text else text
