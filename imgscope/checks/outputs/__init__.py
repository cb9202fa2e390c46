"""Shows a verdict: one file a format, each with ``render(report, options)``.

To add a format: a file here with a function ``render``, and its line in ``FORMATS``.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from ...errors import UsageError

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import CheckReport

FORMATS = {
    "text": "text",
    "json": "json",
    "markdown": "markdown",
    "junit": "junit",
    "sarif": "sarif",
    "gitlab": "gitlab",
    "github": "github",
    "html": "html",
}


class Render(Protocol):
    """Renders a verdict in one format."""

    def __call__(self, report: CheckReport, options: Options) -> Iterator[bytes]:
        """Yield the output in pieces."""


def renderer(name: str) -> Render:
    """Return what renders the format ``name``. Raises ``UsageError`` when there is no such format."""
    if name not in FORMATS:
        raise UsageError(f"there is no format {name!r}: choose one of {', '.join(FORMATS)}")
    render: Render = import_module(f".{FORMATS[name]}", __name__).render
    return render
