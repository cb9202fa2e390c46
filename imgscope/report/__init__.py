"""Shows an analysis: one file a format, all behind ``interface.Render``.

To add a format: a file here with a function ``render``, and its name in ``report.formats``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from .formats import ANALYSIS, load
from .interface import Options, Render

if TYPE_CHECKING:
    from ..analysis import Analysis

FORMATS = ANALYSIS

renderer: Callable[[str], Render[Analysis]] = partial(load, __name__, FORMATS)
"""Returns what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""

__all__ = ["FORMATS", "Options", "Render", "renderer"]
