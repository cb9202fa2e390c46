"""The JSON that ``dive --json`` writes, field for field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..compat.dive_json import dive_json
from .interface import Options

if TYPE_CHECKING:
    from ..analysis import Analysis


def render(analysis: Analysis, options: Options) -> Iterator[bytes]:
    """Yield dive's JSON; see ``interface.Render``. No option changes it."""
    yield from dive_json(analysis)
