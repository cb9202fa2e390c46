"""What came of a run in each format, a file a format: a function from a record to bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ...report.formats import REPAIR, load

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Record

FORMATS = REPAIR


class Render(Protocol):
    """Renders a record in one format."""

    def __call__(self, record: Record, options: Options, *, secrets: bool = False) -> Iterator[bytes]:
        """Yield the report; ``secrets`` shows those that the Dockerfile holds."""


renderer: Callable[[str], Render] = partial(load, __name__, FORMATS)
"""Returns what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
