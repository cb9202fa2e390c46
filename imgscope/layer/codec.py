"""Turns a ``LayerIndex`` into bytes and back: a JSON head, then the columns as they lie in memory.

What is read back is checked for consistency; a wrong column raises ``ValueError`` and the caller scans again. Whether
the numbers in it fit one another is for ``sound`` to tell, where somebody else may have written them.
"""

from __future__ import annotations

import json
import sys
from array import array
from base64 import b64decode, b64encode
from itertools import accumulate, pairwise
from typing import Any

from .index import FINGERPRINT, LayerIndex, Marker

# Raised whenever what an index holds, or means, changes: older caches are then not read.
VERSION = 11

_COLUMNS = (("sizes", "q"), ("offsets", "q"), ("metas", "I"), ("mtimes", "q"))


def _names(parts: list[bytes]) -> bytes:
    # No name holds a NUL: a tar's fields end there, and PAX names with one are refused.
    return b"\0".join(parts)


def _split(data: bytes, count: int) -> list[bytes]:
    parts = data.split(b"\0") if count else []
    if len(parts) != count:
        raise ValueError("a list of names is damaged")
    return parts


def encode(index: LayerIndex) -> bytes:
    """Return an index as bytes, for ``decode`` on a machine of the same byte order."""
    columns: list[bytes] = [bytes(index.kinds)]
    columns += [getattr(index, name).tobytes() for name, _ in _COLUMNS]
    columns += _tree(index.children)
    columns += [array("q", index.links).tobytes(), _names(list(index.links.values()))]
    columns += [array("q", index.inodes).tobytes(), array("q", index.inodes.values()).tobytes()]
    columns += [_names([part for pair in index.whiteouts for part in pair]), _names(index.opaques)]
    columns += [
        _names([part for directory, name, _ in index.repeated for part in (directory, name)]),
        array("q", (entry for _, _, entry in index.repeated)).tobytes(),
    ]
    columns.append(bytes(index.fingerprints) if index.fingerprints is not None else b"")
    columns += _tree(index.written or {})
    columns.append(_names([link for _, _, link in index.claims.values()]))
    columns.append(_names([text for marker in index.markers for text in (marker.name, marker.link)]))
    columns.append(b"".join(index.kept.values()))
    columns.append(index.elf.tobytes())
    columns += [array("q", index.heads).tobytes(), b"".join(index.heads.values())]
    columns.append(b"".join(data for parts in index.parts.values() for _, data in parts))
    head = {
        "version": VERSION,
        "byteorder": sys.byteorder,
        "lengths": list(map(len, columns)),
        "directories": len(index.children),
        "names": sum(map(len, index.children.values())),
        "written": [len(index.written), sum(map(len, index.written.values()))] if index.written is not None else None,
        "markers": [(marker.kind, marker.size, marker.meta) for marker in index.markers],
        "claims": [(entry, flag, size) for entry, (flag, size, _) in index.claims.items()],
        "odd": index.odd,
        "kept": [(entry, len(data)) for entry, data in index.kept.items()],
        "parts": [(entry, [(offset, len(data)) for offset, data in parts]) for entry, parts in index.parts.items()],
        "heads": list(map(len, index.heads.values())),
        "judged": [(entry, *known) for entry, known in index.judged.items()],
        "links": len(index.links),
        "whiteouts": len(index.whiteouts),
        "opaques": len(index.opaques),
        "repeated": len(index.repeated),
        "fingerprints": index.fingerprints is not None,
        "meta_table": index.meta_table,
        "xattrs": {
            entry: {key: b64encode(value).decode() for key, value in xattrs.items()}
            for entry, xattrs in index.xattrs.items()
        },
        "devices": index.devices,
        "sparse": {entry: list(numbers) for entry, numbers in index.sparse.items()},
        "costs": index.costs,
        "tar_bytes": index.tar_bytes,
        "members": index.members,
        "notes": index.notes,
        "sample": index.sample.tolist(),
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    return b"".join([len(text).to_bytes(8, "little"), text, *columns])


def _tree(children: dict[bytes, dict[bytes, int]]) -> list[bytes]:
    counts = array("I", map(len, children.values()))
    names: list[bytes] = []
    entries = array("q")
    for directory in children.values():
        names.extend(directory)
        entries.extend(directory.values())
    return [_names(list(children)), counts.tobytes(), _names(names), entries.tobytes()]


def _read_tree(columns: list[memoryview], directories: int, count: int, limit: int) -> dict[bytes, dict[bytes, int]]:
    names = _split(bytes(columns[2]), count)
    entries = _array("q", columns[3])
    if len(entries) != len(names) or (entries and not -1 <= min(entries) <= max(entries) < limit):
        raise ValueError("entries that don't exist")
    children: dict[bytes, dict[bytes, int]] = {}
    position = 0
    for directory, length in zip(_split(bytes(columns[0]), directories), _array("I", columns[1]), strict=True):
        end = position + length
        children[directory] = dict(zip(names[position:end], entries[position:end], strict=True))
        position = end
    return children


def _array(code: str, data: memoryview) -> array[int]:
    column = array(code)
    column.frombytes(data)
    return column


def decode(data: bytes) -> LayerIndex:
    """Read back what ``encode`` wrote. Raises ``ValueError``, ``KeyError`` or ``TypeError`` for anything else."""
    size = int.from_bytes(data[:8], "little")
    head: dict[str, Any] = json.loads(data[8 : 8 + size])
    if head["version"] != VERSION or head["byteorder"] != sys.byteorder:
        raise ValueError("written by another version")
    lengths = head["lengths"]
    ends = list(accumulate(lengths, initial=8 + size))
    if ends[-1] != len(data):
        raise ValueError("cut short")
    view = memoryview(data)
    columns = [view[start:end] for start, end in pairwise(ends)]
    index = LayerIndex(kinds=bytearray(columns[0]), fingerprints=None)
    for (name, code), column in zip(_COLUMNS, columns[1:5], strict=True):
        setattr(index, name, _array(code, column))
    if any(len(getattr(index, name)) != len(index.kinds) for name, _ in _COLUMNS):
        raise ValueError("columns of different lengths")
    index.children = _read_tree(columns[5:9], head["directories"], head["names"], len(index.kinds))
    index.links = dict(zip(_array("q", columns[9]), _split(bytes(columns[10]), head["links"]), strict=True))
    index.inodes = dict(zip(_array("q", columns[11]), _array("q", columns[12]), strict=True))
    pairs = _split(bytes(columns[13]), 2 * head["whiteouts"])
    index.whiteouts = list(zip(pairs[::2], pairs[1::2], strict=True))
    index.opaques = _split(bytes(columns[14]), head["opaques"])
    pairs = _split(bytes(columns[15]), 2 * head["repeated"])
    index.repeated = list(zip(pairs[::2], pairs[1::2], _array("q", columns[16]), strict=True))
    if head["fingerprints"]:
        if len(columns[17]) != FINGERPRINT * len(index.kinds):
            raise ValueError("fingerprints of another length")
        index.fingerprints = bytearray(columns[17])
    if head["written"] is not None:
        directories, count = head["written"]
        index.written = _read_tree(columns[18:22], directories, count, len(index.kinds))
    texts = _split(bytes(columns[23]), 2 * len(head["markers"]))
    index.markers = [
        Marker(name, kind, size, meta, link)
        for name, link, (kind, size, meta) in zip(texts[::2], texts[1::2], head["markers"], strict=True)
    ]
    claims = head["claims"]
    index.claims = {
        entry: (flag, size, link)
        for link, (entry, flag, size) in zip(_split(bytes(columns[22]), len(claims)), claims, strict=True)
    }
    if not all(0 <= entry < len(index.kinds) for entry in index.claims):
        raise ValueError("entries that don't exist")
    index.odd = head["odd"]
    index.meta_table = [(mode, uid, gid) for mode, uid, gid in head["meta_table"]]
    marked = max((meta for _, _, _, meta, _ in index.markers), default=-1)
    if max(marked, max(index.metas, default=-1)) >= len(index.meta_table):
        raise ValueError("owners that don't exist")
    index.xattrs = {
        int(entry): {key: b64decode(value) for key, value in xattrs.items()} for entry, xattrs in head["xattrs"].items()
    }
    index.devices = {int(entry): (major, minor) for entry, (major, minor) in head["devices"].items()}
    index.sparse = {int(entry): array("q", numbers) for entry, numbers in head["sparse"].items()}
    index.costs = {str(kind): int(amount) for kind, amount in head["costs"].items()}
    position = 0
    for entry, size in head["kept"]:
        index.kept[entry] = bytes(columns[24][position : position + size])
        position += size
    if position != len(columns[24]):
        raise ValueError("contents of other lengths")
    index.elf = _array("I", columns[25])
    if index.elf and not max(index.elf) < len(index.kinds):
        raise ValueError("entries that don't exist")
    index.sample = array("I", head["sample"])
    position = 0
    for entry, places in head["parts"]:
        index.parts[entry] = parts = []
        for offset, size in places:
            parts.append((offset, bytes(columns[28][position : position + size])))
            position += size
    if position != len(columns[28]):
        raise ValueError("parts of other lengths")
    position = 0
    for entry, size in zip(_array("q", columns[26]), head["heads"], strict=True):
        index.heads[entry] = bytes(columns[27][position : position + size])
        position += size
    index.judged = {entry: (tuple(map(int, proofs)), text) for entry, proofs, text in head["judged"]}
    index.tar_bytes, index.members, index.notes = head["tar_bytes"], head["members"], head["notes"]
    return index
