"""Shows a verdict: one file a format, each with ``render(report, options)``.

To add a format: a file here with a function ``render``, and its name in ``report.formats``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ...report.formats import VERDICT, load

if TYPE_CHECKING:
    from ...report.interface import Render
    from ..model import CheckReport

FORMATS = VERDICT

renderer: Callable[[str], Render[CheckReport]] = partial(load, __name__, FORMATS)
"""Returns what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
