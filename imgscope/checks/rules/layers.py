"""Rules on the layers."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING

from ...paths import join, public
from ..model import Cause, Causes
from ..values import NUMBER, SIZE, Limit
from .interface import Outcome, Rule, Subject, at_most, layer_causes

if TYPE_CHECKING:
    from ...rows import Layer


def max_layers(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The number of layers."""
    layers = subject.analysis.layers
    read = subject.analysis.image.layers_read

    def held(layer: Layer) -> tuple[int, Layer]:
        return layer.content_bytes if read else layer.blob_bytes or 0, layer

    return at_most(
        len(layers),
        limit,
        # Those with least in them are the first to be merged with a neighbour.
        lambda: Causes.of(
            [
                Cause("layer", None, layer.index, subject.instruction(layer.index), count)
                for count, layer in sorted(map(held, layers), key=lambda pair: (pair[0], pair[1].index))
            ]
        ),
    )


def max_layer_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The content bytes of the largest layer."""
    layers = subject.analysis.layers

    def causes() -> Causes:
        above = [(layer.index, layer.content_bytes) for layer in layers if layer.content_bytes > limit.value]
        rows = layer_causes(subject, above)
        return Causes.of(rows + [cause for row in rows for cause in _largest_of(subject, row.layer or 0, 5)])

    return at_most(max((layer.content_bytes for layer in layers), default=0), limit, causes)


def _largest_of(subject: Subject, layer: int, count: int) -> list[Cause]:
    overlay = subject.analysis.body.overlay
    sizes = overlay.sizes
    rows = nlargest(
        count,
        ((sizes[entry], directory, name) for directory, name, entry in overlay.entries(layer) if sizes[entry]),
    )
    instruction = subject.instruction(layer)
    return [Cause("file", public(join(directory, name)), layer, instruction, size) for size, directory, name in rows]


RULES = (
    Rule("max-layers", NUMBER, "Limit on the number of layers.", max_layers, whole=False, outline=True),
    Rule("max-layer-size", SIZE, "Limit on the size of the largest layer.", max_layer_size),
)
