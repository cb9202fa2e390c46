"""The verdict as a page, with the map of the image (the first that could be had): see ``report.html``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import CheckReport


def render(report: CheckReport, options: Options) -> Iterator[bytes]:
    """Yield the page; see ``outputs.Render``."""
    from ...report.html import Parts, page

    analysis = next((image.analysis for image in report.images if image.analysis is not None), None)
    yield from page(Parts(analysis=analysis, verdict=report), options)
