"""Shows what a pull costs: one file a format, each with a function ``render(cost, options)`` that yields bytes.

To add a format: a file here, and its name in ``report.formats``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from ...report.formats import PULL, load

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..cost import PullCost

FORMATS = PULL


class Render(Protocol):
    """Renders the cost of a pull in one format."""

    def __call__(self, cost: PullCost, options: Options) -> Iterator[bytes]:
        """Yield the report in pieces."""


def renderer(name: str) -> Render:
    """Return what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
    render: Render = load(__name__, FORMATS, name)
    return render
