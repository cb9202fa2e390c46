"""Shows a trend: one file a format, each with a function ``render(trend, options)`` that yields bytes.

To add a format: a file here, and its line in ``FORMATS``.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Trend

FORMATS = ("text", "json", "csv", "markdown", "html", "svg")


class Render(Protocol):
    """Renders a trend in one format."""

    def __call__(self, trend: Trend, options: Options) -> Iterator[bytes]:
        """Yield the report in pieces."""


def renderer(name: str) -> Render:
    """Return what renders a format of ``FORMATS``."""
    return cast(Render, import_module(f".{name}", __name__).render)
