"""The difference as JSON: versioned and complete. Described by ``diff.schema.json`` and in docs/diff.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ... import __version__
from ...report.interface import Options
from ...report.json_rows import listed
from ...report.portable import dumps

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ..model import Break, Difference, FileDifference, LayerPair

SCHEMA_VERSION = 1


def render(difference: Difference, options: Options) -> Iterator[bytes]:
    """Yield the JSON; ``options.files=False`` leaves the list of files out, not their sums."""
    head = summary(difference)
    text = dumps(head)
    if not options.files or not difference.filter.wants("files"):
        yield text + b"\n"
        return
    yield text[:-2]
    yield from listed("files", map(_file, difference.files))
    yield b"\n}\n"


def summary(difference: Difference) -> dict[str, Any]:
    """Return all but the list of files, as plain values."""
    wants = difference.filter.wants
    head: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        # Its name before all commands had one.
        "diff_schema_version": SCHEMA_VERSION,
        "tool": {"name": "imgscope", "version": __version__},
        "equal": difference.equal,
        "old": _image(difference.old),
        "new": _image(difference.new),
        "growth_bytes": difference.growth,
    }
    if wants("layers"):
        head["pull"] = {**asdict(difference.pull), "ratio": difference.pull.ratio}
        head["broken"] = _break(difference.broken) if difference.broken else None
        head["layers"] = [_pair(pair) for pair in difference.layers]
    if wants("files"):
        head["kinds"] = {kind: asdict(totals) for kind, totals in difference.files.totals().items()}
        head["times_only"] = difference.files.only_times()
        head["directories"] = [{**row._asdict(), "delta": row.delta} for row in difference.files.directories().values()]
    if wants("packages"):
        head["packages"] = [{**asdict(row), "delta": row.delta} for row in difference.packages]
        head["unpackaged_bytes"] = difference.unpackaged_bytes
    if wants("config"):
        head["config"] = [asdict(row) for row in difference.config]
    head["notes"] = list(difference.notes)
    return head


def _image(analysis: Analysis) -> dict[str, Any]:
    image = analysis.image
    return {
        "reference": image.reference,
        "id": image.id,
        "manifest_digest": image.manifest_digest,
        "platform": image.platform,
        "created": image.created,
        "content_bytes": image.content_bytes,
        "merged_bytes": image.merged_bytes,
        "wasted_bytes": image.wasted_bytes,
        "tar_bytes": image.tar_bytes,
        "blob_bytes": image.blob_bytes,
        "file_count": image.file_count,
        "layers": len(analysis.layers),
    }


def _pair(pair: LayerPair) -> dict[str, Any]:
    old, new = pair.old, pair.new
    return {
        "status": pair.status,
        "old": old.index if old else None,
        "new": new.index if new else None,
        "diff_id_before": old.diff_id if old else None,
        "diff_id_after": new.diff_id if new else None,
        "digest_after": new.digest if new else None,
        "instruction_before": old.instruction if old else None,
        "instruction_after": new.instruction if new else None,
        "content_bytes_before": old.content_bytes if old else None,
        "content_bytes_after": new.content_bytes if new else None,
        "blob_bytes_after": new.blob_bytes if new else None,
        "pulled": pair.pulled,
        "really_new_bytes": pair.really_new if new else None,
    }


def _break(broken: Break) -> dict[str, Any]:
    return {
        "cause": broken.cause,
        "only_times_differ": broken.timestamps,
        "file": broken.file or None,
        **_pair(broken.pair),
    }


def _file(row: FileDifference) -> dict[str, Any]:
    value: dict[str, Any] = row._asdict()
    value["delta"] = row.delta
    if row.path_before is None:
        del value["path_before"]
    return value
