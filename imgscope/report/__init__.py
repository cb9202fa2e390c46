"""Shows an analysis: one file a format, all behind ``interface.Render``.

To add a format: a file here with a function ``render``, and its name in ``report.formats``.
"""

from __future__ import annotations

from .formats import ANALYSIS, load
from .interface import Options, Render

FORMATS = ANALYSIS


def renderer(name: str) -> Render:
    """Return what renders a format of ``FORMATS``. Raises ``UsageError`` when there is no such format."""
    render: Render = load(__name__, FORMATS, name)
    return render


__all__ = ["FORMATS", "Options", "Render", "renderer"]
