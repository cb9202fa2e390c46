"""The changes alone, as ``patch`` and ``git apply`` take them: with all that the files hold, secrets too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Record


def render(record: Record, options: Options, *, secrets: bool = False) -> Iterator[bytes]:
    """Yield the patch; see ``outputs.Render``. It is made to be applied, so it is always whole."""
    yield record.patch.encode("utf-8", "surrogateescape")
