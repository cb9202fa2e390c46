"""An analysis as a notebook shows it: its layers, its waste, its largest files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import words
from .notebook_html import ROWS, heading, table, whole
from .sizes import percent, quantity, size

if TYPE_CHECKING:
    from ..analysis import Analysis


def html(analysis: Analysis) -> str:
    """Return the tables."""
    image = analysis.image
    share = percent(image.wasted_bytes, image.content_bytes)
    layers = [
        (str(layer.index), size(layer.content_bytes), size(layer.wasted_bytes), words.instruction(layer))
        for layer in analysis.layers
    ]
    waste, _ = words.groups(analysis, ROWS)
    wasted = [
        (size(group.bytes), f"{group.stored_in}→{group.wasted_by}", words.REASONS[group.reason], words.group(group))
        for group in waste
    ]
    files = [(size(file.bytes), str(file.layer), file.path) for file in analysis.top_files(ROWS)]
    return whole(
        (
            heading(
                image.title,
                f"{size(image.content_bytes)} in {quantity(len(layers), 'layer')}",
                f"{size(image.merged_bytes)} merged, {size(image.wasted_bytes)} wasted ({share})",
            ),
            table("Layers", (">#", ">size", ">wasted", "instruction"), layers),
            table("Waste", (">wasted", "layers", "reason", "path"), wasted, analysis.highlights.group_count),
            table("Largest files", (">size", ">layer", "path"), files),
        )
    )
