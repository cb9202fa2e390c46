"""Forms of a report of suggestions, one file each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Suggestions

FORMATS = {
    "text": "for people",
    "json": "for programs",
    "markdown": "for pull requests",
    "sarif": "for code scanning",
    "html": "a page to hand on",
}

Render = Callable[["Suggestions", "Options"], Iterator[bytes]]


def renderer(name: str) -> Render:
    """Return the function that renders a format of ``FORMATS``."""
    render: Render = import_module(f".{name}", __name__).render
    return render
