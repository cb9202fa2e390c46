"""A verdict as a notebook shows it: a table for each image, a row for each rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...report.notebook_html import heading, table, whole
from ...rows import titled

if TYPE_CHECKING:
    from ..model import CheckReport, ImageCheck


def html(report: CheckReport) -> str:
    """Return the tables."""
    return whole(part for image in report.images for part in _image(image))


def _image(image: ImageCheck) -> Iterator[str]:
    yield heading(titled(image.reference), image.verdict, image.error)
    rows = sorted(image.results, key=lambda result: result.order)
    yield table("", ("verdict", "rule", "outcome"), ((row.status, row.name, row.message) for row in rows))
