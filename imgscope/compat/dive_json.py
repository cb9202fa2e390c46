"""The JSON that ``dive --json`` writes (dive 0.13.1), field for field, in its order and with its number types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..layer.index import BLOCK_DEVICE, CHARACTER, DIRECTORY, FIFO, FILE, HARDLINK, IMPLIED, SYMLINK
from .dive import inefficient_files, visit_order

if TYPE_CHECKING:
    from ..analysis import Analysis

_PIECE = 2048
_TYPEFLAGS = {FILE: 48, HARDLINK: 49, SYMLINK: 50, CHARACTER: 51, BLOCK_DEVICE: 52, DIRECTORY: 53, FIFO: 54}
# Go's os.FileMode has its own bits for what is not a permission.
_GO_TYPE = {
    SYMLINK: 1 << 27,
    CHARACTER: 1 << 26 | 1 << 21,
    BLOCK_DEVICE: 1 << 26,
    DIRECTORY: 1 << 31,
    FIFO: 1 << 25,
}


def _go_mode(kind: int, mode: int) -> int:
    special = (1 << 23 if mode & 0o4000 else 0) | (1 << 22 if mode & 0o2000 else 0) | (1 << 20 if mode & 0o1000 else 0)
    return _GO_TYPE.get(kind, 0) | special | mode & 0o777


def _text(raw: bytes) -> str:
    # As Go's encoder does: what is not UTF-8 becomes U+FFFD.
    return raw.decode("utf-8", "replace")


def _row(path: str, kind: int, link: str, size: int, meta: tuple[int, int, int]) -> dict[str, Any]:
    mode, uid, gid = meta
    return {
        "path": path,
        "typeFlag": _TYPEFLAGS[kind],
        "linkName": link,
        "size": size,
        "fileMode": _go_mode(kind, mode),
        "uid": uid,
        "gid": gid,
        "isDir": kind == DIRECTORY,
    }


_NO_ENTRY = {
    "path": "",
    "typeFlag": 0,
    "linkName": "",
    "size": 0,
    "fileMode": 0,
    "uid": 0,
    "gid": 0,
    "isDir": False,
}


def _file_list(analysis: Analysis, number: int) -> Iterator[dict[str, Any]]:
    """Yield a layer's entries as dive visits them: names in order, what lies below before what it lies in."""
    index = analysis.body.overlay.layers[number]
    found: list[tuple[bytes, bytes, int | None]] = []
    for directory, names in index.children.items():
        for name, entry in names.items():
            path = directory + b"/" + name if directory else name
            # 0xff sorts a directory behind all that lies below it: no byte of a name is larger.
            found.append((visit_order(path) + b"\0\xff\xff", path, entry))
    for directory, name in index.whiteouts:
        path = (directory + b"/" if directory else b"") + b".wh." + name
        found.append((visit_order(path) + b"\0\xff\xff", path, None))
    # A path is there once, as an entry or as a whiteout, so the numbers never decide.
    found.sort(key=lambda item: item[0])
    for _, path, own in found:
        if own is None:
            yield _row(_text(path), FILE, "", 0, (0, 0, 0))
        elif own == IMPLIED:
            yield _NO_ENTRY
        else:
            kind = index.kinds[own]
            link = _text(index.links.get(own, b""))
            yield _row(_text(path), kind, link, index.sizes[own], index.meta_table[index.metas[own]])


def dive_json(analysis: Analysis) -> Iterator[bytes]:
    """Yield the JSON in pieces. A whiteout's mode and owner are not kept by a scan, so they are 0 here."""
    yield b'{\n  "layer": ['
    for layer in analysis.layers:
        command = layer.created_by.removeprefix("/bin/sh -c ") or "(missing)"
        identity = layer.digest or layer.diff_id or ""
        head = {
            "index": layer.index,
            "id": "blobs" if layer.digest else identity,
            "digestId": layer.diff_id or "",
            "sizeBytes": layer.content_bytes,
            "command": command,
        }
        text = json.dumps(head, indent=2, ensure_ascii=True)[:-2]
        yield (b"," if layer.index else b"") + b"\n    " + text.replace("\n", "\n    ").encode()
        yield b',\n      "fileList": ['
        piece: list[str] = []
        first = True
        for row in _file_list(analysis, layer.index):
            piece.append(json.dumps(row))
            if len(piece) == _PIECE:
                yield (b"" if first else b",") + b"\n        " + ",\n        ".join(piece).encode()
                first = False
                piece.clear()
        if piece:
            yield (b"" if first else b",") + b"\n        " + ",\n        ".join(piece).encode()
        yield b"]\n    }"
    image = analysis.image
    tail = {
        "sizeBytes": image.content_bytes,
        "inefficientBytes": image.dive.wasted_bytes,
        "efficiencyScore": image.dive.efficiency,
        "fileReference": [
            {"count": file.count, "sizeBytes": file.size, "file": "/" + _text(file.path)}
            for file in inefficient_files(analysis.body.overlay)
        ],
    }
    yield b'\n  ],\n  "image": ' + json.dumps(tail, indent=2).replace("\n", "\n  ").encode() + b"\n}\n"
