"""The difference as a page, with the maps of both images: see ``report.html``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Difference


def render(difference: Difference, options: Options) -> Iterator[bytes]:
    """Yield the page."""
    from ...report.html import Parts, page

    yield from page(Parts(analysis=difference.new, difference=difference), options)
