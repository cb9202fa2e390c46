"""Reads the headers of one tar member, whichever dialect wrote them.

Follows POSIX.1-2017 *pax* ("ustar Interchange Format", "pax Extended Header"), the GNU tar manual's
"Basic Tar Format" (long names, base-256 numbers, sparse files old and new) and, where they are silent, what
Go's ``archive/tar`` does, since the engines read layers with it.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..bounds import ATTRIBUTE, ATTRIBUTE_BYTES, FREE_RECORDS, PIECES, RECORDS, Costs

BLOCK = 512
ZERO_BLOCK = bytes(BLOCK)
# Go's archive/tar refuses longer extended headers; xattr values are at most 64 KiB each.
MAX_EXTENDED = 1 << 20
# Go's limit on a sparse map is that of the extended header; ours bounds the memory of the old GNU kind too.
MAX_SPARSE = 1 << 16
# Two numbers a piece of at most 19 digits and a newline, and their count.
MAX_MAP = 40 * MAX_SPARSE + BLOCK
MAX_SIZE = (1 << 63) - 1

_XATTR = b"SCHILY.xattr."
_KEYS = frozenset(
    [b"path", b"linkpath", b"size", b"uid", b"gid", b"mtime"]
    + [b"GNU.sparse." + key for key in (b"major", b"minor", b"name", b"size", b"realsize", b"map")]
)


class TarError(Exception):
    """The bytes are not a readable tar; the text says what is wrong and at which offset."""


class Member(NamedTuple):
    """One member of a tar, extended headers resolved.

    ``size`` is the content's size in bytes (a sparse file's apparent size), ``stored`` what follows the header
    in the tar, from ``data``; ``next`` is the offset of the next header. Offsets count from the tar's start.
    ``typeflag`` is the header's byte. ``sparse`` has offset in the file and length of each stored piece, in turns.
    """

    name: bytes
    typeflag: int
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    link: bytes
    major: int
    minor: int
    xattrs: dict[str, bytes] | None
    sparse: array[int] | None
    data: int
    stored: int
    next: int


def number(field: bytes) -> int:
    """Read a numeric field: octal digits padded by spaces or NULs, or GNU base-256. Raises ``TarError``."""
    first = field[0]
    if first & 0x80:
        value = int.from_bytes(field, "big")
        bits = len(field) * 8
        # The top bit only marks the encoding; the next one is the sign.
        value &= (1 << (bits - 1)) - 1
        if first & 0x40:
            value -= 1 << (bits - 1)
        return value
    digits = field.strip(b" \0")
    end = digits.find(b"\0")
    if end >= 0:
        digits = digits[:end]
    if not digits:
        return 0
    # int() would take signs and underscores, which no tar has.
    if digits.strip(b"01234567"):
        raise TarError(f"a number field holds {digits[:12]!r}")
    return int(digits, 8)


def checksum_holds(block: bytes) -> bool:
    """Tell whether a header block's checksum is right, summed as unsigned bytes (or signed, as old tars did)."""
    try:
        claimed = number(block[148:156])
    except TarError:
        return False
    # Adler-32's low half is one plus the sum of the bytes, modulo 65521: the sum, at the speed of C.
    # A header block sums to at most 130,560, so comparing modulo 65521 is nearly as strict as comparing.
    unsigned = zlib.adler32(block[156:], zlib.adler32(block[:148])) & 0xFFFF
    if unsigned == (claimed - 256 + 1) % 65521:
        return True
    rest = block[:148] + block[156:]
    return sum(rest) + 256 - 256 * sum(byte > 127 for byte in rest) == claimed


def pax_records(data: bytes, costs: Costs | None = None) -> dict[bytes, bytes]:
    """Split a PAX extended header's data into its records, raw. Raises ``TarError`` when it is malformed.

    ``costs`` counts the records beyond what headers have. Raises ``LimitError``.
    """
    records: dict[bytes, bytes] = {}
    count = 0
    position = 0
    end = len(data)
    while position < end:
        space = data.find(b" ", position, position + 20)
        digits = data[position:space]
        if space < 0 or not digits.isdigit():
            if not data[position:].strip(b"\0"):
                break
            raise TarError("a PAX record has no length")
        stop = position + int(digits)
        equals = data.find(b"=", space + 1, stop)
        if stop > end or stop <= space + 1 or equals < 0 or data[stop - 1] != 10:
            raise TarError("a PAX record is malformed")
        records[data[space + 1 : equals]] = data[equals + 1 : stop - 1]
        position = stop
        count += 1
    if costs is not None:
        costs.add(RECORDS, count - FREE_RECORDS)
    return records


def _text(field: bytes) -> bytes:
    end = field.find(b"\0")
    return field if end < 0 else field[:end]


def _pax_int(value: bytes) -> int:
    try:
        return int(value)
    except ValueError:
        raise TarError(f"a PAX number is {value[:20]!r}") from None


def _pax_time(value: bytes) -> int:
    """Seconds with an optional fraction to nanoseconds, without rounding through a float."""
    whole, _, fraction = value.partition(b".")
    negative = whole.startswith(b"-")
    try:
        seconds = int(whole or b"0")
        nanos = int((fraction[:9]).ljust(9, b"0")) if fraction else 0
    except ValueError:
        raise TarError(f"a PAX time is {value[:20]!r}") from None
    return seconds * 1_000_000_000 + (-nanos if negative else nanos)


def _check_sparse(numbers: Sequence[int], size: int) -> array[int]:
    """Refuse a map (offset, length, offset, …) that goes back, overlaps or leaves the file, as Go does."""
    if size > MAX_SIZE:
        raise TarError("a sparse file's map is malformed")
    pieces = array("q")
    position = 0
    for offset, length in zip(numbers[::2], numbers[1::2], strict=True):
        if offset < position or length < 0 or offset + length > size:
            raise TarError("a sparse file's map is malformed")
        position = offset + length
        if length:
            pieces.append(offset)
            pieces.append(length)
    return pieces


class _Reader:
    """Reads one member: holds what its extended headers said until the real header comes."""

    def __init__(self, at: Callable[[int, int], bytes], records: dict[bytes, bytes], costs: Costs) -> None:
        self.at = at
        self.records = records
        self.costs = costs

    def _count(self, numbers: int) -> None:
        """Count the pieces of a map before it is parsed, those that hold nothing included."""
        self.costs.add(PIECES, numbers // 2)

    def map_block(self, offset: int) -> bytes:
        """Read one block of a sparse file's map."""
        block = self.at(offset, BLOCK)
        if len(block) != BLOCK:
            raise TarError("a sparse file's map is cut short")
        return block

    def _map_before_data(self, offset: int, stored: int) -> tuple[list[int], int]:
        """Read a map that stands before the data (GNU sparse 1.0): decimal lines, the first their count of pairs."""
        blocks: list[bytes] = []
        newlines, wanted = 0, -1
        while wanted < 0 or newlines <= wanted:
            if (len(blocks) + 1) * BLOCK > min(stored, MAX_MAP):
                raise TarError("a sparse file's map is cut short or too long")
            blocks.append(self.map_block(offset + len(blocks) * BLOCK))
            newlines += blocks[-1].count(b"\n")
            if wanted < 0 and newlines:
                wanted = 2 * _pax_int(b"".join(blocks).partition(b"\n")[0])
                if not 0 <= wanted <= 2 * MAX_SPARSE:
                    raise TarError("a sparse file's map is too long")
                self._count(wanted)
        lines = b"".join(blocks).split(b"\n")
        return [_pax_int(line) for line in lines[1 : wanted + 1]], offset + len(blocks) * BLOCK

    def old_sparse(self, block: bytes, offset: int, stored: int) -> tuple[array[int], int, int]:
        """Read the map of an old GNU sparse file; give it, the real size, and the data's offset."""
        real = number(block[483:495])
        fields = [block[386 + 12 * i : 398 + 12 * i] for i in range(8)]
        more = block[482]
        pieces: list[int] = []
        counted = 0
        while True:
            for i in range(0, len(fields), 2):
                if fields[i][0] == 0:
                    break
                pieces += number(fields[i]), number(fields[i + 1])
            self._count(len(pieces) - counted)
            counted = len(pieces)
            if not more:
                break
            if len(pieces) > 2 * MAX_SPARSE:
                raise TarError("a sparse file's map is too long")
            block = self.map_block(offset)
            offset += BLOCK
            fields = [block[12 * i : 12 * i + 12] for i in range(42)]
            more = block[504]
        return _check_sparse(pieces, real), real, offset

    def pax_sparse(self, offset: int, stored: int) -> tuple[array[int], int, int] | None:
        """Read the map of a PAX sparse file (GNU 0.0, 0.1, 1.0); give it, the real size, the data's offset."""
        records = self.records
        major, minor = records.get(b"GNU.sparse.major"), records.get(b"GNU.sparse.minor")
        if (major, minor) == (b"1", b"0"):
            numbers, position = self._map_before_data(offset, stored)
            real = _pax_int(records.get(b"GNU.sparse.realsize", b"0"))
            return _check_sparse(numbers, real), real, position
        if (major, minor) in ((b"0", b"1"), (b"0", b"0")) or b"GNU.sparse.map" in records:
            flat = records.get(b"GNU.sparse.map", b"")
            self._count(flat.count(b",") + 1)
            numbers = [_pax_int(part) for part in flat.split(b",")] if flat else []
            if len(numbers) % 2 or len(numbers) > 2 * MAX_SPARSE:
                raise TarError("a sparse file's map is malformed")
            real = _pax_int(records.get(b"GNU.sparse.size", records.get(b"GNU.sparse.realsize", b"0")))
            return _check_sparse(numbers, real), real, offset
        return None


def sparse_pieces(sparse: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield (offset in the file, length) of each piece of a ``Member``'s or an index's ``sparse``."""
    return zip(sparse[::2], sparse[1::2], strict=True)


def _sparse_0_0(data: bytes, records: dict[bytes, bytes]) -> None:
    """Gather GNU sparse 0.0's repeated records, which a dictionary would lose, into 0.1's single one."""
    numbers: list[bytes] = []
    position = 0
    while position < len(data):
        space = data.find(b" ", position)
        stop = position + int(data[position:space] or b"0") if space > 0 else 0
        if stop <= position:
            break
        key, _, value = data[space + 1 : stop - 1].partition(b"=")
        if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):
            numbers.append(value)
        position = stop
    if numbers:
        records[b"GNU.sparse.map"] = b",".join(numbers)


def _known(key: bytes) -> bool:
    """Tell whether a record means anything to a member: others in a global header would burden each."""
    return key in _KEYS or key.startswith(_XATTR)


def read_member(
    at: Callable[[int, int], bytes], offset: int, global_records: dict[bytes, bytes], costs: Costs | None = None
) -> Member | None:
    """Read the member whose first header block is at ``offset``; ``None`` at the end of the archive.

    ``at(offset, size)`` returns exactly ``size`` bytes of the tar (at its very end, ``b""``) and is called with
    growing offsets only, so a stream serves as well as a file. PAX global headers are kept in
    ``global_records``, which the caller passes again for the next member. ``costs`` counts what the members cost
    beyond their bytes. Raises ``TarError``, and ``LimitError`` where that is more than any image's.
    """
    costs = Costs() if costs is None else costs
    records: dict[bytes, bytes] = {}
    long_name: bytes | None = None
    long_link: bytes | None = None
    while True:
        block = at(offset, BLOCK)
        if not block:
            if records or long_name is not None or long_link is not None:
                raise TarError("the archive ends between a member's headers")
            return None
        if block == ZERO_BLOCK:
            second = at(offset + BLOCK, BLOCK)
            if second and second != ZERO_BLOCK:
                raise TarError(f"a lone block of zeros stands at offset {offset:,}")
            return None
        if not checksum_holds(block):
            raise TarError(f"no valid tar header at offset {offset:,}")
        typeflag = block[156]
        size = number(block[124:136])
        if size < 0:
            raise TarError(f"a member claims a negative size at offset {offset:,}")
        offset += BLOCK
        if typeflag in b"xgXLK":
            if size > MAX_EXTENDED:
                raise TarError(f"an extended header claims {size:,} bytes at offset {offset - BLOCK:,}")
            padded = -(-size // BLOCK) * BLOCK
            data = at(offset, padded)[:size] if padded else b""
            offset += padded
            if typeflag == 76:  # L
                long_name = _text(data)
            elif typeflag == 75:  # K
                long_link = _text(data)
            elif typeflag == 103:  # g
                for key, value in pax_records(data, costs).items():
                    if value and _known(key):
                        global_records[key] = value
                    else:
                        global_records.pop(key, None)
            else:
                records = pax_records(data, costs)
                if b"GNU.sparse.offset" in records:
                    _sparse_0_0(data, records)
            continue
        return _member(at, block, offset, size, long_name, long_link, {**global_records, **records}, costs)


def _member(
    at: Callable[[int, int], bytes],
    block: bytes,
    offset: int,
    size: int,
    long_name: bytes | None,
    long_link: bytes | None,
    records: dict[bytes, bytes],
    costs: Costs,
) -> Member:
    typeflag = block[156]
    name = _text(block[:100])
    magic = block[257:265]
    if magic == b"ustar\x0000" or magic[:6] == b"ustar\0":
        prefix = _text(block[345:476] if block[508:512] == b"tar\0" else block[345:500])
        if prefix:
            name = prefix + b"/" + name
    link = _text(block[157:257])
    mode, uid, gid = number(block[100:108]), number(block[108:116]), number(block[116:124])
    mtime_ns = number(block[136:148]) * 1_000_000_000
    major = minor = 0
    if typeflag in b"34":
        major, minor = number(block[329:337]), number(block[337:345])
    if long_name is not None:
        name = long_name
    if long_link is not None:
        link = long_link
    xattrs: dict[str, bytes] | None = None
    sparse: array[int] | None = None
    stored = size
    if records:
        # An empty value stands for "no such record" (POSIX pax, "pax Extended Header").
        name = records.get(b"path") or name
        link = records.get(b"linkpath") or link
        if b"\0" in name or b"\0" in link:
            raise TarError(f"a PAX name holds a NUL at offset {offset - BLOCK:,}")
        if records.get(b"size"):
            stored = size = _pax_int(records[b"size"])
        if records.get(b"uid"):
            uid = _pax_int(records[b"uid"])
        if records.get(b"gid"):
            gid = _pax_int(records[b"gid"])
        if records.get(b"mtime"):
            mtime_ns = _pax_time(records[b"mtime"])
        found = {
            key[len(_XATTR) :].decode("utf-8", "surrogateescape"): value
            for key, value in records.items()
            if key.startswith(_XATTR)
        }
        if found:
            costs.add(ATTRIBUTE_BYTES, sum(len(key) + len(value) + ATTRIBUTE for key, value in found.items()))
            xattrs = found
    if not 0 <= size <= MAX_SIZE:
        raise TarError(f"a member claims {size:,} bytes at offset {offset - BLOCK:,}")
    data = offset
    # Links, devices, directories and FIFOs have no data, whatever their size field says (POSIX; Go reads
    # them so too, except that a regular file's flag may be NUL or 7).
    if typeflag in b"123456":
        size = stored = 0
    reader = _Reader(at, records, costs)
    found_map: tuple[array[int], int, int] | None = None
    if typeflag == 83:  # S: old GNU sparse
        found_map = reader.old_sparse(block, offset, stored)
        data = found_map[2]
        stored_end = data + stored
    else:
        stored_end = offset + stored
        if records and typeflag in b"0\x007":
            found_map = reader.pax_sparse(offset, stored)
            if found_map:
                data = found_map[2]
                stored = stored_end - data
                name = records.get(b"GNU.sparse.name") or name
    if found_map:
        sparse, size = found_map[0], found_map[1]
        if not 0 <= size <= MAX_SIZE or sum(sparse[1::2]) > stored:
            raise TarError("a sparse file's map is malformed")
    end = -(-stored_end // BLOCK) * BLOCK
    return Member(
        name,
        typeflag,
        mode & 0o7777,
        uid,
        gid,
        size,
        mtime_ns,
        link,
        major,
        minor,
        xattrs,
        sparse,
        data,
        stored,
        end,
    )
