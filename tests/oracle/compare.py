"""Puts imgscope's answer and the reference's side by side, in one form."""

from __future__ import annotations

import difflib
import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import BinaryIO

from imgscope.analysis import Analysis, Body
from imgscope.layer.contents import FileBytes, fingerprints
from imgscope.layer.index import LayerIndex
from imgscope.layer.scan import scan_file, scan_stream
from imgscope.overlay.changes import Comparison
from imgscope.overlay.merge import Overlay
from imgscope.rows import DiveFigures, Image, Layer, Totals

from . import reference
from .reference import Figures, Result, Row, WasteRow


def scanned_file(data: bytes) -> LayerIndex:
    """Index a layer as a stretch of a file on disk, with other bytes before and after it."""
    with tempfile.TemporaryFile() as file:
        file.write(b"before" + data + b"after")
        file.flush()
        return scan_file(file.fileno(), 6, len(data))


def scanned_stream(data: bytes, at_most: int = 1 << 20) -> LayerIndex:
    """Index a layer that comes in sequence, ``at_most`` bytes at a time."""
    stream = io.BytesIO(data)
    return scan_stream(lambda size: stream.read(min(size, at_most)))


class InMemory:
    """Contents of layers that are at hand as bytes."""

    def __init__(self, layers: Sequence[bytes], indexes: Sequence[LayerIndex]) -> None:
        self.layers, self.indexes = layers, indexes

    def fingerprints(self, keys: Sequence[tuple[int, int]]) -> list[bytes]:
        return [self._fingerprint(*key) for key in keys]

    def _fingerprint(self, layer: int, entry: int) -> bytes:
        index = self.indexes[layer]
        known = index.fingerprint(entry)
        if known is not None:
            return known
        with tempfile.TemporaryFile() as file:
            file.write(self.layers[layer])
            file.flush()
            return fingerprints(index, [entry], FileBytes(file.fileno(), 0, len(self.layers[layer])))[entry]

    def same(self, pairs: Sequence[tuple[tuple[int, int], tuple[int, int]]]) -> list[bool]:
        return [self._fingerprint(*one) == self._fingerprint(*other) for one, other in pairs]

    def open(self, layer: int, entry: int) -> BinaryIO:
        raise NotImplementedError

    def close(self) -> None:
        pass


def analyze_layers(layers: Sequence[bytes], scan: Callable[[bytes], LayerIndex] = scanned_file) -> Analysis:
    """Analyse layers without an archive around them: the layer and overlay stations alone."""
    indexes = [scan(data) for data in layers]
    contents = InMemory(layers, indexes)
    overlay = Overlay(indexes)

    def same(pairs: list[tuple[int, int]]) -> Callable[[], list[bool]]:
        return lambda: contents.same([(overlay.locate(one), overlay.locate(other)) for one, other in pairs])

    comparison = Comparison(overlay, same)
    figures = []
    for number, (index, changes) in enumerate(zip(indexes, comparison.layers, strict=True)):
        totals = {kind: Totals(*astuple(getattr(changes, kind))) for kind in reference.KINDS}
        figures.append(
            Layer(
                number,
                *([None] * 4),
                *["", "", None, ""],
                content_bytes=index.content_bytes,
                tar_bytes=index.tar_bytes,
                blob_bytes=None,
                entry_count=index.members,
                wasted_bytes=changes.caused_waste,
                stored_waste_bytes=changes.stored_waste,
                **totals,
            )
        )
    image = Image("layers", (), "", None, "", None, {}, (), *[0] * 4, None, 0, DiveFigures(1.0, 0, 0.0))
    return Analysis(image, figures, (), Body(overlay, comparison), contents)


def result_of(analysis: Analysis) -> Result:
    """Bring an analysis into the reference's form."""
    layers = []
    for layer in analysis.layers:
        figures = Figures(layer.content_bytes)
        for kind in reference.KINDS:
            totals = getattr(layer, kind)
            figures.counts[kind], figures.bytes[kind] = totals.count, totals.bytes
        figures.kinds = {change.path: change.kind for change in analysis.changes(layer.index)}
        figures.wasted_bytes = layer.wasted_bytes
        figures.stored_waste_bytes = layer.stored_waste_bytes
        layers.append(figures)
    rows = [
        Row(
            file.path,
            file.type,
            file.size,
            file.mode,
            file.uid,
            file.gid,
            file.mtime_ns,
            file.link_target,
            file.device,
            dict(file.xattrs) if file.xattrs else None,
            file.layer,
            file.layers,
        )
        for file in analysis.files
    ]
    waste = sorted(WasteRow(*row) for row in analysis.waste)
    return Result(
        rows=rows,
        waste=waste,
        layers=layers,
        merged_bytes=sum(row.size for row in rows),
        wasted_bytes=sum(row.bytes for row in waste),
        content_bytes=sum(layer.content_bytes for layer in layers),
    )


def lines(result: Result) -> list[str]:
    """Write a result as text, one fact a line, so that what differs shows as a short diff."""
    told = [f"row {row}" for row in result.rows]
    told += [f"waste {row}" for row in result.waste]
    for number, layer in enumerate(result.layers):
        told.append(f"layer {number} content {layer.content_bytes}, {layer.wasted_bytes} made waste,")
        told.append(f"layer {number} stores waste {layer.stored_waste_bytes}")
        told += [f"layer {number} {kind} {layer.counts[kind]} {layer.bytes[kind]}" for kind in reference.KINDS]
        told += [f"layer {number} {kind} {path!r}" for path, kind in sorted(layer.kinds.items())]
    told.append(f"merged {result.merged_bytes}, wasted {result.wasted_bytes}, content {result.content_bytes}")
    return told


def assert_same(found: Result, expected: Result) -> None:
    """Fail with the lines that differ."""
    one, other = lines(found), lines(expected)
    if one != other:
        differing = [line for line in difflib.ndiff(other, one) if line[0] in "+-"]
        raise AssertionError("(- the reference, + imgscope)\n" + "\n".join(differing))
