"""SQLite's table b-trees, as far as rpm's ``Packages`` needs them: ``rpmdb.sqlite`` and its write-ahead log.

Follows sqlite.org/fileformat2.html, sections 1.3 (the header), 1.5 and 1.6 (b-tree pages and overflow), 2.1 (records),
2.6 (the schema table) and 4 (the log).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from struct import Struct, iter_unpack, unpack_from

from .errors import DatabaseError

_MAGIC = b"SQLite format 3\0"
_INTERIOR, _LEAF = 0x05, 0x0D
_LOG_MAGIC, _LOG_FORMAT = 0x377F0682, 3007000
_ENCODINGS = {0: "utf-8", 1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
_FRAME = Struct(">6I")
# Sizes of the values that serial types 0 to 9 stand for.
_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)


def read_sqlite(data: bytes, log: bytes = b"") -> Iterator[bytes | None]:
    """Yield the blobs of the table ``Packages`` by row number, ``None`` for a row without one.

    Raises ``DatabaseError``.
    """
    database = _Database(data, log)
    encoding = _ENCODINGS.get(unpack_from(">I", database.page(1), 56)[0], "utf-8")
    for row in database.rows(1):
        values = list(_record(row))
        kind, name = (bytes(value or b"").decode(encoding, "replace") for value in [*values[:2], None, None][:2])
        if kind == "table" and name.casefold() == "packages" and len(values) > 3:
            for found in database.rows(int.from_bytes(values[3] or b"")):
                yield next((bytes(value) for value in _record(found, blobs=True) if value is not None), None)
            return
    raise DatabaseError("it has no table named Packages")


class _Database:
    def __init__(self, data: bytes, log: bytes) -> None:
        self.data = memoryview(data)
        head = data[:100]
        self.size, self.changed, self.count = _frames(log)
        if not self.size:
            if len(head) < 100 or head[:16] != _MAGIC:
                raise DatabaseError("it is not an SQLite database")
            self.size = _page_size(unpack_from(">H", head, 16)[0])
            self.count = len(data) // self.size
        first = self.page(1)
        if bytes(first[:16]) != _MAGIC or _page_size(unpack_from(">H", first, 16)[0]) != self.size:
            raise DatabaseError("it is not an SQLite database")
        self.usable = self.size - first[20]
        if self.usable < 480:
            raise DatabaseError("its page size is none")
        # No page is part of two trees, nor of two rows.
        self.taken: set[int] = set()

    def page(self, number: int) -> memoryview:
        """Return a page, as the log left it. Raises ``DatabaseError``."""
        found = self.changed.get(number)
        if found is None:
            found = self.data[(number - 1) * self.size : number * self.size]
        if not 0 < number <= self.count or len(found) != self.size:
            raise DatabaseError("it is cut short, or a page number is damaged")
        return found

    def take(self, number: int) -> memoryview:
        """Return a page that was not yet looked at. Raises ``DatabaseError``."""
        if number in self.taken:
            raise DatabaseError("its pages go in circles")
        self.taken.add(number)
        return self.page(number)

    def rows(self, root: int) -> Iterator[memoryview]:
        """Yield the records of a table in the order of its rows. Raises ``DatabaseError``."""
        pending = [root]
        while pending:
            number = pending.pop()
            page = self.take(number)
            head = 100 if number == 1 else 0
            kind, cells = page[head], unpack_from(">H", page, head + 3)[0]
            array = head + (12 if kind == _INTERIOR else 8)
            if kind not in (_INTERIOR, _LEAF) or array + 2 * cells > self.usable:
                raise DatabaseError("a page is damaged")
            places = unpack_from(f">{cells}H", page, array)
            if any(not array + 2 * cells <= place <= self.usable - 4 for place in places):
                raise DatabaseError("a page is damaged")
            if kind == _LEAF:
                room = self.usable
                for place in places:
                    row, used = self._row(page, place)
                    room -= used
                    if room < 0:
                        raise DatabaseError("its rows overlap")
                    yield row
            else:
                pending.append(unpack_from(">I", page, head + 8)[0])
                pending += [unpack_from(">I", page, place)[0] for place in reversed(places)]

    def _row(self, page: memoryview, place: int) -> tuple[memoryview, int]:
        """Return the record of a leaf's cell, from however many pages it lies on, and its bytes on this one."""
        length, place = _number(page, place)
        _, place = _number(page, place)
        most = self.usable - 35
        if length <= most:
            if place + length > self.usable:
                raise DatabaseError("a row is damaged")
            return page[place : place + length], length
        if length > self.count * self.size:
            raise DatabaseError("a row is damaged")
        least = (self.usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (self.usable - 4)
        if local > most:
            local = least
        if place + local + 4 > self.usable:
            raise DatabaseError("a row is damaged")
        parts = [page[place : place + local]]
        following = unpack_from(">I", page, place + local)[0]
        left = length - local
        while left > 0:
            further = self.take(following)
            following = unpack_from(">I", further)[0]
            parts.append(further[4 : min(self.usable, 4 + left)])
            left -= len(parts[-1])
        return memoryview(b"".join(parts)), local


def _page_size(written: int) -> int:
    size = 65536 if written == 1 else written
    if size.bit_count() != 1 or not 512 <= size <= 65536:
        raise DatabaseError("its page size is none")
    return size


def _number(data: memoryview, place: int) -> tuple[int, int]:
    """Read a variable-length integer (section 1.6); return it and the place behind it."""
    value = 0
    for count in range(9):
        if place >= len(data):
            raise DatabaseError("a row is damaged")
        byte = data[place]
        place += 1
        if count == 8:
            return value << 8 | byte, place
        value = value << 7 | (byte & 0x7F)
        if byte < 0x80:
            break
    return value, place


def _record(record: memoryview, *, blobs: bool = False) -> Iterator[memoryview | None]:
    """Yield a record's values as they are stored, ``None`` for NULL; with ``blobs``, for all else but blobs too."""
    end, place = _number(record, 0)
    here = end
    while place < end:
        kind, place = _number(record, place)
        size = _SIZES[kind] if kind < 10 else (kind - 12) // 2
        if kind in (10, 11) or here + size > len(record):
            raise DatabaseError("a row is damaged")
        blob = kind >= 12 and kind % 2 == 0
        yield record[here : here + size] if blob or (kind and not blobs) else None
        here += size


def _frames(log: bytes) -> tuple[int, Mapping[int, memoryview], int]:
    """Return what a log says: the page size, the pages as of its last commit, and how many there are then.

    Zeros where it says nothing. Frames of an earlier round, or that were not written whole, end it.
    """
    if len(log) < 32:
        return 0, {}, 0
    magic, version, size, _, salt1, salt2, *checksum = unpack_from(">8I", log)
    if magic & ~1 != _LOG_MAGIC or version != _LOG_FORMAT or size.bit_count() != 1 or not 512 <= size <= 65536:
        return 0, {}, 0
    order = ">" if magic & 1 else "<"
    view = memoryview(log)
    state = _checksum(order, view[:24], (0, 0))
    if state != tuple(checksum):
        return 0, {}, 0
    committed: dict[int, memoryview] = {}
    waiting: dict[int, memoryview] = {}
    pages = 0
    for start in range(32, len(log) - _FRAME.size - size + 1, _FRAME.size + size):
        number, after, *rest = _FRAME.unpack_from(log, start)
        body = view[start + _FRAME.size : start + _FRAME.size + size]
        if rest[:2] != [salt1, salt2]:
            break
        state = _checksum(order, body, _checksum(order, view[start : start + 8], state))
        if state != tuple(rest[2:]):
            break
        waiting[number] = body
        if after:
            committed.update(waiting)
            waiting.clear()
            pages = after
    return (size, committed, pages) if pages else (0, {}, 0)


def _checksum(order: str, data: memoryview, state: tuple[int, int]) -> tuple[int, int]:
    one, two = state
    for even, odd in iter_unpack(order + "2I", data):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return one, two
