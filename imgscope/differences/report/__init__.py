"""Shows a difference: one file a format, each with a function ``render(difference, options)`` that yields bytes.

To add a format: a file here, and its line in ``FORMATS``.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from ...errors import UsageError

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Difference

FORMATS = ("text", "json", "markdown", "html")


class Render(Protocol):
    """Renders a difference in one format."""

    def __call__(self, difference: Difference, options: Options) -> Iterator[bytes]:
        """Yield the report in pieces."""


def renderer(name: str) -> Render:
    """Return what renders the format ``name``. Raises ``UsageError`` when there is no such format."""
    if name not in FORMATS:
        raise UsageError(f"there is no format {name!r}: choose one of {', '.join(FORMATS)}")
    render: Render = import_module(f".{name}", __name__).render
    return render
