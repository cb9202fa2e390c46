"""Rules on the size of the image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...report.sizes import quantity, size
from ..model import Causes
from ..values import SIZE, Limit
from .files import largest_files
from .interface import CannotTell, Outcome, Rule, Subject, at_most, layer_causes

if TYPE_CHECKING:
    from ...layer.estimate import Estimate


def max_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The content bytes of all layers: what the image takes once it is unpacked."""
    layers = subject.analysis.layers

    def causes() -> Causes:
        rows = layer_causes(subject, [(layer.index, layer.content_bytes) for layer in layers])
        return Causes.of(rows + largest_files(subject, 10))

    return at_most(subject.analysis.image.content_bytes, limit, causes)


def max_compressed_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The stored bytes of all layers' blobs: what is pushed and pulled. Where they lie uncompressed, about that."""
    analysis = subject.analysis
    actual = analysis.image.blob_bytes
    if actual is None:
        raise CannotTell("the compressed size is not known here: give an archive with compressed layers")
    estimate = analysis.image.compressed_estimate
    plain = [layer.index for layer in analysis.layers if layer.compression is None and layer.content_bytes]
    if plain and actual > limit.value:
        if estimate is None:
            word = "layer" if len(plain) == 1 else "layers"
            numbers = ", ".join(map(str, plain[:5])) + (", …" if len(plain) > 5 else "")
            raise CannotTell(f"the compressed size is not known: {word} {numbers} lie here uncompressed")
        return _estimated(subject, estimate, limit)
    return at_most(actual, limit, lambda: _stored(subject))


def _stored(subject: Subject) -> Causes:
    figures = [
        (layer.index, layer.compressed_estimate.bytes if layer.compressed_estimate else layer.blob_bytes or 0)
        for layer in subject.analysis.layers
    ]
    return Causes.of(layer_causes(subject, figures))


def _estimated(subject: Subject, estimate: Estimate, limit: Limit) -> Outcome:
    """Judge by an estimate, and say where the limit lies within its error."""
    outcome = at_most(estimate.bytes, limit, lambda: _stored(subject))
    note = f"estimated from a sample of each layer ({estimate.method}), give or take {size(estimate.error)}"
    if abs(estimate.bytes - limit.value) <= estimate.error:
        note += ": the limit lies within that, so only an archive with compressed layers can tell for sure"
    return replace(outcome, message=f"about {outcome.message}", note=note)


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
    return at_most(actual, limit, causes, f"without the base's {quantity(first, 'layer')}")


def max_own_compressed_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The stored bytes of the blobs above the base image."""
    first = _own(subject)
    layers = subject.analysis.layers[first:]
    blobs = [layer.blob_bytes for layer in layers if layer.blob_bytes is not None]
    plain = [layer.index for layer in layers if layer.compression is None and layer.content_bytes]
    if len(blobs) < len(layers):
        raise CannotTell("the compressed size is not known here: give an archive with compressed layers")

    def causes() -> Causes:
        return Causes.of(layer_causes(subject, [(layer.index, layer.blob_bytes or 0) for layer in layers]))

    outcome = at_most(sum(blobs), limit, causes, f"without the base's {quantity(first, 'layer')}")
    if plain and not outcome.ok:
        # Compressing may well bring it below the limit.
        raise CannotTell("the compressed size is not known: the image's own layers lie here uncompressed")
    return outcome


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
        "Limit on the size of the layers above the base image as stored.",
        max_own_compressed_size,
        outline=True,
    ),
)
