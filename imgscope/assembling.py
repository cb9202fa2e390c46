"""Puts an analysis together: what an image says of itself, and what its stacked layers come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .analysis import Analysis, Body
from .asides import Asides, whole
from .compat.dive import Figures
from .contents import ImageContents
from .history import HistoryStep, read_history
from .layer.index import LayerIndex
from .overlay.changes import LayerChanges, Tally
from .rows import ConfigSecret, DiveFigures, Image, Layer, Totals

if TYPE_CHECKING:
    from .archive.image import LayerBlob, OpenImage
    from .secrets.config import Redacted


def assemble(
    opened: OpenImage,
    reference: str,
    dive: Figures,
    body: Body,
    contents: ImageContents,
    aside: Callable[[], Asides] | None = None,
) -> Analysis:
    """Put together what is known of an image: its manifest and config, its layers' figures, its notes.

    ``aside`` waits for what was looked for meanwhile; it is asked last.
    """
    overlay, comparison = body.overlay, body.comparison
    indexes = overlay.layers
    from .secrets import redact
    from .secrets.config import redact_config

    redacted = redact_config(opened.config)
    steps, note = read_history(redacted.config, len(indexes))
    made = {step.layer: step for step in steps if step.layer is not None}
    notes = [*opened.notes, *([note] if note else [])]
    layers: list[Layer] = []
    for number, (blob, index, sums) in enumerate(zip(opened.layers, indexes, comparison.layers, strict=True)):
        step = made.get(number)
        if blob.missing:
            notes.append(f"layer {number} is not analysed: {blob.missing}")
        notes += [f"layer {number}: {text}" for text in index.notes]
        layers.append(_layer(number, blob, index, sums, step.instruction if step else "", step))
    found = aside() if aside is not None else None
    if found is not None:
        layers = [replace(layer, compressed_estimate=one) for layer, one in zip(layers, found.estimates, strict=True)]
    content_bytes = sum(layer.content_bytes for layer in layers)
    wasted_bytes = sum(layer.wasted_bytes for layer in layers)
    blobs = [layer.blob_bytes for layer in layers if layer.missing is None]
    created = opened.config.get("created")
    return Analysis(
        Image(
            reference=reference,
            names=tuple(map(redact, opened.names)),
            id=opened.id,
            manifest_digest=opened.manifest_digest,
            platform=opened.platform,
            os_version=opened.os_version or None,
            os_features=opened.os_features,
            created=created if isinstance(created, str) else None,
            config=redacted.config,
            history=steps,
            content_bytes=content_bytes,
            merged_bytes=content_bytes - wasted_bytes,
            wasted_bytes=wasted_bytes,
            tar_bytes=sum(layer.tar_bytes for layer in layers),
            blob_bytes=None if None in blobs else sum(size for size in blobs if size is not None),
            file_count=sum(map(len, overlay.tree.values())),
            dive=DiveFigures(dive.efficiency, dive.wasted_bytes, dive.user_wasted_percent),
            verified=_verified(opened),
            secrets=_secrets(redacted, steps),
            compressed_estimate=whole(layers),
        ),
        layers,
        notes,
        body,
        contents,
        raw_config=opened.config,
        largest=found.largest if found is not None else None,
    )


def _secrets(redacted: Redacted, steps: Sequence[HistoryStep]) -> tuple[ConfigSecret, ...]:
    """Say where the config holds secrets; a step of its history by the layer that it made."""
    history = redacted.config.get("history")
    rows = [
        number for number, step in enumerate(history if isinstance(history, list) else []) if isinstance(step, dict)
    ]
    layers = {row: step.layer for row, step in zip(rows, steps, strict=False)}
    found = (
        ConfigSecret(kind, where, layers.get(step) if step is not None else None)
        for kind, where, step in redacted.found
    )
    return tuple(dict.fromkeys(found))


def _verified(opened: OpenImage) -> tuple[str, ...]:
    """Name what was checked in passing: manifests are found by their digests, a config's is always computed."""
    found = ["manifest"] if opened.manifest_digest and opened.manifest_checked else []
    checked = opened.config_digest is not None and opened.config_digest == opened.config_actual
    found += ["config"] if checked else []
    # What lies elsewhere is checked as it passes.
    remote = [blob.remote is not None and blob.listed is None for blob in opened.layers if blob.missing is None]
    return (*found, "layers") if remote and all(remote) else tuple(found)


def _layer(
    number: int, blob: LayerBlob, index: LayerIndex, sums: LayerChanges, instruction: str, step: HistoryStep | None
) -> Layer:
    def totals(tally: Tally) -> Totals:
        return Totals(tally.count, tally.bytes)

    return Layer(
        index=number,
        diff_id=blob.diff_id,
        digest=blob.digest,
        media_type=blob.media_type,
        compression=blob.compression,
        instruction=instruction,
        created_by=step.created_by if step else "",
        created=step.created if step else None,
        comment=step.comment if step else "",
        content_bytes=index.content_bytes,
        tar_bytes=index.tar_bytes,
        blob_bytes=blob.size,
        entry_count=index.members,
        wasted_bytes=sums.caused_waste,
        stored_waste_bytes=sums.stored_waste,
        added=totals(sums.added),
        modified=totals(sums.modified),
        metadata_only=totals(sums.metadata_only),
        rewritten=totals(sums.rewritten),
        removed=totals(sums.removed),
        repeated=totals(sums.repeated),
        missing=blob.missing,
        blob_name=blob.name,
        blob_linked=blob.linked,
    )
