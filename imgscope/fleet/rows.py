"""What an analysis says, as rows of the store's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..errors import ImageError
from ..history import moment
from ..layer.index import FILE, TYPE_NAMES, LayerIndex
from ..paths import join, public
from ..report.portable import dumps, portable
from .model import Unit

if TYPE_CHECKING:
    import pyarrow as pa

    from ..analysis import Analysis
    from ..suggestions import Suggestions

Row = dict[str, Any]

_OPAQUE = b".wh..wh..opq"
# What a column of times can hold (microseconds): years that no file has are none.
_SECONDS = 1 << 40
# An ordinary config has some KiB.
_CONFIG = 1 << 18


def identity(analysis: Analysis) -> str:
    """Return what an image is called in the store: its manifest's digest, or its config's where there is none."""
    return analysis.image.manifest_digest or analysis.image.id


def layer_of(analysis: Analysis, number: int) -> str:
    """Return what a layer is called in the store; one without a diff_id by its place in the image."""
    return analysis.layers[number].diff_id or f"{identity(analysis)}/{number}"


def tag_row(unit: Unit, image: str, observed: datetime) -> Row:
    """Return the observation that a tag points to an image."""
    return {
        "host": unit.host,
        "repository": unit.repository,
        "tag": unit.tag,
        "reference": unit.reference,
        "digest": unit.digest or image,
        "image": image,
        "observed": observed,
    }


def image_row(analysis: Analysis, unit: Unit) -> Row:
    """Return the row of an image."""
    image = analysis.image
    names = [layer_of(analysis, number) for number in range(len(analysis.layers))]
    blobs = [layer.digest for layer in analysis.layers]
    history = [
        {"layer": names[step.layer] if step.layer is not None else None, "instruction": _text(step.instruction)}
        for step in image.history
    ]
    return {
        "image": identity(analysis),
        "config": image.id,
        "platform": image.platform,
        "created": moment(image.created),
        "manifest_bytes": unit.manifest_bytes,
        "config_bytes": unit.config_bytes,
        "blob_bytes": image.blob_bytes,
        "content_bytes": image.content_bytes,
        "tree_bytes": image.merged_bytes,
        "wasted_bytes": image.wasted_bytes,
        "files": image.file_count,
        "layers": names,
        "blobs": blobs if any(blobs) else None,
        "history": history,
        "config_json": _config(analysis),
        "secrets": [{"kind": _text(row.kind), "where": _text(row.where), "layer": row.layer} for row in image.secrets],
    }


def _config(analysis: Analysis) -> str | None:
    """Return the image config, without secrets, as JSON; ``None`` where it is longer than a table should hold."""
    text = dumps(analysis.image.config, indent=None, base64=False).decode("ascii")
    return text if len(text) <= _CONFIG else None


def layer_row(analysis: Analysis, number: int) -> Row:
    """Return the row of a layer as this image has it."""
    layer = analysis.layers[number]
    return {
        "layer": layer_of(analysis, number),
        "blob": layer.digest,
        "media_type": layer.media_type,
        "blob_bytes": layer.blob_bytes,
        "content_bytes": layer.content_bytes,
        "entries": layer.entry_count,
    }


def file_rows(layer: str, index: LayerIndex, digests: Mapping[int, bytes]) -> pa.Table:
    """Return the rows of all that a layer holds, sorted by path; ``digests`` are contents' sha256 by entry."""
    import pyarrow as pa

    from .store.schema import schemas

    schema = schemas()["files"]
    found = sorted(_paths(index))
    entries = [entry for _, _, entry in found]
    real = [entry if entry >= 0 else None for entry in entries]

    def each(column: Sequence[Any]) -> list[Any]:
        return [column[entry] if entry is not None else None for entry in real]

    owners = [index.meta_table[index.metas[entry]] if entry is not None else (None, None, None) for entry in real]
    times = [
        None if entry is None or abs(index.mtimes[entry]) > _SECONDS * 10**9 else index.mtimes[entry] for entry in real
    ]
    columns = {
        "layer": [layer] * len(found),
        "path": [_text(public(path)) for path, _, _ in found],
        "type": [kind for _, kind, _ in found],
        "bytes": each(index.sizes),
        "mode": [mode for mode, _, _ in owners],
        "uid": [_number(uid) for _, uid, _ in owners],
        "gid": [_number(gid) for _, _, gid in owners],
        "modified": [None if time is None else time // 1000 for time in times],
        "target": [None if (link := index.links.get(entry)) is None else _link(link, kind) for _, kind, entry in found],
        "content": [None if (data := digests.get(entry)) is None else f"sha256:{data.hex()}" for entry in entries],
    }
    return pa.Table.from_pydict(columns, schema=schema)


def _paths(index: LayerIndex) -> Iterator[tuple[bytes, str, int]]:
    """Yield each path of a layer with its type and entry (-1 for whiteouts), once."""
    taken: set[bytes] = set()
    for directory, names in index.children.items():
        for name, entry in names.items():
            if entry >= 0:
                path = join(directory, name)
                taken.add(path)
                yield path, TYPE_NAMES[index.kinds[entry]], entry
    for directory, name in index.whiteouts:
        # Where the layer has both, the path is the entry's.
        path = join(directory, name)
        path = join(directory, b".wh." + name) if path in taken else path
        if path not in taken:
            taken.add(path)
            yield path, "whiteout", -1
    for directory in index.opaques:
        path = join(directory, _OPAQUE)
        if path not in taken:
            taken.add(path)
            yield path, "opaque", -1


def _link(target: bytes, kind: str) -> str:
    return _text(public(target) if kind == "hardlink" else target.decode("utf-8", "surrogateescape"))


def _number(value: int | None) -> int | None:
    return value if value is None or -(1 << 63) <= value < 1 << 63 else None


def _text(value: str) -> str:
    return str(portable(value, base64=False))


def waste_rows(analysis: Analysis) -> list[Row]:
    """Return an image's waste, rolled up to folders: a row for each, by what hides it and why."""
    found: dict[tuple[str, str, str, str], Row] = {}
    for group in analysis.waste_groups():
        layer, by = layer_of(analysis, group.stored_in), layer_of(analysis, group.wasted_by)
        path = _text(group.path)
        # An image may have a layer twice: then two groups are of the same.
        row = found.setdefault(
            (layer, by, path, group.reason),
            {
                "image": identity(analysis),
                "layer": layer,
                "hidden_by": by,
                "path": path,
                "cause": _text(analysis.layers[group.wasted_by].instruction),
                "reason": group.reason,
                "bytes": 0,
                "files": 0,
            },
        )
        row["bytes"] += group.bytes
        row["files"] += group.copies
    return list(found.values())


def package_rows(analysis: Analysis) -> list[Row]:
    """Return the packages of an image, as far as their records are at hand, with the layer that has most of each."""
    from ..packages import read_packages

    try:
        packages = read_packages(analysis, at_hand=True)
    except ImageError:
        return []
    overlay = analysis.body.overlay
    layers: dict[int, Counter[int]] = {}
    for path, owner in packages.owners.items():
        entry = overlay.lookup(path)
        if entry is not None and entry >= 0 and overlay.kinds[entry] == FILE:
            layers.setdefault(id(owner), Counter())[overlay.layer_of(entry)] += overlay.sizes[entry] + 1
    found: dict[tuple[str, str, str, str | None], Row] = {}
    for package in packages.packages:
        counts = layers.get(id(package))
        # Of layers with as much the lowest one.
        number = (
            min(counts, key=lambda layer: (-counts[layer], layer)) if counts else _record(analysis, package.location)
        )
        layer = None if number is None else layer_of(analysis, number)
        key = (package.ecosystem, _text(package.name), _text(package.version), layer)
        row = found.setdefault(
            key,
            {
                "image": identity(analysis),
                **dict(zip(("kind", "name", "version", "layer"), key, strict=True)),
                "bytes": 0,
            },
        )
        row["bytes"] += package.size
    return list(found.values())


def _record(analysis: Analysis, location: bytes) -> int | None:
    overlay = analysis.body.overlay
    entry = overlay.lookup(location)
    return overlay.layer_of(entry) if entry is not None and entry >= 0 else None


def finding_rows(suggestions: Suggestions) -> list[Row]:
    """Return what ``suggest`` finds: a row for each layer whose bytes a finding would save."""
    analysis = suggestions.analysis
    overlay = analysis.body.overlay
    rows: list[Row] = []
    for number, finding in enumerate(suggestions.findings, 1):
        saved: Counter[str | None] = Counter()
        for claim, size in finding.saved:
            saved[layer_of(analysis, overlay.layer_of(claim.entry))] += size
        main = finding.main_layer if finding.main_layer is not None else next(iter(finding.layers), None)
        if not saved:
            saved[None if main is None else layer_of(analysis, main)] = 0
        for layer, size in sorted(saved.items(), key=str):
            rows.append(
                {
                    "image": identity(analysis),
                    "finding": number,
                    "rule": finding.code,
                    "certainty": finding.certainty,
                    "title": _text(finding.title),
                    "path": _text(finding.evidence[0].path) if finding.evidence else None,
                    "instruction": None if main is None else _text(suggestions.instruction(main)),
                    "layer": layer,
                    "bytes": size,
                }
            )
    return rows


def base_row(suggestions: Suggestions) -> Row:
    """Return what an image stands on."""
    base = suggestions.base
    return {
        "image": identity(suggestions.analysis),
        "base": None if base.name is None else _text(base.name),
        "base_layers": base.layers,
        "evidence": _text(base.how),
    }
