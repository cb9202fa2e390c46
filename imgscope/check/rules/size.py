"""Rules on the size of the image."""

from __future__ import annotations

from ..model import Causes
from ..values import SIZE, Limit
from .files import largest_files
from .interface import CannotTell, Outcome, Rule, Subject, at_most, layer_causes


def max_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The content bytes of all layers: what the image takes once it is unpacked."""
    layers = subject.analysis.layers

    def causes() -> Causes:
        rows = layer_causes(subject, [(layer.index, layer.content_bytes) for layer in layers])
        return Causes.of(rows + largest_files(subject, 10))

    return at_most(subject.analysis.image.content_bytes, limit, causes)


def max_compressed_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The stored bytes of all layers' blobs: what is pushed and pulled."""
    analysis = subject.analysis
    actual = analysis.image.blob_bytes
    if actual is None:
        raise CannotTell("the compressed size is not known here: give an archive with compressed layers")
    plain = [layer.index for layer in analysis.layers if layer.compression is None and layer.content_bytes]
    outcome = at_most(
        actual,
        limit,
        lambda: Causes.of(layer_causes(subject, [(layer.index, layer.blob_bytes or 0) for layer in analysis.layers])),
    )
    if plain and not outcome.ok:
        # Compressing may well bring it below the limit, so that it is above it proves nothing.
        word = "layer" if len(plain) == 1 else "layers"
        numbers = ", ".join(map(str, plain[:5])) + (", …" if len(plain) > 5 else "")
        raise CannotTell(f"the compressed size is not known: {word} {numbers} lie here uncompressed")
    return outcome


RULES = (
    Rule("max-size", SIZE, "Most bytes of content in all layers.", max_size),
    Rule("max-compressed-size", SIZE, "Most bytes of blobs, compressed as they are stored.", max_compressed_size),
)
