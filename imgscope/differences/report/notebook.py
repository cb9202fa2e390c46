"""A difference as a notebook shows it: what it costs to pull, layers, files, packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...report.notebook_html import ROWS, heading, table, whole
from ...report.sizes import size
from . import words

if TYPE_CHECKING:
    from ..model import Difference, LayerPair


def _layer(pair: LayerPair) -> tuple[str, ...]:
    layer = pair.new or pair.old
    numbers = ("-" if one is None else str(one.index) for one in (pair.old, pair.new))
    return *numbers, pair.status, size(pair.really_new), layer.instruction if layer else ""


def html(difference: Difference) -> str:
    """Return the tables."""
    old, new = difference.old.image, difference.new.image
    files = difference.files.largest(ROWS)
    packages = difference.packages
    return whole(
        (
            heading(
                f"{old.title} → {new.title}",
                f"content {size(old.content_bytes)} → {size(new.content_bytes)} ({words.signed(difference.growth)})",
                *words.pulling(difference.pull, False),
            ),
            table("Layers", (">old", ">new", "status", ">new bytes", "instruction"), map(_layer, difference.layers)),
            table(
                "Files",
                ("kind", ">bytes", "path"),
                ((row.kind.replace("_", " "), words.signed(row.delta), row.path) for row in files),
                len(difference.files),
            ),
            table(
                "Packages",
                ("kind", "package", "old", "new", ">bytes"),
                (
                    (row.kind, row.name, row.version_before or "-", row.version_after or "-", words.signed(row.delta))
                    for row in packages[:ROWS]
                ),
                len(packages),
            ),
        )
    )
