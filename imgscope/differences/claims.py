"""Finds layers that are not what an image claims of them, where two images say the same of layers that differ.

A digest that an archive states proves nothing. Two layers with one diff_id are one layer when their entries agree too;
where they do not, one of the images lies, and which of them its bytes tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..contents import ImageContents, NoContents
from ..errors import ImageError
from ..layer.index import LayerIndex
from ..verify import wrong_digest

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..rows import Layer


class Claims(NamedTuple):
    """What can be believed: ``shared`` maps OLD's layers to those of NEW that are the same.

    ``old`` and ``new`` are the layers with names of their own in place of digests that are not true; ``notes`` say
    which those are.
    """

    shared: dict[int, int]
    old: list[Layer]
    new: list[Layer]
    notes: list[str]


def believed(old: Analysis, new: Analysis) -> Claims:
    """Find the layers that both images have, and those of which one claims so without truth."""
    by_id: dict[str, list[Layer]] = {}
    for layer in reversed(new.layers):
        if layer.diff_id is not None and not layer.missing:
            by_id.setdefault(layer.diff_id, []).append(layer)
    shared: dict[int, int] = {}
    doubted: list[tuple[Layer, Layer]] = []
    for layer in old.layers:
        candidates = by_id.get(layer.diff_id or "")
        if not candidates or layer.missing:
            continue
        place = next((n for n in reversed(range(len(candidates))) if _alike(old, layer, new, candidates[n])), None)
        if place is None:
            doubted.append((layer, candidates[-1]))
        else:
            shared[layer.index] = candidates.pop(place).index
    # A blob has one diff_id: with the same digest and another, one of the two is wrong.
    blobs = {layer.digest: layer for layer in old.layers if layer.digest and not layer.missing}
    for layer in new.layers:
        known = blobs.get(layer.digest or "")
        if known is not None and not layer.missing and known.diff_id != layer.diff_id:
            doubted.append((known, layer))
    return _judge(old, new, shared, doubted)


def _alike(old: Analysis, layer: Layer, new: Analysis, other: Layer) -> bool:
    if _saved(old) or _saved(new):
        # A saved analysis numbers entries otherwise, and does not have all of their columns.
        facts = ((one.content_bytes, one.tar_bytes, one.entry_count) for one in (layer, other))
        return next(facts) == next(facts)
    return _same_columns(old.body.overlay.layers[layer.index], new.body.overlay.layers[other.index])


def _saved(analysis: Analysis) -> bool:
    return isinstance(analysis.contents, NoContents)


def _same_columns(a: LayerIndex, b: LayerIndex) -> bool:
    """Tell whether two indexes of one diff_id have the same entries under the same numbers."""
    if a is b:
        return True
    return (
        a.kinds == b.kinds
        and a.sizes == b.sizes
        and a.offsets == b.offsets
        and a.mtimes == b.mtimes
        and a.children == b.children
        and (a.fingerprints is None or b.fingerprints is None or a.fingerprints == b.fingerprints)
    )


def _judge(old: Analysis, new: Analysis, shared: dict[int, int], doubted: Sequence[tuple[Layer, Layer]]) -> Claims:
    """Read the layers that contradict each other, and take their names from those that are not what they say."""
    sides = (("OLD", old, list(old.layers)), ("NEW", new, list(new.layers)))
    notes: list[str] = []
    judged: dict[tuple[str, int], str | None] = {}
    for pair in doubted:
        for (name, analysis, _), layer in zip(sides, pair, strict=True):
            if (name, layer.index) not in judged:
                judged[name, layer.index] = _wrong(analysis, layer)
        found = [judged[name, layer.index] for (name, _, _), layer in zip(sides, pair, strict=True)]
        # Where nothing can be read, and so nothing told, NEW's is taken for the other one.
        false = [side for side, wrong in enumerate(found) if wrong] or [1]
        for side in false:
            name, _, layers = sides[side]
            layer = pair[side]
            mark = f"@{name}{layer.index}"
            layers[layer.index] = replace(
                layer, diff_id=f"{layer.diff_id}{mark}", digest=f"{layer.digest}{mark}" if layer.digest else None
            )
            if found[side]:
                notes.append(f"layer {layer.index} of {name} is not what that image says: {found[side]}")
        if not any(found):
            notes.append(
                f"layer {pair[0].index} of OLD and layer {pair[1].index} of NEW claim the same digest, but differ: "
                "one of the images is not what it says (see imgscope verify)"
            )
    return Claims(shared, sides[0][2], sides[1][2], list(dict.fromkeys(notes)))


def _wrong(analysis: Analysis, layer: Layer) -> str | None:
    """Tell what is wrong with a layer's digests; ``None`` where they are right, or the bytes are not at hand."""
    if not isinstance(analysis.contents, ImageContents):
        return None
    try:
        return wrong_digest(analysis.contents.blob(layer.index))
    except ImageError:
        return None
