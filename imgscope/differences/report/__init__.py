"""Shows a difference: one file a format, each with a function ``render(difference, options)`` that yields bytes.

To add a format: a file here, and its name in ``report.formats``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ...report.formats import DIFFERENCE, load

if TYPE_CHECKING:
    from ...report.interface import Render
    from ..model import Difference

FORMATS = DIFFERENCE

renderer: Callable[[str], Render[Difference]] = partial(load, __name__, FORMATS)
"""Returns what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
