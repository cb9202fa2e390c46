"""What came of a run in each format, a file a format: a function from a record to bytes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Record

FORMATS = ("text", "json", "markdown", "patch")


class Render(Protocol):
    """Renders a record in one format."""

    def __call__(self, record: Record, options: Options, *, secrets: bool = False) -> Iterator[bytes]:
        """Yield the report; ``secrets`` shows those that the Dockerfile holds."""


def renderer(name: str) -> Render:
    """Return what renders a format of ``FORMATS``."""
    return cast(Render, import_module(f".{name}", __name__).render)
