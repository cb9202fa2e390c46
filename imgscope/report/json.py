"""The analysis as JSON: versioned, complete, and a reference that every command takes in an image's place.

Described by ``analysis.schema.json`` beside this file and in docs/json.md. Long lists are written in pieces, so the
whole never lies in memory.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..layer.index import FILE, HARDLINK, TYPE_NAMES
from ..layer.names import public
from ..overlay.changes import CHANGE_NAMES, TWICE, UNCHANGED
from ..overlay.merge import NO_ENTRY, Hidden, join
from .interface import Options

if TYPE_CHECKING:
    from ..analysis import Analysis, File, Layer, Tree

_PIECE = 4096


def render(analysis: Analysis, options: Options) -> Iterator[bytes]:
    """Yield the JSON; see ``interface.Render``. ``files=False`` leaves the long lists out."""
    head: dict[str, Any] = {
        "schema_version": analysis.schema_version,
        "tool": {"name": "imgscope", "version": __version__},
        "image": _image(analysis),
        "layers": [_layer(layer) for layer in analysis.layers],
        "notes": list(analysis.notes),
        "waste_by_reason": {reason: asdict(totals) for reason, totals in analysis.waste_by_reason().items()},
        "top_directories": [asdict(row) for row in analysis.top_directories(options.top)],
    }
    if options.duplicates:
        head["duplicates"] = [
            {"size": found.size, "redundant_bytes": found.redundant_bytes, "paths": list(found.paths)}
            for found in analysis.duplicates()
        ]
    # Escaped to ASCII: a config may hold half of a surrogate pair, which no UTF-8 can.
    text = json.dumps(finite(head), indent=1)
    if not options.files:
        waste = [row._asdict() for row in analysis.top_waste(options.top)]
        text = json.dumps(finite({**head, "top_waste": waste}), indent=1)
        yield text.encode() + b"\n"
        return
    yield text[:-2].encode()
    prints = _fingerprints(analysis) if options.fingerprints else {}
    yield from rows("files", _files(analysis.files.tree, prints))
    yield from rows("waste", (with_path(row._asdict()) for row in analysis.waste))
    yield from rows("hidden", _hidden(analysis, prints))
    yield from rows("whiteouts", _whiteouts(analysis))
    yield from rows("changes", _changes(analysis))
    yield b"\n}\n"


def finite(value: Any) -> Any:
    """Replace what JSON has no number for."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def _image(analysis: Analysis) -> dict[str, Any]:
    image = analysis.image
    dive = image.dive
    return {
        "reference": image.reference,
        "names": list(image.names),
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
        "efficiency": image.efficiency,
        "dive": {
            "efficiency": dive.efficiency,
            "wastedBytes": dive.wasted_bytes,
            "userWastedPercent": dive.user_wasted_percent,
        },
        "config": image.config,
        "history": [asdict(step) for step in image.history],
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return asdict(layer)


def rows(name: str, values: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield a long list as the next field of an object that is being written, a row a line."""
    from msgspec.json import Encoder

    encode = Encoder().encode
    yield f',\n "{name}": ['.encode()
    piece: list[dict[str, Any]] = []
    separator = b"\n"
    for row in values:
        piece.append(row)
        if len(piece) == _PIECE:
            yield separator + _lines(piece, encode)
            separator = b",\n"
            piece.clear()
    if piece:
        yield separator + _lines(piece, encode)
    yield b"]"


def _lines(rows: list[dict[str, Any]], encode: Callable[[Any], bytes]) -> bytes:
    """Write rows a line each: a saved analysis stays readable for line tools and for people."""
    return b",\n".join(map(encode, rows))


def _utf8(text: str) -> str:
    """Replace what is not UTF-8 by U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def with_path(row: dict[str, Any], keys: tuple[str, ...] = ("path",)) -> dict[str, Any]:
    """Make a row's paths UTF-8; what that changes is also given in base64."""
    for key in keys:
        text = row[key]
        if text is None or text.isascii():
            continue
        raw = text.encode("utf-8", "surrogateescape")
        clean = raw.decode("utf-8", "replace")
        if clean != text:
            row[key] = clean
            row[f"{key}_base64"] = b64encode(raw).decode()
    return row


def _file(file: File) -> dict[str, Any]:
    row: dict[str, Any] = {
        "path": file.path,
        "type": file.type,
        "size": file.size,
        "mode": file.mode,
        "uid": file.uid,
        "gid": file.gid,
        "mtime_ns": file.mtime_ns,
        "link_target": file.link_target,
        "layer": file.layer,
    }
    if file.layers != (file.layer,):
        row["layers"] = file.layers
    if file.device is not None:
        row["device"] = file.device
    if file.xattrs:
        row["xattrs"] = {_utf8(key): b64encode(value).decode() for key, value in file.xattrs.items()}
    return with_path(row, ("path", "link_target"))


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


def _files(tree: Tree, prints: dict[int, str]) -> Iterator[dict[str, Any]]:
    overlay = tree.overlay
    linked = _linked(tree)
    for path, entry in overlay.paths():
        row = _file(tree.row(path, entry))
        if entry < 0:
            row["implied"] = True
        elif entry in linked:
            row.update(linked[entry])
        if entry in prints:
            row["xxh3_128"] = prints[entry]
        yield row


def _linked(tree: Tree) -> dict[int, dict[str, Any]]:
    """Return, for entries that share an inode, what a reader needs to know of it: a number and the link as written."""
    overlay = tree.overlay
    found: dict[int, dict[str, Any]] = {}
    # Numbered by their paths, so that they are the same whatever order a tar had.
    order = sorted((path, overlay.layer_of(inode), inode) for inode, path in overlay.home.items())
    numbers = {inode: number for number, (_, _, inode) in enumerate(order)}
    for number, index in enumerate(overlay.layers):
        for own, link in index.links.items():
            if index.kinds[own] != HARDLINK:
                continue
            entry = overlay.first[number] + own
            inode = overlay.inode(entry)
            found[entry] = with_path({"link": public(link)}, ("link",))
            if inode != NO_ENTRY:
                found[entry]["inode"] = numbers[inode]
                found.setdefault(inode, {})["inode"] = numbers[inode]
    return found


def _in_order(hidden: Hidden) -> Iterator[tuple[bytes, int]]:
    """Yield (path, row) by the layer that hid the row, then by path: the same for the same image, always."""
    for _, path, row in sorted(zip(hidden.by, map(hidden.path, range(len(hidden))), range(len(hidden)), strict=True)):
        yield path, row


def _hidden(analysis: Analysis, prints: dict[int, str]) -> Iterator[dict[str, Any]]:
    overlay, kinds = analysis.body.overlay, analysis.body.comparison.kinds
    hidden = overlay.hidden
    tree = analysis.files.tree
    linked = _linked(tree)
    for path, number in _in_order(hidden):
        entry = hidden.entries[number]
        file = tree.row(path, entry)
        row = _file(file)
        row.pop("layers", None)
        if entry < 0:
            row["implied"] = True
        else:
            kind = overlay.kinds[entry]
            row["type"], row["size"] = TYPE_NAMES[kind], overlay.sizes[entry]
            if entry in linked:
                row.update(linked[entry])
        if entry in prints:
            row["xxh3_128"] = prints[entry]
        row["hidden_by"] = hidden.by[number]
        if kinds[number] == TWICE:
            row["repeated"] = True
        yield row


def _whiteouts(analysis: Analysis) -> Iterator[dict[str, Any]]:
    for number, index in enumerate(analysis.body.overlay.layers):
        for directory in index.opaques:
            yield with_path({"layer": number, "path": public(directory), "opaque": True})
        for directory, name in index.whiteouts:
            yield with_path({"layer": number, "path": public(join(directory, name)), "opaque": False})


def _changes(analysis: Analysis) -> Iterator[dict[str, Any]]:
    comparison = analysis.body.comparison
    hidden = comparison.overlay.hidden
    for path, row in _in_order(hidden):
        kind = comparison.kinds[row]
        if kind in (TWICE, UNCHANGED):
            continue
        yield with_path(
            {
                "layer": hidden.by[row],
                "path": public(path),
                "kind": CHANGE_NAMES[kind],
                "differs": comparison.differs(row),
            }
        )
