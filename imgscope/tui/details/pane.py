"""Details: all that is known of the selected layer and of the image."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...analysis import Analysis
from ...escape import escape
from ...report.sizes import percent, quantity, size
from ...rows import Layer, Totals
from ...settings import settings
from ..model.without import Without
from .facts import Facts, Row


def _totals(totals: Totals) -> str:
    return f"{quantity(totals.count, 'path')}, {size(totals.bytes)}"


def layer_facts(layer: Layer) -> list[Row]:
    """Return the facts of a layer."""
    rows = [("Instruction", escape(layer.instruction) or "not known")]
    if layer.missing:
        rows.append(("Missing", escape(layer.missing)))
    stored = "not known" if layer.blob_bytes is None else size(layer.blob_bytes)
    rows.append(("Content", f"{size(layer.content_bytes)} in {quantity(layer.entry_count, 'entry', 'entries')}"))
    rows.append(("Stored", f"{stored}{f', {layer.compression}' if layer.compression else ''}"))
    rows.append(("As a tar", size(layer.tar_bytes)))
    for name, totals in (
        ("Added", layer.added),
        ("Modified", layer.modified),
        ("Metadata only", layer.metadata_only),
        ("Rewritten", layer.rewritten),
        ("Removed", layer.removed),
        ("Repeated", layer.repeated),
    ):
        if totals.count:
            rows.append((name, _totals(totals)))
    if layer.wasted_bytes:
        rows.append(("Made waste", size(layer.wasted_bytes)))
    if layer.stored_waste_bytes:
        rows.append(("Holds waste", size(layer.stored_waste_bytes)))
    rows += [(name, escape(value)) for name, value in _identity(layer) if value]
    return rows


def _identity(layer: Layer) -> Sequence[tuple[str, str | None]]:
    return (
        ("Created", layer.created),
        ("Comment", layer.comment),
        ("Digest", layer.digest),
        ("Diff ID", layer.diff_id),
        ("Media type", layer.media_type),
    )


def image_facts(analysis: Analysis) -> list[Row]:
    """Return the facts of the image."""
    image = analysis.image
    rows = [
        ("Reference", escape(image.title)),
        ("Names", escape(", ".join(image.names))),
        ("Platform", escape(image.system)),
        ("Created", escape(image.created or "")),
        ("Content", size(image.content_bytes)),
        ("Merged", f"{size(image.merged_bytes)} in {quantity(image.file_count, 'path')}"),
        ("Wasted", f"{size(image.wasted_bytes)}, {percent(image.wasted_bytes, image.content_bytes)}"),
        ("Efficiency", f"{percent(image.efficiency)} (dive: {percent(image.dive.efficiency)})"),
        ("Stored", "not known" if image.blob_bytes is None else size(image.blob_bytes)),
        ("As tars", size(image.tar_bytes)),
        ("Image ID", escape(image.id)),
        ("Manifest", escape(image.manifest_digest or "")),
    ]
    rows += [
        (f"  {reason}", f"{size(totals.bytes)} in {quantity(totals.count, 'copy', 'copies')}")
        for reason, totals in analysis.waste_by_reason().items()
    ]
    rows += _config(settings(image.config))
    rows += [("Note", escape(note)) for note in analysis.notes]
    return [(name, value) for name, value in rows if value]


def _config(config: Mapping[str, Any]) -> list[Row]:
    """Return what the image config tells an engine; its JSON is whatever the image's maker wrote."""
    rows: list[Row] = []
    for key in ("Entrypoint", "Cmd", "User", "WorkingDir", "ExposedPorts", "Volumes", "StopSignal", "Env", "Labels"):
        value = config.get(key)
        if not value:
            continue
        if key in ("Env", "Labels"):
            pairs = value if isinstance(value, list) else [f"{name}={word}" for name, word in dict(value).items()]
            rows += [(key if number == 0 else "", escape(str(pair))) for number, pair in enumerate(pairs)]
        elif isinstance(value, dict):
            rows.append((key, escape(", ".join(map(str, value)))))
        else:
            rows.append((key, escape(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))))
    return rows


class DetailsPane(Facts):
    """Two blocks of facts: the selected layer's, and the image's."""

    def __init__(self, analysis: Analysis, *, id: str) -> None:
        """Show ``analysis``."""
        super().__init__(id=id)
        self.analysis = analysis
        self._image = image_facts(analysis)
        self.without: Without | None = None
        """What the image is shown without."""

    def show_layer(self, number: int) -> None:
        """Show one layer's facts."""
        without = self.without
        image = [("Image", ""), *self._image]
        if without is not None:
            image = [
                ("Without what is struck out", ""),
                *_left(without),
                ("", ""),
                ("Image as it is", ""),
                *self._image,
            ]
        if not self.analysis.layers:
            return self.show(image)
        gone = [("Struck out", "the image is shown without it")] if without and number in without.layers else []
        return self.show([*gone, *layer_facts(self.analysis.layers[number]), ("", ""), *image])


def _left(without: Without) -> list[Row]:
    content, wasted = without.content_bytes, without.wasted_bytes
    return [
        ("Content", size(content)),
        ("Merged", size(content - wasted)),
        ("Wasted", f"{size(wasted)}, {percent(wasted, content)}"),
    ]
