"""Reads the contents of files out of one layer's tar, wherever that lies."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from ..errors import LayerError
from ..tar.header import sparse_pieces
from .index import LayerIndex
from .scan import READ, sparse_fingerprint

# Files whose contents lie this close together are read at once, up to this many bytes.
_GAP = 1 << 13
_WINDOW = 1 << 18


class TarBytes(Protocol):
    """The uncompressed bytes of one layer's tar."""

    random_access: bool
    """Whether ``at`` may go back, and skipping costs nothing."""

    def at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``; where there is no random access, offsets only grow."""

    def close(self) -> None:
        """Release what it holds."""


class FileBytes:
    """A plain tar within a seekable file."""

    random_access = True

    def __init__(self, fd: int, start: int, length: int) -> None:
        """Read ``length`` bytes from ``start`` of the open file ``fd``, which stays the caller's."""
        self._fd = fd
        self._start = start
        self._length = length

    def at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset`` of the tar."""
        size = min(size, self._length - offset)
        return os.pread(self._fd, size, self._start + offset) if size > 0 else b""

    def close(self) -> None:
        """Do nothing: the file is the caller's."""


class StreamBytes:
    """A tar that comes in sequence, such as one that is being decompressed."""

    random_access = False

    def __init__(self, read: Callable[[int], bytes], close: Callable[[], None] | None = None) -> None:
        """Take bytes from ``read(n)``; ``close`` is called once they are no longer wanted."""
        self._read = read
        self._close = close
        self._position = 0
        self._piece = b""

    def at(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset``, which is not before the end of the last piece asked for."""
        while self._position + len(self._piece) <= offset:
            self._position += len(self._piece)
            self._piece = self._read(READ)
            if not self._piece:
                return b""
        start = offset - self._position
        if start < 0:
            raise LayerError("the layer can't be read backwards")
        return self._piece[start : start + size]

    def close(self) -> None:
        """Stop reading."""
        if self._close is not None:
            self._close()


def pieces(index: LayerIndex, entry: int) -> Iterator[tuple[int | None, int]]:
    """Yield a file's content as (offset in the tar, or ``None`` for a hole, length)."""
    data, size = index.offsets[entry], index.sizes[entry]
    sparse = index.sparse.get(entry)
    if sparse is None:
        if size:
            yield data, size
        return
    position = 0
    for offset, length in sparse_pieces(sparse):
        if offset > position:
            yield None, offset - position
        yield data, length
        data += length
        position = offset + length
    if size > position:
        yield None, size - position


class ContentStream(io.RawIOBase):
    """One file's content, read in sequence; holes read as zeros."""

    def __init__(self, source: TarBytes, index: LayerIndex, entry: int) -> None:
        """Read ``entry`` of ``index`` from its layer's ``source``, which is closed with the stream."""
        super().__init__()
        self._source = source
        self._pieces = pieces(index, entry)
        self._offset: int | None = None
        self._left = 0

    def readable(self) -> bool:
        """Return ``True``."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill ``buffer`` as far as the next piece goes. Raises ``LayerError`` when the layer ends too early."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if not len(view):
            return 0
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._offset, self._left = piece
        size = min(len(view), self._left, READ)
        if self._offset is None:
            view[:size] = bytes(size)
        else:
            data = self._source.at(self._offset, size)
            if not data:
                raise LayerError("the layer ends in the middle of a file")
            size = len(data)
            view[:size] = data
            self._offset += size
        self._left -= size
        return size

    def pass_hole(self) -> int:
        """Pass over the hole that comes next, if one does; return its length in bytes, which a header may claim."""
        if not self._left:
            self._offset, self._left = next(self._pieces, (0, 0))
        if self._offset is not None:
            return 0
        size, self._left = self._left, 0
        return size

    def close(self) -> None:
        """Release the layer's bytes."""
        if not self.closed:
            self._source.close()
        super().close()


def content(index: LayerIndex, entry: int, source: TarBytes) -> bytes:
    """Return one file's content whole. Raises ``LayerError`` when the layer ends too early."""
    parts: list[bytes] = []
    for offset, left in pieces(index, entry):
        parts += [bytes(left)] if offset is None else copied(source, offset, left)
    return b"".join(parts)


def copied(source: TarBytes, offset: int, length: int) -> Iterator[bytes]:
    """Yield a part of a tar, piece by piece. Raises ``LayerError`` when the layer ends too early."""
    while length:
        data = source.at(offset, min(length, READ))
        if not data:
            raise LayerError("the layer ends in the middle of a file")
        yield data
        offset += len(data)
        length -= len(data)


def fingerprints(index: LayerIndex, entries: Iterable[int], source: TarBytes) -> dict[int, bytes]:
    """Fingerprint files of one layer, in the order in which they stand in its tar.

    Gives what a streamed scan gives (see ``scan.sparse_fingerprint``). Raises ``LayerError``.
    """
    from xxhash import xxh3_128

    found: dict[int, bytes] = {}
    ordered = sorted(entries, key=index.offsets.__getitem__)
    if source.random_access:
        ordered = _fingerprint_neighbours(index, ordered, source, found)
    for entry in ordered:
        sparse = index.sparse.get(entry)
        if sparse is not None:
            found[entry] = sparse_fingerprint(sparse, index.sizes[entry], index.offsets[entry], source.at)
            continue
        state = xxh3_128()
        offset, left = index.offsets[entry], index.sizes[entry]
        while left:
            data = source.at(offset, min(left, READ))
            if not data:
                raise LayerError("the layer ends in the middle of a file")
            state.update(data)
            offset += len(data)
            left -= len(data)
        found[entry] = state.digest()
    return found


def _fingerprint_neighbours(
    index: LayerIndex, ordered: Sequence[int], source: TarBytes, found: dict[int, bytes]
) -> list[int]:
    """Fingerprint small files that stand close together, many with one read; return the entries that are left."""
    from xxhash import xxh3_128_digest

    offsets, sizes = index.offsets, index.sizes
    left: list[int] = []
    place = 0
    while place < len(ordered):
        first = ordered[place]
        start, stop = offsets[first], offsets[first] + sizes[first]
        end = place
        while end < len(ordered):
            entry = ordered[end]
            last = offsets[entry] + sizes[entry]
            if last - start > _WINDOW or offsets[entry] - stop > _GAP or entry in index.sparse:
                break
            stop = max(stop, last)
            end += 1
        if end == place:
            left.append(first)
            place += 1
            continue
        data = memoryview(source.at(start, stop - start))
        if len(data) != stop - start:
            raise LayerError("the layer ends in the middle of a file")
        for entry in ordered[place:end]:
            offset = offsets[entry] - start
            found[entry] = xxh3_128_digest(data[offset : offset + sizes[entry]])
        place = end
    return left


def same_in_files(
    first: tuple[LayerIndex, FileBytes], second: tuple[LayerIndex, FileBytes], entries: Sequence[tuple[int, int]]
) -> list[bool]:
    """Compare files of two plain layers, piece by piece, stopping at the first difference.

    ``entries`` are pairs (of the first layer, of the second) of equal size without holes.
    """
    (index_a, source_a), (index_b, source_b) = first, second
    answers: list[bool] = []
    for a, b in entries:
        offset_a, offset_b, left = index_a.offsets[a], index_b.offsets[b], index_a.sizes[a]
        same = True
        # Most differences show at once, so the first piece is small.
        step = 1 << 14
        while left:
            size = min(left, step)
            data = source_a.at(offset_a, size)
            if len(data) != size or data != source_b.at(offset_b, size):
                same = False
                break
            offset_a += size
            offset_b += size
            left -= size
            step = 1 << 18
        answers.append(same)
    return answers
