"""Shows an analysis: one file a format, all behind ``interface.Render``.

To add a format: a file here with a function ``render``, and its line in ``FORMATS``.
"""

from __future__ import annotations

from importlib import import_module

from ..errors import UsageError
from .interface import Options, Render

FORMATS = {
    "text": "text",
    "json": "json",
    "markdown": "markdown",
    "dive": "dive",
    "html": "html",
    "svg": "svg",
}


def renderer(name: str) -> Render:
    """Return what renders the format ``name``. Raises ``UsageError`` when there is no such format."""
    if name not in FORMATS:
        raise UsageError(f"there is no format {name!r}: choose one of {', '.join(FORMATS)}")
    render: Render = import_module(f".{FORMATS[name]}", __name__).render
    return render


__all__ = ["FORMATS", "Options", "Render", "renderer"]
