"""Reports on bases: for people, for programs, for pull requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ...report.formats import BASES, load

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..compare import Bases

FORMATS = BASES
Render = Callable[["Bases", "Options"], Iterator[bytes]]


def renderer(name: str) -> Render:
    """Return what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
    render: Render = load(__name__, FORMATS, name)
    return render
