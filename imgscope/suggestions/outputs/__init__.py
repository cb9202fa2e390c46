"""Forms of a report of suggestions, one file each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ...report.formats import SUGGESTIONS, load

if TYPE_CHECKING:
    from ...report.interface import Render
    from ..model import Suggestions

FORMATS = SUGGESTIONS

renderer: Callable[[str], Render[Suggestions]] = partial(load, __name__, FORMATS)
"""Returns what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
