"""Turns a ``LayerIndex`` into bytes and back: a JSON head, then the columns as they lie in memory.

What is read back is checked for consistency; a wrong column raises ``ValueError`` and the caller scans again.
"""

from __future__ import annotations

import json
import sys
from array import array
from base64 import b64decode, b64encode
from itertools import accumulate, pairwise
from typing import Any

from .index import FINGERPRINT, LayerIndex

# Raised whenever what an index holds, or means, changes: older caches are then not read.
VERSION = 1

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
    directories = list(index.children)
    counts = array("I", map(len, index.children.values()))
    names: list[bytes] = []
    entries = array("q")
    for children in index.children.values():
        names.extend(children)
        entries.extend(children.values())
    columns: list[bytes] = [bytes(index.kinds)]
    columns += [getattr(index, name).tobytes() for name, _ in _COLUMNS]
    columns += [_names(directories), counts.tobytes(), _names(names), entries.tobytes()]
    columns += [array("q", index.links).tobytes(), _names(list(index.links.values()))]
    columns += [array("q", index.inodes).tobytes(), array("q", index.inodes.values()).tobytes()]
    columns += [_names([part for pair in index.whiteouts for part in pair]), _names(index.opaques)]
    columns += [
        _names([part for directory, name, _ in index.repeated for part in (directory, name)]),
        array("q", (entry for _, _, entry in index.repeated)).tobytes(),
    ]
    columns.append(bytes(index.fingerprints) if index.fingerprints is not None else b"")
    head = {
        "version": VERSION,
        "byteorder": sys.byteorder,
        "lengths": list(map(len, columns)),
        "directories": len(directories),
        "names": len(names),
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
        "sparse": index.sparse,
        "tar_bytes": index.tar_bytes,
        "members": index.members,
        "notes": index.notes,
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    return b"".join([len(text).to_bytes(8, "little"), text, *columns])


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
    names = _split(bytes(columns[7]), head["names"])
    entries = _array("q", columns[8])
    if len(entries) != len(names) or (entries and not -1 <= min(entries) <= max(entries) < len(index.kinds)):
        raise ValueError("entries that don't exist")
    position = 0
    for directory, count in zip(_split(bytes(columns[5]), head["directories"]), _array("I", columns[6]), strict=True):
        end = position + count
        index.children[directory] = dict(zip(names[position:end], entries[position:end], strict=True))
        position = end
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
    index.meta_table = [(mode, uid, gid) for mode, uid, gid in head["meta_table"]]
    if index.metas and max(index.metas) >= len(index.meta_table):
        raise ValueError("owners that don't exist")
    index.xattrs = {
        int(entry): {key: b64decode(value) for key, value in xattrs.items()} for entry, xattrs in head["xattrs"].items()
    }
    index.devices = {int(entry): (major, minor) for entry, (major, minor) in head["devices"].items()}
    index.sparse = {
        int(entry): [(offset, length) for offset, length in pieces] for entry, pieces in head["sparse"].items()
    }
    index.tar_bytes, index.members, index.notes = head["tar_bytes"], head["members"], head["notes"]
    return index
