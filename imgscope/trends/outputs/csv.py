"""A trend's points as CSV, for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, fields

from ...report.interface import Options
from ...report.spreadsheet import write
from ..model import Point, Trend


def render(trend: Trend, options: Options) -> Iterator[bytes]:
    """Yield the CSV; see ``report.interface.Render``."""
    yield write([field.name for field in fields(Point)], map(astuple, trend.points))
