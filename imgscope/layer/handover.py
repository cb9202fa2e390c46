"""Hands indexes over to another process of this very run, as bytes.

Nothing is checked: what lies in the cache, for others to read, ``codec`` writes. Names, and the dictionaries that hold
them, are most of an index: ``marshal`` writes and reads 50,000 in 3 and 12 ms, ``pickle`` in 10 and 13, ``codec``,
which knows of damage, in 9 and 29.
"""

from __future__ import annotations

import marshal
from array import array
from typing import Any

from .index import LayerIndex, Marker

# Without references (3 and later): finding out what comes twice costs more than it saves.
_FORMAT = 2


def written(values: object) -> bytes:
    """Return plain values (numbers, bytes, texts, and lists, tuples and dictionaries of them) as bytes."""
    return marshal.dumps(values, _FORMAT)  # type: ignore[arg-type]


def read(data: bytes) -> Any:
    """Return the values that a process of this run has ``written``."""
    return marshal.loads(data)  # noqa: S302 - nobody else writes what is read here


def plain(index: LayerIndex) -> dict[str, Any]:
    """Return what an index holds as plain values."""
    values = {slot: getattr(index, slot) for slot in LayerIndex.__slots__}
    # Named tuples aren't plain ones; arrays become the bytes that they are.
    values["markers"] = list(map(tuple, index.markers))
    values["judged"] = {entry: tuple(known) for entry, known in index.judged.items()}
    return values


def index_of(values: dict[str, Any]) -> LayerIndex:
    """Return the index that ``plain`` values were made of, once they are read back."""
    index = LayerIndex()
    for slot, value in values.items():
        column = getattr(index, slot)
        if isinstance(column, array):
            column.frombytes(value)
        else:
            setattr(index, slot, value)
    index.kinds = bytearray(index.kinds)
    if index.fingerprints is not None:
        index.fingerprints = bytearray(index.fingerprints)
    index.markers = [Marker(*marker) for marker in values["markers"]]
    index.sparse = {entry: array("q", pieces) for entry, pieces in values["sparse"].items()}
    return index
