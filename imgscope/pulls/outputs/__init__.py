"""Shows what a pull costs: one file a format, each with a function ``render(cost, options)`` that yields bytes.

To add a format: a file here, and its name in ``report.formats``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ...report.formats import PULL, load

if TYPE_CHECKING:
    from ...report.interface import Render
    from ..cost import PullCost

FORMATS = PULL

renderer: Callable[[str], Render[PullCost]] = partial(load, __name__, FORMATS)
"""Returns what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
