"""Shows answers of a fleet: one file a format, each with a function ``render(document, options)`` that yields bytes.

Every answer becomes a ``Document`` first (``report``, ``answers``), so that each format is written once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ...report.formats import FLEET, load

if TYPE_CHECKING:
    from ...report.interface import Render
    from .document import Document

FORMATS = FLEET

renderer: Callable[[str], Render[Document]] = partial(load, __name__, FORMATS)
"""Returns what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
