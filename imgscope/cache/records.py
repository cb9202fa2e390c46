"""Turns a finished analysis into the record that the cache keeps of an image, and back.

The record holds what a report needs; rows need the layers' indexes too, which are records of their own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..analysis import Analysis
from ..asides import largest_from
from ..highlights import Highlights
from ..history import HistoryStep
from ..largest import Largest
from ..layer.estimate import Estimate
from ..overlay.changes import WASTE_REASONS
from ..rollup import WasteGroup
from ..rows import ConfigSecret, DiveFigures, Image, Layer, Totals, Waste, WastedPath
from .soundness import check, texts

# Raised when what a record holds, or the meaning of a figure, changes: older ones are then not read.
VERSION = 6

_TOTALS = ("added", "modified", "metadata_only", "rewritten", "removed", "repeated")


def encode(analysis: Analysis, layer_keys: Sequence[str]) -> bytes:
    """Write an analysis as a record; ``layer_keys`` name the records of its layers' indexes."""
    image, highlights = asdict(analysis.image), analysis.highlights
    record = {
        "version": VERSION,
        "image": image,
        "layers": [asdict(layer) for layer in analysis.layers],
        "notes": analysis.notes,
        "layer_keys": list(layer_keys),
        "kinds": analysis.body.comparison.kinds.hex(),
        "waste_count": highlights.waste_count,
        "waste_by_reason": {key: asdict(totals) for key, totals in highlights.waste_by_reason.items()},
        "top_waste": highlights.top_waste,
        "top_wasted_paths": [asdict(row) for row in highlights.top_wasted_paths],
        "waste_groups": highlights.waste_groups,
        "group_count": highlights.group_count,
        "largest": asdict(Largest(highlights.top_files, highlights.top_directories, analysis.packages)),
    }
    # Names may hold surrogate escapes: JSON's \udcXX keeps them, and only we read this.
    return json.dumps(record, separators=(",", ":")).encode("ascii")


class Record:
    """A record read back. Raises ``ValueError``, ``KeyError`` or ``TypeError`` where it isn't one."""

    def __init__(self, data: bytes) -> None:
        """Parse ``data``."""
        raw: dict[str, Any] = json.loads(data)
        if raw["version"] != VERSION:
            raise ValueError("written by another version")
        image = raw["image"]
        image["names"] = tuple(image["names"])
        image["verified"] = tuple(image["verified"])
        image["os_features"] = tuple(image["os_features"])
        image["history"] = tuple(HistoryStep(**step) for step in image["history"])
        image["secrets"] = tuple(ConfigSecret(**row) for row in image["secrets"])
        image["dive"] = DiveFigures(*image["dive"])
        image["compressed_estimate"] = _estimate(image["compressed_estimate"])
        self.image = Image(**image)
        self.layers = [_layer(layer) for layer in raw["layers"]]
        self.notes: list[str] = raw["notes"]
        self.layer_keys: list[str] = raw["layer_keys"]
        self.kinds = bytes.fromhex(raw["kinds"])
        self.largest = largest_from(raw["largest"])
        self.highlights = Highlights(
            {key: Totals(**totals) for key, totals in raw["waste_by_reason"].items()},
            [Waste(*row) for row in raw["top_waste"]],
            [WastedPath(**row) for row in raw["top_wasted_paths"]],
            self.largest.directories,
            raw["waste_count"],
            self.largest.files,
            [WasteGroup(*row) for row in raw["waste_groups"]],
            raw["group_count"],
        )
        self._check()

    def _check(self) -> None:
        """Raise for what no analysis would have written: readers look figures and layers up without asking."""
        count = len(self.layers)
        image, marks = self.image, self.highlights
        check([image])
        check(image.history, count, ("layer",))
        check(image.secrets, count, ("layer",))
        check([image.dive])
        check(self.layers)
        check(totals for layer in self.layers for totals in (getattr(layer, name) for name in _TOTALS))
        known = (image.compressed_estimate, *(layer.compressed_estimate for layer in self.layers))
        check(one for one in known if one is not None)
        if [layer.index for layer in self.layers] != list(range(count)) or len(self.layer_keys) != count:
            raise ValueError("layers out of order")
        check(marks.waste_by_reason.values())
        check(marks.top_waste, count, ("stored_in", "wasted_by"))
        check(marks.top_wasted_paths)
        check(marks.waste_groups, count, ("stored_in", "wasted_by"))
        check(self.largest.files, count, ("layer",))
        check(self.largest.directories)
        check([self.largest.packages])
        check(self.largest.packages.rows)
        reasons = {*marks.waste_by_reason, *(row.reason for row in marks.top_waste)}
        reasons |= {row.reason for row in marks.waste_groups}
        if not reasons <= {*WASTE_REASONS} or max(self.kinds, default=0) >= len(WASTE_REASONS):
            raise ValueError("a reason that is none")
        if not all(isinstance(part, list) for part in (self.notes, self.layer_keys)):
            raise TypeError("a list that is none")
        texts((*self.notes, *self.layer_keys))
        if not all(map(str.isascii, self.layer_keys)):
            raise ValueError("a name that is none")
        numbers = (marks.waste_count, marks.group_count)
        if not all(type(number) is int and 0 <= number < 1 << 63 for number in numbers):
            raise ValueError("a number that is none")


def _layer(raw: dict[str, Any]) -> Layer:
    totals = {name: Totals(**raw[name]) for name in _TOTALS}
    return Layer(**{**raw, **totals, "compressed_estimate": _estimate(raw["compressed_estimate"])})


def _estimate(raw: dict[str, Any] | None) -> Estimate | None:
    return None if raw is None else Estimate(**raw)
