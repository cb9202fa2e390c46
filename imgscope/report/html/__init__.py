"""The report as one HTML file: offline, with a map of the bytes, layers, tables, findings, a difference, a verdict.

``document`` makes what is shown out of the values that all commands have; ``tree`` makes the columns of the map;
``file`` puts the one file together, out of ``assets/``, which is built from ``page/`` (see its README).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .parts import Parts

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ..interface import Options

__all__ = ["Parts", "page", "render"]


def render(analysis: Analysis, options: Options) -> Iterator[bytes]:
    """Yield the page of one analysis; see ``interface.Render``."""
    yield from page(Parts(analysis=analysis), options)


def page(parts: Parts, options: Options) -> Iterator[bytes]:
    """Yield the page that shows all the parts that are there. Raises ``ImageError`` where contents can't be read."""
    from .document import document
    from .file import assemble

    yield from assemble(document(parts, options), parts.title)
