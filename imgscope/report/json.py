"""The analysis as JSON: versioned, complete, and a reference that every command takes in an image's place.

Described by ``analysis.schema.json`` beside this file and in docs/json.md. Long lists are written in pieces, so the
whole never lies in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..layer.index import FILE
from ..processes import in_another_process
from .interface import Options
from .json_rows import Rows, listed
from .portable import dumps

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..rows import Layer

# From so many hidden entries on a second process is worth its start.
MANY_ROWS = 10_000


def render(analysis: Analysis, options: Options) -> Iterator[bytes]:
    """Yield the JSON; see ``interface.Render``. ``files=False`` leaves the long lists out."""
    head = summary(analysis, options)
    if not analysis.image.layers_read:
        yield dumps(head) + b"\n"
        return
    text = dumps(head)
    if not options.files:
        waste = [row._asdict() for row in analysis.top_waste(options.top)]
        yield dumps({**head, "waste_groups": list(groups(analysis)), "top_waste": waste}) + b"\n"
        return
    yield text[:-2]
    prints = _fingerprints(analysis) if options.fingerprints else {}
    rows = Rows(analysis, prints)

    def second_half() -> Iterator[bytes]:
        yield from listed("hidden", rows.hidden())
        yield from listed("whiteouts", rows.whiteouts())
        yield from listed("changes", rows.changes())

    with in_another_process(second_half, worthwhile=len(rows.overlay.hidden) >= MANY_ROWS) as rest:
        yield from listed("files", rows.files())
        yield from listed("waste_groups", groups(analysis))
        yield from listed("waste", rows.waste())
        yield from rest()
    yield b"\n}\n"


def summary(analysis: Analysis, options: Options) -> dict[str, Any]:
    """Return all but the long lists, as plain values: what the page of the HTML report shows too."""
    head: dict[str, Any] = {
        "schema_version": analysis.schema_version,
        "tool": {"name": "imgscope", "version": __version__},
        "image": _image(analysis),
        "layers": [_layer(layer) for layer in analysis.layers],
        "notes": list(analysis.notes),
        "waste_by_reason": {reason: asdict(totals) for reason, totals in analysis.waste_by_reason().items()},
        "top_files": [asdict(row) for row in analysis.top_files(options.top)],
        "top_directories": [asdict(row) for row in analysis.top_directories(options.top)],
        "packages": _packages(analysis, options.top),
    }
    if not analysis.image.layers_read:
        return _unread(head)
    if options.duplicates:
        head["duplicates"] = [
            {"size": found.size, "redundant_bytes": found.redundant_bytes, "paths": list(found.paths)}
            for found in analysis.duplicates()
        ]
    return head


def _unread(head: dict[str, Any]) -> dict[str, Any]:
    """Say of an outline that its figures are not known: none of them is 0."""
    from ..outline import IMAGE_FIGURES, LAYER_FIGURES

    image = {**head["image"], **dict.fromkeys(IMAGE_FIGURES), "layers_read": False}
    layers = [{**layer, **dict.fromkeys(LAYER_FIGURES)} for layer in head["layers"]]
    return {**head, "image": image, "layers": layers}


def _image(analysis: Analysis) -> dict[str, Any]:
    image = analysis.image
    dive = image.dive
    return {
        "reference": image.reference,
        "names": list(image.names),
        "id": image.id,
        "manifest_digest": image.manifest_digest,
        "verified": list(image.verified),
        "platform": image.platform,
        "os_version": image.os_version,
        "os_features": list(image.os_features),
        "created": image.created,
        "content_bytes": image.content_bytes,
        "merged_bytes": image.merged_bytes,
        "wasted_bytes": image.wasted_bytes,
        "tar_bytes": image.tar_bytes,
        "blob_bytes": image.blob_bytes,
        "file_count": image.file_count,
        "efficiency": image.efficiency,
        "dive": {
            "efficiency": dive.efficiency,
            "wastedBytes": dive.wasted_bytes,
            "userWastedPercent": dive.user_wasted_percent,
        },
        "compressed_estimate": image.compressed_estimate and asdict(image.compressed_estimate),
        "config": image.config,
        "history": [asdict(step) for step in image.history],
        "secrets": [asdict(row) for row in image.secrets],
    }


def _packages(analysis: Analysis, limit: int) -> dict[str, Any]:
    found = analysis.packages
    top = [asdict(row) for row in found.rows[:limit]]
    return {"count": found.count, "bytes": found.bytes, "unread": dict(found.unread), "top": top}


def groups(analysis: Analysis) -> Iterator[dict[str, Any]]:
    """Yield the waste rolled up to folders, whole: it adds up to all that is wasted."""
    for group in analysis.waste_groups():
        row = group._asdict()
        yield {"path": row.pop("path"), "files": row.pop("copies"), **row}


def _layer(layer: Layer) -> dict[str, Any]:
    return asdict(layer)


def _fingerprints(analysis: Analysis) -> dict[int, str]:
    """Return the fingerprint (xxh3_128, in hexadecimal) of every file that has content, hidden ones included."""
    overlay = analysis.body.overlay
    entries = [
        entry
        for entry, (kind, size) in enumerate(zip(overlay.kinds[: overlay.entry_count], overlay.sizes, strict=False))
        if kind == FILE and size
    ]
    prints = analysis.contents.fingerprints([overlay.locate(entry) for entry in entries])
    return {entry: value.hex() for entry, value in zip(entries, prints, strict=True)}
