"""The JSON that ``dive --json`` writes (dive 0.13.1): the same fields, in its order, with its number types and signs.

What a scan does not keep is written as most images have it: a leading ``/`` or ``./`` of a name is left out, so is
the type that old tars give sparse files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..escape import UNSAFE, unsteered
from ..layer.index import BLOCK_DEVICE, CHARACTER, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK, LayerIndex
from ..paths import join
from .dive import as_dive_reads, inefficient_files, layer_bytes
from .dive_tree import IMPLIED, Tree

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..rows import Layer

_PIECE = 4096
_TYPEFLAGS = {FILE: 48, HARDLINK: 49, SYMLINK: 50, CHARACTER: 51, BLOCK_DEVICE: 52, DIRECTORY: 53, FIFO: 54}
# Go's os.FileMode has its own bits for what is not a permission.
_GO_TYPE = {
    SYMLINK: 1 << 27,
    CHARACTER: 1 << 26 | 1 << 21,
    BLOCK_DEVICE: 1 << 26,
    DIRECTORY: 1 << 31,
    FIFO: 1 << 25,
}
# Bytes that Go's encoder leaves as they are, in a text of nothing else.
_PLAIN = bytes(code for code in range(0x20, 0x7F) if code not in b'"\\<>&#')
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(0x20), *b"<>&", 0x2028, 0x2029)}
# Its encoder writes these as they are; a reader of the JSON gets the same, and a terminal is not steered.
_ESCAPES |= {ord(char): f"\\u{ord(char):04x}" for char in UNSAFE.findall("".join(map(chr, range(0x7F, 0x10000))))}
_ESCAPES |= {ord(char): "\\" + letter for char, letter in zip('"\\\b\f\n\r\t', '"\\bfnrt', strict=True)}
# Each byte that is not UTF-8 is a surrogate escape by now.
_ESCAPES |= dict.fromkeys(range(0xDC80, 0xDD00), "\\ufffd")
_SURROGATES = re.compile("[\ud800-\udfff]")


def _bytes(raw: bytes) -> bytes:
    """Write what a tar has as a JSON string, without its quotes."""
    if not raw.translate(None, _PLAIN):
        return raw
    return unsteered(raw.decode("utf-8", "surrogateescape").translate(_ESCAPES)).encode()


def _text(value: object) -> bytes:
    """Write what a JSON document had as a JSON string; what is not a string there is empty to Go."""
    if not isinstance(value, str):
        return b'""'
    return b'"' + unsteered(_SURROGATES.sub("\ufffd", value).translate(_ESCAPES)).encode() + b'"'


def _float(value: float) -> bytes:
    """Write a float as Go does: no fraction where there is none, an exponent only for the very small."""
    text = repr(value)
    if "e" in text and abs(value) >= 1e-6:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0").replace("e-0", "e-").encode()


def _go_mode(kind: int, mode: int) -> int:
    special = (1 << 23 if mode & 0o4000 else 0) | (1 << 22 if mode & 0o2000 else 0) | (1 << 20 if mode & 0o1000 else 0)
    return _GO_TYPE.get(kind, 0) | special | mode & 0o777


def _start(typeflag: int) -> bytes:
    return b'",\n          "typeFlag": %d,\n          "linkName": "' % typeflag


def _end(kind: int, meta: tuple[int, int, int]) -> bytes:
    mode, uid, gid = meta
    return (
        b',\n          "fileMode": %d,\n          "uid": %d,\n          "gid": %d,\n          "isDir": %s\n        }'
        % (_go_mode(kind, mode), uid, gid, b"true" if kind == DIRECTORY else b"false")
    )


_PATH = b'        {\n          "path": "'
_SIZE = b'",\n          "size": '
# A directory that no entry names is an empty record to dive.
_UNNAMED = _PATH + _start(0) + _SIZE + b"0" + _end(FILE, (0, 0, 0))


def _file_list(index: LayerIndex) -> Iterator[bytes]:
    """Yield a layer's ``fileList``, in pieces."""
    rows: list[bytes] = []
    kinds, sizes, metas, table, links = index.kinds, index.sizes, index.metas, index.meta_table, index.links
    starts = [_start(_TYPEFLAGS[kind]) for kind in range(len(_TYPEFLAGS))]
    ends: dict[tuple[int, int], bytes] = {}
    separator = b"[\n"
    tree = Tree(index)
    for directory, name, number, _ in tree.visit():
        if number == IMPLIED:
            rows.append(_UNNAMED)
        else:
            link = b""
            if number >= 0:
                kind, size, meta = kinds[number], sizes[number], metas[number]
                start = starts[kind]
                if number in links:
                    link = _bytes(links[number])
                if number in index.claims:
                    flag, size, link = index.claims[number]
                    start, link = _start(flag), _bytes(link)
            else:
                marker = tree.markers[-2 - number]
                kind, size, meta = marker.kind, marker.size, marker.meta
                start, link = starts[kind], _bytes(marker.link)
            end = ends.get((kind, meta))
            if end is None:
                end = ends[kind, meta] = _end(kind, table[meta] if meta >= 0 else (0, 0, 0))
            rows.append(_PATH + _bytes(join(directory, name)) + start + link + _SIZE + b"%d" % size + end)
        if len(rows) == _PIECE:
            yield separator + b",\n".join(rows)
            separator = b",\n"
            rows.clear()
    if rows:
        yield separator + b",\n".join(rows)
        separator = b""
    yield b"\n      ]" if separator != b"[\n" else b"[]"


def _history(config: Mapping[str, Any], count: int) -> list[tuple[bytes, bytes]]:
    """Return each layer's digest and command as dive takes them from the config."""
    history, rootfs = config.get("history"), config.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    steps = [step for step in history or () if isinstance(step, dict)] if isinstance(history, list) else []
    commands = [step.get("created_by") for step in steps if not step.get("empty_layer")]
    found = []
    for number in range(count):
        if number >= len(commands):
            found.append((b'""', b'"(missing)"'))
            continue
        command = commands[number]
        digest = diff_ids[number] if isinstance(diff_ids, list) and number < len(diff_ids) else ""
        found.append((_text(digest), _text(command.removeprefix("/bin/sh -c ") if isinstance(command, str) else "")))
    return found


def _layer_id(layer: Layer) -> str:
    """Return what dive calls a layer: the first component of its blob's name in the archive."""
    if layer.blob_name is None:
        return "blobs" if layer.digest else ""
    return layer.blob_name.partition("/")[0]


def dive_json(analysis: Analysis) -> Iterator[bytes]:
    """Yield the JSON in pieces."""
    linked = [layer.index for layer in analysis.layers if layer.blob_linked]
    layers = as_dive_reads(analysis.body.overlay.layers, linked)
    yield b'{\n  "layer": ['
    for layer, index, (digest, command) in zip(
        analysis.layers, layers, _history(analysis.image.config, len(layers)), strict=True
    ):
        yield b",\n    {\n" if layer.index else b"\n    {\n"
        yield b'      "index": %d,\n      "id": %s,\n' % (layer.index, _text(_layer_id(layer)))
        yield b'      "digestId": %s,\n      "sizeBytes": %d,\n' % (digest, layer_bytes(index))
        yield b'      "command": %s,\n      "fileList": ' % command
        yield from _file_list(index)
        yield b"\n    }"
    image = analysis.image
    yield b"\n  ],\n" if layers else b"],\n"
    yield b'  "image": {\n    "sizeBytes": %d,\n' % sum(map(layer_bytes, layers))
    yield b'    "inefficientBytes": %d,\n' % image.dive.wasted_bytes
    yield b'    "efficiencyScore": %s,\n    "fileReference": [' % _float(image.dive.efficiency)
    rows = [
        b'      {\n        "count": %d,\n        "sizeBytes": %d,\n        "file": "%s"\n      }'
        % (file.count, file.size, _bytes(file.path))
        for file in inefficient_files(layers)
    ]
    if rows:
        yield b"\n" + b",\n".join(rows) + b"\n    "
    yield b"]\n  }\n}"
