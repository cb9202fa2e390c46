"""The findings as a page, with the map of the image: see ``report.html``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Suggestions


def render(report: Suggestions, options: Options) -> Iterator[bytes]:
    """Yield the page."""
    from ...report.html import Parts, page

    yield from page(Parts(analysis=report.analysis, suggestions=report), options)
