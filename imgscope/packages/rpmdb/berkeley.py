"""Berkeley DB's hash format: ``Packages`` (RHEL and CentOS to 8, Amazon Linux 2, Fedora to 32).

Follows Berkeley DB's src/dbinc/db_page.h: page 0 describes the database; pages of a bucket hold pairs of items, from
their end downwards, whose places stand behind the page's head; what is too large for that lies on a chain of overflow
pages. Which bucket a key is in doesn't matter here, since all of them are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from struct import Struct, unpack_from

from .errors import MAX_HEADERS, TOO_MANY, DatabaseError

_HASH, _BTREE = 0x061561, 0x053162
_VERSIONS = range(4, 11)
# Kinds of pages, and of items on them.
_UNSORTED, _OVERFLOW, _META, _SORTED = 2, 7, 8, 13
_INLINE, _OFF_PAGE = 1, 3
_PAGE_HEAD = 26


def read_berkeley(data: bytes, log: bytes = b"") -> Iterator[bytes | None]:
    """Yield the values by their keys' numbers, ``None`` for one that is damaged. Raises ``DatabaseError``."""
    database = _Database(data)
    # The database's own counter has the key 0.
    every = (row for number in range(1, database.pages) for row in database.rows(number) if row[0])
    rows = list(islice(every, MAX_HEADERS + 1))
    if len(rows) > MAX_HEADERS:
        raise DatabaseError(TOO_MANY)
    for _, page, place, size in sorted(rows):
        yield database.value(page, place, size)
    if database.damaged:
        raise DatabaseError(database.damaged)


class _Database:
    def __init__(self, data: bytes) -> None:
        self.data = data
        if len(data) < 512:
            raise DatabaseError("it is not a Berkeley DB")
        for order in "<>":
            magic, version, self.size, encryption, kind, flags = unpack_from(order + "IIIBBB", data, 12)
            if magic in (_HASH, _BTREE):
                break
        else:
            raise DatabaseError("it is not a Berkeley DB")
        if magic != _HASH or kind != _META:
            raise DatabaseError("it is a Berkeley DB of another kind than a hash")
        if version not in _VERSIONS:
            raise DatabaseError(f"its Berkeley DB format {version:,} is not known")
        if encryption or flags:
            raise DatabaseError("its Berkeley DB is encrypted, or has checksums")
        if self.size.bit_count() != 1 or not 512 <= self.size <= 65536:
            raise DatabaseError("its page size is none")
        # Number, previous, next page; items; where the free part ends (of an overflow page: its bytes); level, kind.
        self.head = Struct(order + "8x3I2H2B")
        self.item = Struct(order + "B3x2I")
        self.short, self.number = Struct(order + "H"), Struct(order + "I")
        self.damaged = ""
        last = self.number.unpack_from(data, 32)[0] + 1
        self.pages = len(data) // self.size
        if last > self.pages:
            self.damaged = "it is cut short"
        self.pages = min(self.pages, last)
        self.taken: set[int] = set()

    def rows(self, page: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield (key, page, the value's place on it, its size) of a bucket's page; nothing of another page."""
        start = page * self.size
        own, _, _, count, _, _, kind = self.head.unpack_from(self.data, start)
        if kind not in (_SORTED, _UNSORTED):
            return
        if own != page or count % 2 or _PAGE_HEAD + 2 * count > self.size:
            self.damaged = "a page is damaged"
            return
        end = self.size
        places: list[tuple[int, int]] = []
        for number in range(count):
            place = self.short.unpack_from(self.data, start + _PAGE_HEAD + 2 * number)[0]
            if not _PAGE_HEAD + 2 * count <= place < end:
                self.damaged = "a page is damaged"
                return
            places.append((place, end - place))
            end = place
        for (key, width), (value, size) in zip(places[::2], places[1::2], strict=True):
            if width != 5 or self.data[start + key] != _INLINE:
                self.damaged = "a key is damaged"
                continue
            yield self.number.unpack_from(self.data, start + key + 1)[0], page, value, size

    def value(self, page: int, place: int, size: int) -> bytes | None:
        """Return a value, ``None`` for one that is damaged."""
        start = page * self.size + place
        if self.data[start] == _INLINE:
            return self.data[start + 1 : start + size]
        if self.data[start] != _OFF_PAGE or size != self.item.size:
            return None
        _, following, length = self.item.unpack_from(self.data, start)
        parts: list[bytes] = []
        while following:
            # No page is part of two values.
            if following in self.taken or not 0 < following < self.pages:
                return None
            self.taken.add(following)
            start = following * self.size
            own, _, after, _, used, _, kind = self.head.unpack_from(self.data, start)
            if kind != _OVERFLOW or own != following or used > self.size - _PAGE_HEAD:
                return None
            parts.append(self.data[start + _PAGE_HEAD : start + _PAGE_HEAD + used])
            following = after
        found = b"".join(parts)
        return found if len(found) == length else None
