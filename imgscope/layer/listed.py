"""A layer as its table of contents lists it: an index without a byte of its files, and each file's bytes when wanted.

The rows become headers of a tar that nobody stores, at the places where they would stand in one, so that all that is
known of headers holds for them too (``scan_listed``). Contents are fetched by the blob's parts that have them, and
count only with their digests.
"""

from __future__ import annotations

import base64
import tarfile
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from ..archive.digests import Unverifiable, algorithm_of, digest_of
from ..archive.toc import Row, Table, TableError, unpacked
from ..errors import ArchiveError, LayerError, LimitError
from ..tar.header import BLOCK
from .index import LayerIndex
from .scan import scan_listed

_TYPES = {
    "reg": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "char": tarfile.CHRTYPE,
    "block": tarfile.BLKTYPE,
    "fifo": tarfile.FIFOTYPE,
}
_MAX_SIZE = 1 << 45
_MAX_TAR = 1 << 60
MAX_CHUNK = 64 << 20
"""A piece of a file that is larger, in bytes, is not unpacked by itself: no builder writes such."""


class Listed:
    """What a table lists: the ``index``, and where the bytes of its files are."""

    def __init__(self, table: Table) -> None:
        """Read a table. Raises ``TableError`` for rows that are none, ``LimitError``."""
        self.kind = table.kind
        self.read = table.read
        self._end = table.end
        self._starts: list[int] = []
        self._pieces: list[list[Row]] = []
        self._own = table.text
        heads: list[bytes] = []
        places: list[int] = []
        position = 0
        pieces: list[Row] = []
        for row in table.rows:
            if row.type == "chunk":
                pieces.append(row)
                continue
            head = _header(row)
            places.append(position)
            heads.append(head)
            position += len(head)
            pieces = [row]
            if row.type == "reg" and row.size:
                self._starts.append(position)
                self._pieces.append(pieces)
                position += -(-row.size // BLOCK) * BLOCK
        if table.header:
            # eStargz's table is a file of the layer.
            places.append(position)
            heads.append(table.header)
            position += len(table.header)
            self._starts.append(position)
            self._pieces.append([])
            position += -(-len(table.text) // BLOCK) * BLOCK
        if position > _MAX_TAR:
            raise TableError("its table of contents lists more bytes than there are anywhere")
        try:
            self.index: LayerIndex = scan_listed(places, heads, position)
        except LimitError:
            raise
        except ArchiveError as error:
            raise TableError(f"its table of contents lists what no tar has: {error}") from None
        # Where the next part of the blob begins, for tables that don't say where one ends.
        self._offsets = sorted({row.offset for rows in self._pieces for row in rows})

    def digest(self, entry: int) -> str | None:
        """Return the digest that the table has of a file's content, if any."""
        rows = self._at(self.index.offsets[entry])[1]
        return rows[0].digest or None if rows else None

    def _at(self, offset: int) -> tuple[int, list[Row]]:
        """Return where in the tar the content begins that holds an offset, and its pieces."""
        place = bisect_right(self._starts, offset) - 1
        if place < 0:
            return 0, []
        return self._starts[place], self._pieces[place]

    def content(self, offset: int, part: Callable[[int, int], bytes]) -> tuple[int, bytes]:
        """Return the piece of a file that holds an offset of the tar: where it begins, and its bytes, checked.

        ``part(start, end)`` reads from the blob. Raises ``LayerError``.
        """
        start, rows = self._at(offset)
        if not rows:
            return start, self._own
        inner = offset - start
        row = max((row for row in rows if row.chunk_offset <= inner), key=lambda row: row.chunk_offset, default=rows[0])
        following = min((one.chunk_offset for one in rows if one.chunk_offset > row.chunk_offset), default=rows[0].size)
        size = row.chunk_size or following - row.chunk_offset
        if not 0 < size <= MAX_CHUNK or not row.chunk_offset <= inner < row.chunk_offset + size:
            raise LayerError(f"its table of contents has no piece of {rows[0].name!r} at {inner:,}"[:300])
        if row.chunk_type == "zeros":
            data = bytes(size)
        else:
            # Of a file in pieces the first row has the end of the last.
            end = min(self._next(row.offset), row.end_offset or self._end)
            if (
                not 0 <= row.offset < end <= self._end
                or end - row.offset > 2 * MAX_CHUNK
                or not 0 <= row.inner_offset <= MAX_CHUNK
            ):
                raise LayerError("its table of contents names a part that is not there")
            data = unpacked(self.kind, part(row.offset, end), row.inner_offset, size)
        wanted = row.chunk_digest or (row.digest if size == rows[0].size else "")
        try:
            fine = bool(wanted) and digest_of(data, algorithm_of(wanted)) == wanted
        except Unverifiable as error:
            raise LayerError(f"a file's digest can't be checked: {error}") from None
        if not fine:
            raise LayerError("a file is damaged or forged: its bytes are not those of its table of contents")
        return start + row.chunk_offset, data

    def _next(self, offset: int) -> int:
        place = bisect_right(self._offsets, offset)
        return self._offsets[place] if place < len(self._offsets) else self._end


class ListedBytes:
    """The contents of a layer's files, by the parts of its blob that are wanted: ``layer.contents.TarBytes``."""

    random_access = False

    def __init__(self, listed: Listed, part: Callable[[int, int], bytes]) -> None:
        """Read with ``part(start, end)``."""
        self._listed = listed
        self._part = part
        self._start = 0
        self._piece = b""

    def at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes of a file from where it stands in the tar. Raises ``LayerError``."""
        if not self._start <= offset < self._start + len(self._piece):
            try:
                self._start, self._piece = self._listed.content(offset, self._part)
            except LayerError:
                raise
            except ArchiveError as error:
                raise LayerError(str(error)) from None
        return self._piece[offset - self._start :][:size]

    def close(self) -> None:
        """Do nothing."""


def _header(row: Row) -> bytes:
    """Write a row as a tar has it (pax). Raises ``TableError``."""
    kind = _TYPES.get(row.type)
    numbers = (row.size, row.mode, row.uid, row.gid, row.dev_major, row.dev_minor)
    if kind is None or min(numbers) < 0 or row.size > _MAX_SIZE or max(numbers[1:]) >= 1 << 31 or "\0" in row.name:
        raise TableError("its table of contents has a row that no tar has")
    info = tarfile.TarInfo(row.name.rstrip("/") if kind == tarfile.DIRTYPE else row.name)
    info.type, info.mode, info.uid, info.gid = kind, row.mode & 0o7777, row.uid, row.gid
    info.size = row.size if kind == tarfile.REGTYPE else 0
    info.linkname = row.link_name
    info.devmajor, info.devminor = row.dev_major, row.dev_minor
    seconds, fraction = _time(row.modtime)
    info.mtime = max(seconds, 0)
    records = {}
    if fraction or seconds < 0:
        records["mtime"] = f"{seconds}.{fraction:09d}" if fraction else str(seconds)
    for name, value in (row.xattrs or {}).items():
        try:
            data = base64.b64decode(value, validate=True)
        except ValueError:
            raise TableError("its table of contents has an attribute that is not in Base64") from None
        records[f"SCHILY.xattr.{name}"] = data.decode("utf-8", "surrogateescape")
    info.pax_headers = records
    try:
        return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
    except (ValueError, UnicodeError):
        raise TableError("its table of contents has a row that no tar has") from None


def _time(text: str) -> tuple[int, int]:
    """Read RFC 3339 as seconds and nanoseconds since 1970; nothing is the beginning."""
    moment, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))] if dot else ""
    zone = rest[len(digits) :] if dot else ""
    with suppress(ValueError, OverflowError):
        seconds = int(datetime.fromisoformat((moment + zone).replace("Z", "+00:00")).timestamp())
        return seconds, int(digits[:9].ljust(9, "0") or 0)
    return 0, 0
