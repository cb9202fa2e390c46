"""A header as rpm keeps it in its database (rpm's docs, *RPM V4 Package format*, without the lead).

The number of index entries and of data bytes, then 16 bytes for each entry (tag, type, offset, count), then the data.
Read here since packages for it decode every tag in time that grows with the square of the header's size.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from struct import error, iter_unpack, unpack_from

NAME, VERSION, RELEASE, EPOCH, ARCHITECTURE = 1000, 1001, 1002, 1003, 1022
DIRECTORY_INDEXES, BASENAMES, DIRECTORIES, OLD_NAMES = 1116, 1117, 1118, 1027
PROVIDES, REQUIRES, RECOMMENDS = 1047, 1049, 5046
_INT32, _STRING, _STRINGS, _I18N = 4, 6, 8, 9
# rpm itself takes no more than this (lib/header.c), and keeps 256 MiB of data at most.
_MAX_ENTRIES = 65_535
# Values of one tag: the files of the largest packages are some ten thousand.
MAX_VALUES = 500_000

Value = int | bytes


def read_header(blob: bytes, wanted: Collection[int]) -> dict[int, Sequence[Value]]:
    """Return the values of the tags that are wanted. Raises ``ValueError`` for what is not a header."""
    try:
        entries, size = unpack_from(">II", blob)
        start = 8 + 16 * entries
        if not 0 < entries <= _MAX_ENTRIES or start + size > len(blob):
            raise ValueError("cut short")
        found: dict[int, Sequence[Value]] = {}
        for tag, kind, offset, count in iter_unpack(">4I", blob[8:start]):
            if tag in wanted and tag not in found:
                values = _values(blob, start, start + size, kind, start + offset, count)
                if values:
                    found[tag] = values
    except error as problem:
        raise ValueError(str(problem)) from None
    return found


def _values(blob: bytes, start: int, end: int, kind: int, place: int, count: int) -> Sequence[Value]:
    if count > MAX_VALUES:
        raise ValueError("too many values")
    if kind == _INT32:
        if place + 4 * count > end:
            raise ValueError("cut short")
        return unpack_from(f">{count}I", blob, place)
    if kind not in (_STRING, _STRINGS, _I18N):
        return ()
    if not start <= place < end:
        raise ValueError("cut short")
    if kind == _STRING:
        return (blob[place : blob.index(b"\0", place, end)],)
    values = blob[place:end].split(b"\0", count)
    if len(values) <= count:
        raise ValueError("a text without an end")
    return values[:count]
