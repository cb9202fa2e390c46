"""Suggestions as a notebook shows them: secrets, what is saved in all, and a row for each thing to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...report.notebook_html import heading, table, text, whole
from ...report.sizes import percent, size
from .cards import cards, secrets, sums

if TYPE_CHECKING:
    from ..model import Suggestions


def html(report: Suggestions) -> str:
    """Return the table."""
    content = report.analysis.image.content_bytes
    sure, possible = sums(report)
    found = secrets(report)
    rows = [
        (
            size(card.bytes) if card.bytes else "-",
            card.certainty,
            card.place,
            card.code,
            card.title,
            " ".join(card.fixes),
        )
        for card in cards(report)
    ]
    return whole(
        (
            heading(
                report.analysis.image.title,
                f"saves {size(sure)} ({percent(sure, content)}) for certain or likely",
                f"{size(possible)} possible besides" if possible else "",
            ),
            f"<p><b>{text(found)}</b></p>" if found else "",
            table("", (">saves", "sure", "where", "rule", "finding", "fix"), rows),
        )
    )
