"""The tar that an image archive is: on disk, where its members are found by hopping, or as it streams by.

The outer tar is trusted with nothing: the number of its members, the JSON kept of it and the links followed are
bounded, links lead to other members only, and an end before its time is an error.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..bounds import Costs
from ..compression import MAGIC_BYTES, detect
from ..errors import ArchiveError, ImgscopeError, LayerError
from ..escape import escape
from ..tar.header import BLOCK, ZERO_BLOCK, Member, TarError, checksum_holds, read_member
from .image import Region
from .store import MAX_ALL_JSON, MAX_JSON, OVER, Blob, clean_name, shown

if TYPE_CHECKING:
    from ..progress import Progress

MAX_MEMBERS = 200_000
MAX_LINKS = 40
MAX_NAME = 4096
MAX_ALL_NAMES = 32 << 20
_SKIP = 1 << 20
# After the end mark come zeros up to a record's end; what goes on longer is not padding.
_MAX_AFTER_END = 64 << 20
_INDEX_NAMES = ("manifest.json", "index.json", "oci-layout", "repositories")

ScanLayer = Callable[[str, Callable[[int], bytes], int], object]


def looks_like_tar(head: bytes) -> bool:
    """Tell whether a stream's first block is a tar header, or the end mark of an empty tar."""
    return len(head) >= BLOCK and (head[:BLOCK] == ZERO_BLOCK or checksum_holds(head[:BLOCK]))


def _walk(at: Callable[[int, int], bytes], label: str, ended: list[bool]) -> Iterator[tuple[str, Member]]:
    """Yield the members in order; ``ended`` gets whether an end mark closes them. Raises ``ArchiveError``."""
    offset = 0
    records: dict[bytes, bytes] = {}
    last = ""
    left = MAX_ALL_NAMES
    marked = False
    costs = Costs()

    def watched(position: int, size: int) -> bytes:
        nonlocal marked
        block = at(position, size)
        # One block of zeros at the very end is enough: the second is often forgotten.
        marked = block == ZERO_BLOCK or (marked and not block)
        return block

    for _ in range(MAX_MEMBERS):
        try:
            member = read_member(watched, offset, records, costs)
        except TarError as error:
            where = f" (after {shown(last)})" if last else ""
            raise ArchiveError(f"{label} is truncated or corrupt{where}: {error}") from None
        if member is None:
            ended.append(marked)
            return
        offset = member.next
        length = len(member.name) + len(member.link)
        left -= length
        if length > 2 * MAX_NAME or left < 0:
            raise ArchiveError(f"{label} has member names longer than any image archive's (after {shown(last)})")
        last = clean_name(member.name.decode("utf-8", "surrogateescape"))
        yield last, member
    raise ArchiveError(f"{label} has over {MAX_MEMBERS:,} members: no image archive has so many")


class _Links:
    """Members that are links to others: old `docker save` writes a repeated layer as a symlink."""

    def __init__(self) -> None:
        self._targets: dict[str, str] = {}

    def note(self, name: str, member: Member) -> bool:
        """Keep a link; tell whether the member is one."""
        if member.typeflag not in b"12":
            self._targets.pop(name, None)
            return False
        target = member.link.decode("utf-8", "surrogateescape")
        if member.typeflag == ord("2") and not target.startswith("/"):
            target = posixpath.join(posixpath.dirname(name), target)
        self._targets[name] = clean_name(target)
        return True

    def resolve(self, name: str) -> str:
        """Follow links to the name that they end at, whether that exists or not."""
        name = clean_name(name)
        for _ in range(MAX_LINKS):
            target = self._targets.get(name)
            if target is None:
                break
            name = target
        return name


class TarStore:
    """A plain tar in a seekable file: headers are read, bodies are only located."""

    def __init__(self, fd: int, path: str) -> None:
        """Take over ``fd`` and find the members. Raises ``ArchiveError``, and closes ``fd`` then."""
        self.label = escape(path)
        self._path = path
        self._fd: int | None = fd
        self._links = _Links()
        self._members: dict[str, tuple[int, int, bool]] = {}
        self._json_left = MAX_ALL_JSON
        try:
            stat = os.fstat(fd)
            self._identity = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            self._length = stat.st_size
            ended: list[bool] = []
            for name, member in _walk(self._at, self.label, ended):
                if self._links.note(name, member):
                    self._members.pop(name, None)
                elif member.typeflag in b"0\x007S":
                    if member.data + member.stored > self._length:
                        raise ArchiveError(f"{self.label} is cut short: it ends inside {shown(name)}")
                    self._members[name] = (member.data, member.stored, member.sparse is not None)
            self.complete = ended == [True]
        except BaseException:
            self.close()
            raise

    def _at(self, offset: int, size: int) -> bytes:
        assert self._fd is not None
        if offset >= self._length:
            # The last member's padding may be left out by careless writers; its content is checked above.
            return b""
        data = os.pread(self._fd, size, offset)
        if len(data) != size:
            raise TarError(f"it ends in the middle of a header, at {self._length:,} bytes")
        return data

    def names(self) -> list[str]:
        """Return the names of all regular members."""
        return list(self._members)

    def has(self, name: str) -> bool:
        """Tell whether a member of that name is there, through links."""
        return self._links.resolve(name) in self._members

    def json(self, name: str) -> bytes | None:
        """Read a small member whole. Raises ``ArchiveError`` for one too large."""
        found = self._members.get(self._links.resolve(name))
        if found is None or self._fd is None:
            return None
        start, length, _ = found
        self._json_left -= length
        if length > MAX_JSON or self._json_left < 0:
            raise ArchiveError(f"{self.label}: {shown(name)} is too large ({length:,} bytes) for what it is{OVER}")
        return os.pread(self._fd, length, start)

    def blob(self, name: str) -> Blob | None:
        """Locate a layer's blob. Raises ``ArchiveError`` for one that is stored sparse."""
        name = self._links.resolve(name)
        found = self._members.get(name)
        if found is None or self._fd is None:
            return None
        start, length, sparse = found
        if sparse:
            raise ArchiveError(f"{self.label}: {shown(name)} is stored as a sparse file; write the archive without it")
        head = os.pread(self._fd, min(length, MAGIC_BYTES), start)
        return Blob(name, length, detect(head), Region(self._path, self._fd, start, length))

    def identity(self) -> tuple[int, ...]:
        """Return device, inode, size, mtime and ctime of the file."""
        return self._identity

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class StreamStore:
    """A plain tar that streams by once: small JSON is kept, what looks like a layer is scanned on the way."""

    def __init__(
        self,
        read: Callable[[int], bytes],
        label: str,
        scan_layer: ScanLayer,
        progress: Progress | None = None,
    ) -> None:
        """Read the stream to its end. Raises ``ArchiveError``, and whatever ``read`` raises."""
        self.label = label
        self._read = read
        self._progress = progress
        self._position = 0
        self._links = _Links()
        self._blobs: dict[str, Blob] = {}
        self._json: dict[str, bytes] = {}
        self._json_bytes = 0
        self._json_left = MAX_ALL_JSON
        ended: list[bool] = []
        for name, member in _walk(self._at, label, ended):
            if self._links.note(name, member):
                self._blobs.pop(name, None)
            elif member.typeflag in b"0\x007S":
                self._take(name, member, scan_layer)
        self.complete = ended == [True]
        self._drain()

    def _some(self, size: int) -> bytes:
        data = self._read(size)
        self._position += len(data)
        if self._progress is not None:
            self._progress.advance(len(data))
        return data

    def _exactly(self, size: int) -> bytes:
        data = self._some(size)
        if len(data) < size and data:
            parts, have = [data], len(data)
            while have < size and (data := self._some(size - have)):
                parts.append(data)
                have += len(data)
            data = b"".join(parts)
        return data

    def _at(self, offset: int, size: int) -> bytes:
        while self._position < offset:
            if not self._some(min(offset - self._position, _SKIP)):
                return b""
        data = self._exactly(size)
        if data and len(data) != size:
            raise TarError(f"it ends in the middle of a header, at {self._position:,} bytes")
        return data

    def _take(self, name: str, member: Member, scan_layer: ScanLayer) -> None:
        """Keep, scan or pass over one regular member."""
        self._json_bytes -= len(self._json.pop(name, b""))
        body = _Body(self, name, member.stored)
        head = body.exactly(min(BLOCK, member.stored))
        compression = detect(head)
        scanned: object | None = None
        if member.sparse is not None:
            scanned = LayerError("it is stored as a sparse file; write the archive without it")
        elif name in _INDEX_NAMES:
            self._keep(name, head, body)
        elif compression is not None or looks_like_tar(head) or not member.stored:
            body.unread(head)
            try:
                scanned = scan_layer(name, body.read, member.stored)
            except ImgscopeError as error:
                # It may be no layer at all; whether it matters is known when the manifest is.
                scanned = error
            if body.failed is not None:
                raise body.failed
        elif head.lstrip(b" \t\r\n")[:1] in (b"{", b"[") and b"in-toto.io/Statement" not in head:
            self._keep(name, head, body)
        else:
            scanned = LayerError("it is not a tar, or compressed in a way that isn't known")
        body.pass_over()
        self._blobs[name] = Blob(name, member.stored, compression, scanned=scanned)

    def _keep(self, name: str, head: bytes, body: _Body) -> None:
        if body.size > MAX_JSON:
            return
        self._json_bytes += body.size
        if self._json_bytes > MAX_ALL_JSON:
            raise ArchiveError(f"{self.label} holds over {MAX_ALL_JSON >> 20} MiB of JSON: no image has so much")
        self._json[name] = head + body.exactly(body.size - len(head))

    def _drain(self) -> None:
        """Read on to the end: a compressed archive has its checksum there, and a writer at a pipe wants to finish."""
        left = _MAX_AFTER_END
        while left > 0 and (data := self._some(_SKIP)):
            left -= len(data)

    def names(self) -> list[str]:
        """Return the names of all regular members."""
        return list(self._blobs)

    def has(self, name: str) -> bool:
        """Tell whether a member of that name was there, through links."""
        return self._links.resolve(name) in self._blobs

    def json(self, name: str) -> bytes | None:
        """Return a small member's bytes. Raises ``ArchiveError`` for one that was too large, or no JSON."""
        name = self._links.resolve(name)
        blob = self._blobs.get(name)
        if blob is None:
            return None
        data = self._json.get(name)
        self._json_left -= blob.size if data is not None else 0
        if data is None or self._json_left < 0:
            what = f"is too large for what it is{OVER}" if blob.size > MAX_JSON or data is not None else "is not JSON"
            raise ArchiveError(f"{self.label}: {shown(name)} ({blob.size:,} bytes) {what}")
        return data

    def blob(self, name: str) -> Blob | None:
        """Return what was made of a layer's blob."""
        return self._blobs.get(self._links.resolve(name))

    def identity(self) -> None:
        """Return nothing: a stream can't be told from another."""

    def close(self) -> None:
        """Do nothing: the stream has ended."""


class _Body:
    """The bytes of one member of a stream."""

    def __init__(self, store: StreamStore, name: str, size: int) -> None:
        self._store = store
        self._name = name
        self.size = size
        self._left = size
        self._again = b""
        self.failed: BaseException | None = None

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, ``b""`` at the member's end. Raises ``ArchiveError`` when the archive ends."""
        if self._again:
            data, self._again = self._again[:size], self._again[size:]
            return data
        if not self._left or size <= 0:
            return b""
        try:
            data = self._store._some(min(size, self._left))
            if not data:
                raise ArchiveError(f"{self._store.label} is cut short: it ends inside {shown(self._name)}")
        except BaseException as error:
            # Also when a scanner takes it for the layer's own fault, or runs elsewhere.
            self.failed = error
            raise
        self._left -= len(data)
        return data

    def exactly(self, size: int) -> bytes:
        """Return ``size`` bytes."""
        parts: list[bytes] = []
        while size > 0:
            parts.append(self.read(size))
            size -= len(parts[-1])
        return b"".join(parts)

    def unread(self, data: bytes) -> None:
        """Give bytes back, to be read again."""
        self._again = data

    def pass_over(self) -> None:
        """Read what is left to nowhere."""
        self._again = b""
        while self._left:
            self.read(_SKIP)
