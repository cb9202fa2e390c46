"""A comparison of bases as a notebook shows it: a row for each candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...report.notebook_html import heading, table, whole
from ...report.sizes import size
from . import words

if TYPE_CHECKING:
    from ..compare import Bases


def html(comparison: Bases) -> str:
    """Return the table."""
    rows = [
        (
            one.name,
            one.verdict,
            size(one.content_bytes),
            ", ".join(f"{lack.kind} {lack.name}" for lack in one.fit.lacks[:3]),
        )
        for one in comparison.candidates
    ]
    return whole(
        (
            heading(
                comparison.analysis.image.title,
                f"{words.base_name(comparison)} brings {size(comparison.brings.content_bytes)}",
                f"the app adds {size(comparison.adds.content_bytes)}",
            ),
            table("", ("base", "verdict", ">content", "lacks"), rows),
        )
    )
