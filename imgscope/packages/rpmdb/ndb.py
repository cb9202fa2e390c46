"""rpm's own format, ndb: ``Packages.db`` (SUSE).

Follows rpm's lib/backend/ndb/rpmpkg.c: a header of 32 bytes, then slots of 16 bytes to the end of the slot pages, which
say in which blocks of 16 bytes a package's blob lies. A blob has 16 bytes before it and 12 behind it, at the end of its
last block. All numbers are little-endian.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from struct import Struct

from .errors import DatabaseError

_HEAD = Struct("<4s3I")
_SLOT = Struct("<4s3I")
_TAIL = Struct("<2I4s")
_PAGE, _BLOCK = 4096, 16


def read_ndb(data: bytes, log: bytes = b"") -> Iterator[bytes | None]:
    """Yield the blobs, ``None`` for one that is damaged. Raises ``DatabaseError``."""
    if len(data) < _PAGE or data[:4] != b"RpmP":
        raise DatabaseError("it is not an ndb database")
    _, version, _, pages = _HEAD.unpack_from(data)
    if version != 0:
        raise DatabaseError(f"its ndb format {version:,} is not known")
    if pages * _PAGE > len(data):
        raise DatabaseError("it is cut short")
    left = len(data)
    # The header takes the first two slots' place.
    for mark, package, offset, count in _SLOT.iter_unpack(memoryview(data)[2 * _SLOT.size : pages * _PAGE]):
        if mark != b"Slot":
            raise DatabaseError("a slot is damaged")
        if package:
            left -= count * _BLOCK
            if left < 0:
                raise DatabaseError("its blobs overlap")
            yield _blob(data, package, offset * _BLOCK, count * _BLOCK)


def _blob(data: bytes, package: int, start: int, size: int) -> bytes | None:
    end = start + size - _TAIL.size
    if start < _PAGE or end + _TAIL.size > len(data) or start + _HEAD.size > end:
        return None
    mark, owner, _, length = _HEAD.unpack_from(data, start)
    checksum, again, last = _TAIL.unpack_from(data, end)
    first = start + _HEAD.size
    if (mark, owner, last) != (b"BlbS", package, b"BlbE") or length != again or not 0 <= end - first - length < _BLOCK:
        return None
    if zlib.adler32(memoryview(data)[start:end]) != checksum:
        return None
    return data[first : first + length]
