"""Reports on bases: for people, for programs, for pull requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ...report.formats import BASES, load

if TYPE_CHECKING:
    from ...report.interface import Render
    from ..compare import Bases

FORMATS = BASES

renderer: Callable[[str], Render[Bases]] = partial(load, __name__, FORMATS)
"""Returns what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
