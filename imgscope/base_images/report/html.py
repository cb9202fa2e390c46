"""The bases as a page, with the map of the image: see ``report.html``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..compare import Bases


def render(comparison: Bases, options: Options) -> Iterator[bytes]:
    """Yield the page."""
    from ...report.html import Parts, page

    yield from page(Parts(analysis=comparison.analysis, bases=comparison), options)
