"""Reports on bases: for people, for programs, for pull requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..compare import Bases

FORMATS = ("text", "json", "markdown", "html")
Render = Callable[["Bases", "Options"], Iterator[bytes]]


def renderer(name: str) -> Render:
    """Return the renderer of a format."""
    return cast("Render", import_module(f".{name}", __name__).render)
