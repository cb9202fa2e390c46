"""A trend as JSON, for programs; its fields are in docs/trend.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ...report.interface import Options
from ...report.portable import dumps
from ..model import Trend

SCHEMA_VERSION = 1


def render(trend: Trend, options: Options) -> Iterator[bytes]:
    """Yield the JSON; see ``report.interface.Render``."""
    yield dumps(document(trend)) + b"\n"


def document(trend: Trend) -> dict[str, Any]:
    """Return a trend as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "title": trend.title,
        "measure": trend.measure,
        "left_out": trend.left_out,
        "points": [asdict(point) for point in trend.points],
        "jumps": [
            {
                "before": jump.before.name,
                "after": jump.after.name,
                "bytes": jump.bytes,
                "why": jump.why,
                "causes": [cause._asdict() for cause in jump.causes],
                "problem": jump.problem,
            }
            for jump in trend.jumps
        ],
    }
