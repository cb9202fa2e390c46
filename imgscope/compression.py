"""Compressed streams: told apart by their first bytes, read with bounded memory, and read ahead in a thread.

gzip follows RFC 1952 (several members make one stream), zstd RFC 8878 (several frames, skippable ones among
them), xz and bzip2 the standard library's decoders. What a name or a media type claims plays no part.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Protocol, Self

from .errors import ArchiveError

READ = 1 << 18
"""Compressed bytes are taken in pieces of this size."""
BLOCK = 1 << 20
MAGIC_BYTES = 10
"""``detect`` needs this many bytes to be sure."""
# RFC 8878 asks decoders to support 8 MiB; `zstd -d` goes up to 128 MiB without --long, and --ultra -22 needs it.
_ZSTD_WINDOW_LOG = 27
_XZ_MEMORY = 1 << 27
FREE_MEMBERS = 256
"""So many members (frames, streams) of one stream may hold nothing …"""
MEMBER_BYTES = 512
"""… beyond one for so many bytes that come out: a tar's block."""
_HEAD = 1 << 16
# How much of a piece a member is given first; most are longer, and get twice as much each time.
_FIRST = 1 << 12
_SKIPPABLE = b"\x2a\x4d\x18"
_ZEROS = re.compile(rb"\0*")

Read = Callable[[int], bytes]


class ByteReader(Protocol):
    """Bytes in sequence."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, ``b""`` only at the end. Raises ``ArchiveError``."""


class _Decoder(Protocol):
    """One member, frame or stream, as ``bz2.BZ2Decompressor`` has it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def detect(head: bytes) -> str | None:
    """Name the compression that the first bytes of a stream show: ``gzip``, ``zstd``, ``xz``, ``bzip2`` or none."""
    if head[:3] == b"\x1f\x8b\x08":
        return "gzip"
    if head[:4] == b"\x28\xb5\x2f\xfd":
        return "zstd"
    if head[1:4] == _SKIPPABLE and head[0] & 0xF0 == 0x50:  # a skippable zstd frame
        return "zstd"
    if head[:6] == b"\xfd7zXZ\0":
        return "xz"
    # "BZh" could begin a file name in a tar; the block's or the stream end's own magic could not.
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bzip2"
    return None


def filled(read: Read, size: int) -> bytes:
    """Return the next ``size`` bytes of a stream, fewer only at its end."""
    data = read(size)
    while data and len(data) < size and (more := read(size - len(data))):
        data += more
    return data


def chained(first: bytes, read: Read) -> Read:
    """Return what reads bytes that were taken from a stream already, and then the stream."""

    def reading(size: int) -> bytes:
        nonlocal first
        if first:
            data, first = first[:size], first[size:]
            return data
        return read(size)

    return reading


def unpacked(read: Read) -> tuple[Read, str | None]:
    """Return what reads a stream decompressed, and the compression that its first bytes show."""
    head = filled(read, _HEAD)
    kind = detect(head)
    source = chained(head, read)
    return (reader(kind, source).read if kind is not None else source), kind


class _ZlibDecoder:
    """``zlib`` in the shape of the other decoders, for where isal has no wheel."""

    def __init__(self) -> None:
        import zlib

        self._inner = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail and not self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


_Codec = tuple[Callable[[], _Decoder], tuple[type[Exception], ...]]
"""Makes a decoder, and the errors that it raises for bad data."""


def _gzip() -> _Codec:
    import zlib

    try:
        from isal import igzip_lib
    except ImportError:
        return _ZlibDecoder, (zlib.error,)
    error: Any = igzip_lib.error  # a class, though its stub says otherwise
    return lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP), (error,)


def zstd_module() -> Any:
    """Return the module of zstd that this Python has. Raises ``ArchiveError``."""
    zstd: Any
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise ArchiveError("zstd can't be read by this Python; install backports.zstd") from None
    return zstd


def _zstd() -> _Codec:
    zstd = zstd_module()
    options = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    return lambda: zstd.ZstdDecompressor(options=options), (zstd.ZstdError,)


def _xz() -> _Codec:
    import lzma

    return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY), (lzma.LZMAError,)


def _bzip2() -> _Codec:
    import bz2

    return bz2.BZ2Decompressor, (OSError, ValueError)


_KINDS = {"gzip": _gzip, "zstd": _zstd, "xz": _xz, "bzip2": _bzip2}


def zstd_window(head: bytes) -> int | None:
    """Return the window in bytes that a zstd frame needs (RFC 8878, 3.1.1.1); ``None`` where ``head`` does not tell.

    A frame of a single segment has its content's size as its window.
    """
    if head[:4] != b"\x28\xb5\x2f\xfd" or len(head) < 6:
        return None
    descriptor = head[4]
    if not descriptor & 0x20:
        base = 1 << 10 + (head[5] >> 3)
        return base + base // 8 * (head[5] & 7)
    start = 5 + (0, 1, 2, 4)[descriptor & 3]
    length = (1, 2, 4, 8)[descriptor >> 6]
    if len(head) < start + length:
        return None
    return int.from_bytes(head[start : start + length], "little") + (256 if length == 2 else 0)


def _too_large(kind: str, window: int | None = None) -> str:
    """Say that a stream needs more memory than is given: a program of its own may be given more."""
    if kind != "zstd":
        return (
            f"its {kind} data needs more than {_XZ_MEMORY >> 20} MiB of memory to be read; compress it again with less"
        )
    size = "" if window is None else f" of {window / (1 << 20):,.0f} MiB"
    return (
        f"its zstd window{size} is larger than the {1 << _ZSTD_WINDOW_LOG - 20} MiB that are read, as by zstd itself: "
        "decompress it with zstd -d --long=31, or compress it again without --long"
    )


class _Decompressed:
    """What the compressed bytes of ``read`` hold; never more than one piece of either is kept."""

    def __init__(self, kind: str, read: Read) -> None:
        self._kind = kind
        self._source = read
        self._new, self._errors = _KINDS[kind]()
        self._decoder: _Decoder | None = None
        # A piece of the source, and how far it is used up.
        self._piece = b""
        self._at = 0
        # A member is given little at first: what it leaves is copied, and members may be many in a piece.
        self._give = _FIRST
        self._members = 0
        self._produced = 0

    def read(self, size: int, /) -> bytes:
        if size <= 0:
            return b""
        while True:
            decoder = self._decoder or self._next_member()
            if decoder is None:
                return b""
            data = b""
            if decoder.needs_input:
                if not self._fill(1):
                    raise ArchiveError(f"its {self._kind} data is cut short")
                data = self._piece
                if self._at or self._give < len(data):
                    data = data[self._at : self._at + self._give]
                self._at += len(data)
                self._give = min(self._give * 2, READ)
            try:
                out = decoder.decompress(data, size)
            except self._errors as error:
                # What asks for more memory than is given is not damaged.
                if "memory" in str(error).lower():
                    raise ArchiveError(_too_large(self._kind)) from None
                raise ArchiveError(f"its {self._kind} data is corrupt ({error})") from None
            if decoder.eof:
                self._at -= len(decoder.unused_data)
                self._decoder = None
            if out:
                self._produced += len(out)
                return out

    def _fill(self, count: int) -> bool:
        """Have so many bytes at hand, if the source has them; tell whether it had."""
        while len(self._piece) - self._at < count:
            more = self._source(READ)
            if not more:
                return False
            self._piece, self._at = self._piece[self._at :] + more, 0
        return True

    def _next_member(self) -> _Decoder | None:
        """Start the next member; ``None`` at the end of the stream.

        Zeros after the last member are padding (of tapes, and of xz by its own format). Anything else there is
        damage. A member costs as much to start as thousands of bytes to read: those that hold next to nothing are
        bounded. Raises ``ArchiveError``.
        """
        while True:
            if self._members:
                self._pass_zeros()
            self._fill(MAGIC_BYTES)
            head = self._piece[self._at : self._at + MAGIC_BYTES]
            if not head:
                return None
            if detect(head) != self._kind:
                if not self._members:
                    raise ArchiveError(f"it holds no {self._kind} data")
                raise ArchiveError(f"its {self._kind} data is followed by something else")
            self._members += 1
            if self._members > FREE_MEMBERS + self._produced // MEMBER_BYTES:
                raise ArchiveError(
                    f"its {self._kind} data is refused: over {FREE_MEMBERS} of its members (frames, streams) hold next "
                    "to nothing, which no image needs"
                )
            if self._kind != "zstd" or head[1:4] != _SKIPPABLE:
                window = zstd_window(head) if self._kind == "zstd" else None
                if window is not None and window > 1 << _ZSTD_WINDOW_LOG:
                    raise ArchiveError(_too_large("zstd", window))
                self._give = _FIRST
                self._decoder = self._new()
                return self._decoder
            self._skip(8 + int.from_bytes(head[4:8], "little"))

    def _pass_zeros(self) -> None:
        while self._fill(1):
            found = _ZEROS.match(self._piece, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._piece):
                return

    def _skip(self, count: int) -> None:
        while count:
            if not self._fill(1):
                raise ArchiveError(f"its {self._kind} data is cut short")
            step = min(count, len(self._piece) - self._at)
            self._at += step
            count -= step


def reader(kind: str, read: Read) -> ByteReader:
    """Decompress what ``read`` gives; ``kind`` is one of ``detect``'s answers.

    ``read(n)`` returns up to ``n`` bytes and ``b""`` at the end. Output comes in pieces of at most the size asked
    for, however much a piece of input would expand to. Checksums are checked. The reader raises ``ArchiveError``
    when the data is corrupt, cut short, or followed by anything but zeros, and when it comes in many members that hold
    next to nothing (estargz and zstd:chunked have one for each file, and each holds a tar header at least).
    """
    return _Decompressed(kind, read)


class ReadAhead:
    """Calls ``read`` in a thread of its own, so that reading (or decompressing) and using overlap.

    At most ``depth`` pieces wait. What ``read`` raises is raised by ``read`` here, after the pieces before it.
    """

    def __init__(self, read: Read, block: int = BLOCK, depth: int = 2) -> None:
        self._source = read
        self._block = block
        # Two queues of C, without a lock of Python's: full pieces one way, leave to make another the other way.
        self._full: SimpleQueue[bytes | BaseException] = SimpleQueue()
        self._free: SimpleQueue[bool] = SimpleQueue()
        for _ in range(depth):
            self._free.put(True)
        self._piece = b""
        self._offset = 0
        self._ended: BaseException | None = None
        self._done = False
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="imgscope-read-ahead", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        read, block, full, free = self._source, self._block, self._full, self._free
        try:
            while free.get() and not self._stopped:
                piece = read(block)
                full.put(piece)
                if not piece:
                    return
        except BaseException as error:
            full.put(error)

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, ``b""`` at the end; raises what the source raised."""
        if self._offset >= len(self._piece):
            if self._done:
                if self._ended is not None:
                    raise self._ended
                return b""
            piece = self._full.get()
            if isinstance(piece, BaseException):
                self._done, self._ended = True, piece
                raise piece
            if not piece:
                self._done = True
                return b""
            self._free.put(True)
            if len(piece) <= size:
                return piece
            self._piece, self._offset = piece, 0
        start = self._offset
        self._offset = end = min(start + size, len(self._piece))
        part = self._piece[start:end]
        if end == len(self._piece):
            self._piece, self._offset = b"", 0
        return part

    def close(self) -> None:
        """Stop the thread. One that hangs in a read that never ends is left to the process's end."""
        self._stopped = True
        self._free.put(False)
        self._thread.join(timeout=0.5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not issubclass(kind, Exception):
            # The program is to end: whatever the thread waits for is not waited for here.
            self._stopped = True
            self._free.put(False)
            return
        self.close()


def read_ahead(read: Read, *, block: int = BLOCK, depth: int = 2) -> ReadAhead:
    """Read ``read`` in a thread, ``depth`` pieces of ``block`` bytes ahead of its user; close it after use."""
    return ReadAhead(read, block, depth)
