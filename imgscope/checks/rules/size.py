"""Rules on the size of the image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...asides import whole
from ...report.sizes import size
from ..model import Causes
from ..values import SIZE, Limit
from .files import largest_files
from .interface import CannotTell, Outcome, Rule, Subject, at_most, layer_causes, without_base

if TYPE_CHECKING:
    from ...layer.estimate import Estimate
    from ...rows import Layer


def max_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The content bytes of all layers: what the image takes once it is unpacked."""
    layers = subject.analysis.layers

    def causes() -> Causes:
        rows = layer_causes(subject, [(layer.index, layer.content_bytes) for layer in layers])
        return Causes.of(rows + largest_files(subject, 10))

    return at_most(subject.analysis.image.content_bytes, limit, causes)


def max_compressed_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The stored bytes of all layers' blobs: what is pushed and pulled. Where they lie uncompressed, about that."""
    return _compressed(subject, subject.analysis.layers, limit)


def _compressed(subject: Subject, layers: Sequence[Layer], limit: Limit, note: str = "") -> Outcome:
    """Hold the stored bytes of some layers against a limit; what lies uncompressed is estimated where that matters."""
    there = [layer for layer in layers if layer.missing is None]
    blobs = [layer.blob_bytes for layer in there if layer.blob_bytes is not None]
    if len(blobs) < len(there):
        raise CannotTell("the compressed size is not known here: give an archive with compressed layers")
    actual = sum(blobs)
    plain = [layer.index for layer in there if layer.compression is None and layer.content_bytes]
    if not plain or actual <= limit.value:
        return at_most(actual, limit, lambda: _stored(subject, layers), note)
    estimate = whole(layers)
    if estimate is None:
        word = "layer" if len(plain) == 1 else "layers"
        numbers = ", ".join(map(str, plain[:5])) + (", …" if len(plain) > 5 else "")
        raise CannotTell(f"the compressed size is not known: {word} {numbers} lie here uncompressed")
    outcome = at_most(estimate.bytes, limit, lambda: _stored(subject, layers))
    return about(outcome, estimate, abs(estimate.bytes - limit.value), note)


def about(outcome: Outcome, estimate: Estimate, distance: float, note: str = "") -> Outcome:
    """Say that an outcome is an estimate's, and whether the limit (``distance`` bytes away) lies within its error."""
    how = f"estimated from a sample of each layer ({estimate.method}), give or take {size(estimate.error)}"
    if distance <= estimate.error != 0:
        how += ": the limit lies within that, so only an archive with compressed layers can tell for sure"
    return replace(outcome, message=f"about {outcome.message}", note="; ".join(filter(None, (outcome.note, note, how))))


def _stored(subject: Subject, layers: Sequence[Layer]) -> Causes:
    figures = [
        (layer.index, layer.compressed_estimate.bytes if layer.compressed_estimate else layer.blob_bytes or 0)
        for layer in layers
    ]
    return Causes.of(layer_causes(subject, figures))


def _own(subject: Subject) -> int:
    """Return the number of the first layer above the base. Raises ``CannotTell`` where that is not known."""
    from ...base_images.find import find_base

    analysis = subject.analysis
    matched = subject.place.matched(analysis)
    if matched is not None and matched.belongs and matched.base_layers is not None:
        return matched.base_layers
    base = find_base(analysis)
    if not base.layers:
        raise CannotTell("which layers are the base image's is not known: give the Dockerfile (--dockerfile)")
    return base.layers


def max_own_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The content bytes of the layers above the base image."""
    first = _own(subject)
    layers = subject.analysis.layers[first:]

    def causes() -> Causes:
        return Causes.of(layer_causes(subject, [(layer.index, layer.content_bytes) for layer in layers]))

    actual = sum(layer.content_bytes for layer in layers)
    return at_most(actual, limit, causes, without_base(first))


def max_own_compressed_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The stored bytes of the blobs above the base image. Where they lie uncompressed, about that."""
    first = _own(subject)
    return _compressed(subject, subject.analysis.layers[first:], limit, without_base(first))


RULES = (
    Rule("max-size", SIZE, "Limit on the size of all layers, uncompressed.", max_size),
    Rule(
        "max-compressed-size",
        SIZE,
        "Limit on the size of all layers as stored, compressed (estimated where they are not).",
        max_compressed_size,
        outline=True,
    ),
    Rule("max-own-size", SIZE, "Limit on the size of the layers above the base image.", max_own_size),
    Rule(
        "max-own-compressed-size",
        SIZE,
        "Limit on the size of the layers above the base image as stored, compressed (estimated where they are not).",
        max_own_compressed_size,
        outline=True,
    ),
)
