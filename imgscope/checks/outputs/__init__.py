"""Shows a verdict: one file a format, each with ``render(report, options)``.

To add a format: a file here with a function ``render``, and its name in ``report.formats``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from ...report.formats import VERDICT, load

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import CheckReport

FORMATS = VERDICT


class Render(Protocol):
    """Renders a verdict in one format."""

    def __call__(self, report: CheckReport, options: Options) -> Iterator[bytes]:
        """Yield the output in pieces."""


def renderer(name: str) -> Render:
    """Return what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
    render: Render = load(__name__, FORMATS, name)
    return render
