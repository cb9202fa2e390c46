"""Which parts of an ELF file an index keeps when a layer streams by: headers, and the tables that they lead to.

They are what ``bases`` and ``suggest`` read of such a file: an engine would have to export its image again for a few
kilobytes. A file that says other things of itself than linkers write is read from its layer when it is asked for.
Follows the System V ABI (gABI 5, *Object Files*, *Dynamic Linking*) and the LSB on symbol versions.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

# Larger files are read from their layer: libraries for GPUs have a gigabyte.
MAX_ELF = 4 << 30
# So much of a file's beginning is held while it passes: tables for the loader come first.
PREFIX = 8 << 20
_TAIL = 1 << 20
# The names of sections stand before their table.
_BEFORE_SECTIONS = 1 << 16
_HEAD = 256
_SEGMENTS, _SECTIONS, _DYNAMIC = 256, 4096, 1 << 16
_NAMES, _STRINGS, _NAME, _VERSIONS = 1 << 20, 4 << 20, 1024, 512
_GAP = 64

Part = tuple[int, bytes]
At = Callable[[int, int], bytes]
_Layout = tuple[str, bool]


class Missing(Exception):
    """A part that is not at hand."""


def part_of(parts: Iterable[Part], size: int, offset: int, length: int) -> bytes:
    """Return up to ``length`` bytes from ``offset`` of a file of ``size`` bytes. Raises ``Missing``."""
    length = min(length, size - offset)
    if offset < 0 or length <= 0:
        return b""
    for start, data in parts:
        if start <= offset and offset + length <= start + len(data):
            return data[offset - start : offset - start + length]
    raise Missing


def windows(head: bytes, size: int) -> list[tuple[int, int]]:
    """Return where beyond ``PREFIX`` a file holds what is wanted: (start, end), by what its first bytes say."""
    try:
        layout, kind = _layout(head)
        if kind is None:
            return []
        segments_at, sections_at, step, count, _, _, _ = _header(head, layout)
        found = [(max(sections_at - _BEFORE_SECTIONS, 0), min(sections_at + _TAIL, size))] if sections_at else []
        table = head[segments_at : segments_at + step * min(count, _SEGMENTS)]
        for type_, offset, _, length in _segments(table, layout, step):
            if type_ in (2, 3):
                found.append((offset, offset + min(length, _DYNAMIC)))
    except (struct.error, ValueError):
        return []
    return [(start, min(end, size)) for start, end in found if min(end, size) > PREFIX]


def parts_of(at: At, size: int) -> list[Part]:
    """Return the parts of an ELF file that are read of it, in order. Raises ``Missing``, ``struct.error``."""
    wanted = [(0, _HEAD)]
    head = at(0, _HEAD)
    layout, kind = _layout(head)
    if kind in (2, 3):
        wanted += _wanted(at, size, head, layout)
    merged: list[tuple[int, int]] = []
    for start, length in sorted(wanted):
        end = min(start + length, size)
        if start < 0 or start >= end:
            continue
        if merged and start <= merged[-1][1] + _GAP:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return [(start, at(start, end - start)) for start, end in merged]


def _layout(head: bytes) -> tuple[_Layout, int | None]:
    order, wide = ">" if head[5:6] == b"\2" else "<", head[4:5] == b"\2"
    return (order, wide), struct.unpack_from(order + "H", head, 16)[0] if len(head) >= 52 else None


def _header(head: bytes, layout: _Layout) -> tuple[int, int, int, int, int, int, int]:
    order, wide = layout
    segments_at, sections_at = struct.unpack_from(order + ("QQ" if wide else "II"), head, 32 if wide else 28)
    step, count, section_step, sections, names = struct.unpack_from(order + "5H", head, 54 if wide else 42)
    return segments_at, sections_at, step, count, section_step, sections, names


def _segments(table: bytes, layout: _Layout, step: int) -> Iterable[tuple[int, int, int, int]]:
    """Yield (type, offset, address, bytes in the file) of each segment."""
    order, wide = layout
    form = struct.Struct(order + ("IIQQQQ" if wide else "IIIII"))
    for place in range(0, len(table) - form.size + 1, step) if step >= form.size else ():
        row = form.unpack_from(table, place)
        yield (row[0], row[2], row[3], row[5]) if wide else (row[0], row[1], row[2], row[4])


def _wanted(at: At, size: int, head: bytes, layout: _Layout) -> list[tuple[int, int]]:
    segments_at, sections_at, step, count, section_step, sections, names = _header(head, layout)
    length = step * min(count, _SEGMENTS)
    found = [(segments_at, length)]
    loads: list[tuple[int, int, int]] = []
    dynamic = b""
    for type_, offset, address, span in _segments(at(segments_at, length), layout, step):
        if type_ == 1:
            loads.append((address, offset, span))
        elif type_ == 2:
            found.append((offset, min(span, _DYNAMIC)))
            dynamic = at(offset, min(span, _DYNAMIC))
        elif type_ == 3:
            found.append((offset, min(span, _NAME)))

    def place(address: int) -> int | None:
        return next(
            (o + address - start for start, o, span in loads if address and start <= address < start + span), None
        )

    order, wide = layout
    values: dict[int, int] = {}
    whole = len(dynamic) - len(dynamic) % (16 if wide else 8)
    for tag, value in struct.iter_unpack(order + ("QQ" if wide else "II"), dynamic[:whole]):
        if not tag:
            break
        # Readers differ in which of several counts.
        if values.setdefault(tag, value) != value and tag in (5, 10):
            raise Missing
    strings = place(values.get(5, 0))
    if strings is not None:
        found.append((strings, min(values.get(10, 0), _STRINGS)))
    found += _versions(at, place(values.get(0x6FFFFFFE, 0)), order, size, needed=True)
    found += _versions(at, place(values.get(0x6FFFFFFC, 0)), order, size, needed=False)
    if sections_at and sections and section_step >= (64 if wide else 40):
        length = section_step * min(sections, _SECTIONS)
        found.append((sections_at, length))
        row = at(sections_at + names * section_step, 64 if wide else 40)
        if names < sections and len(row) == (64 if wide else 40):
            offset, span = struct.unpack_from(order + ("QQ" if wide else "II"), row, 24 if wide else 16)
            found.append((offset, min(span, _NAMES)))
    return found


def _versions(at: At, start: int | None, order: str, size: int, *, needed: bool) -> list[tuple[int, int]]:
    """Return where the records of a table of versions are: chains of records with chains of their own."""
    found: list[tuple[int, int]] = []
    outer = struct.Struct(order + ("HHIII" if needed else "HHHHIII"))
    inner = struct.Struct(order + ("IHHII" if needed else "II"))
    left = _VERSIONS
    while start is not None and left > 0 and start < size:
        left -= 1
        found.append((start, outer.size))
        data = at(start, outer.size)
        if len(data) < outer.size:
            break
        row = outer.unpack(data)
        count, first, following = (row[1], row[3], row[4]) if needed else (1, row[5], row[6])
        place = start + first
        for _ in range(min(count, left)):
            found.append((place, inner.size))
            data = at(place, inner.size)
            if len(data) < inner.size or not needed:
                break
            left -= 1
            after = inner.unpack(data)[-1]
            if not after:
                break
            place += after
        start = start + following if following else None
    return found
