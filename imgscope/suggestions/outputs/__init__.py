"""Forms of a report of suggestions, one file each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ...report.formats import SUGGESTIONS, load

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Suggestions

FORMATS = SUGGESTIONS

Render = Callable[["Suggestions", "Options"], Iterator[bytes]]


def renderer(name: str) -> Render:
    """Return what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
    render: Render = load(__name__, FORMATS, name)
    return render
