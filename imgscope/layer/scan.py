"""Scans one layer's tar into a ``LayerIndex``: the loop that every byte of speed rests on.

Two ways in. ``scan_file`` hops from header to header of a tar on disk and never reads contents. ``scan_stream``
takes bytes that come only once (decompressed, or from an engine); they pass by anyway, so it also takes each
file's fingerprint. Both use one loop; ordinary headers are read in place there, all others by
``tar.header.read_member``.
"""

from __future__ import annotations

import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from struct import Struct
from struct import error as Error
from typing import Protocol, TypeVar
from zlib import adler32

from ..bounds import FREE_NAME, HOLE_BYTES, LIMITS, MEMBERS, Costs, exceeded
from ..errors import LayerError
from ..escape import escape
from ..paths import clean, lexical, split
from ..tar.header import BLOCK, Member, TarError, read_member, sparse_pieces
from .index import (
    BLOCK_DEVICE,
    CHARACTER,
    DIRECTORY,
    FIFO,
    FILE,
    FINGERPRINT,
    HARDLINK,
    NOT_ALL,
    SYMLINK,
    LayerIndex,
    Marker,
)
from .names import OPAQUE_WHITEOUT, WHITEOUT_PREFIX, is_bookkeeping
from .parts import MAX_ELF, PREFIX, Missing, Part, part_of, parts_of, windows
from .retention import MAX_FILE, MAX_LAYER, MAX_LOADER, MAX_SCRIPT, Retention, first_line
from .texts import Texts, Wants
from .unpack import Event, settle

WINDOW = 1 << 17
READ = 1 << 20
# Longer paths can't be unpacked by any engine (PATH_MAX of Linux).
MAX_NAME = 4096
MAX_NOTES = 20
# A sparse file's holes count as content up to here; beyond, its map and pieces are fingerprinted instead.
MAX_HOLES = 1 << 28

_KINDS = {
    ord("0"): FILE,
    ord("1"): HARDLINK,
    ord("2"): SYMLINK,
    ord("3"): CHARACTER,
    ord("4"): BLOCK_DEVICE,
    ord("5"): DIRECTORY,
    ord("6"): FIFO,
    ord("D"): DIRECTORY,
}
# What the loop itself reads: kinds by typeflag, a header that may give a long name, and all else.
_UNUSUAL, _LONG_NAME = -1, -2
_ORDINARY = [_UNUSUAL] * 256
for _flag in b"0125":
    _ORDINARY[_flag] = _KINDS[_flag]
for _flag in b"xL":
    _ORDINARY[_flag] = _LONG_NAME
# Name; mode, uid and gid; size without its end; mtime; checksum; typeflag; first byte of the prefix.
_FIELDS = Struct("100s24s11sx12s8sB188xB")
# How an ELF file begins (elf(5)).
ELF = b"\x7fELF"
SCRIPT = b"#!"
_HEADS = (ELF, SCRIPT)
# A password file of old that holds the passwords' hashes itself (passwd(5)).
_HASHED = rb"(?m)^[^:\n]*:[^:\n]{2,}:"
_NO_FINGERPRINT = bytes(FINGERPRINT)
_OCTAL = re.compile(rb"[0-7]+")
_MTIME_MIN, _MTIME_MAX = -(1 << 63), (1 << 63) - 1

Result = TypeVar("Result")


class _Unusual(Exception):
    """A header that is not of the ordinary form: ``tar.header`` reads it, or says what is wrong with it."""


class _Bytes(Protocol):
    """The bytes of a tar, met in growing order."""

    def window(self, position: int) -> tuple[bytes, int]:
        """Return a buffer that holds ``position`` and the offset of its first byte.

        At least a block follows ``position`` in it, unless the tar ends before.
        """

    def at(self, position: int, size: int) -> bytes:
        """Return exactly ``size`` bytes, or ``b""`` where the tar ends at ``position``. Raises ``TarError``."""

    elf: bool
    """Whether the bytes that were fingerprinted last may be an ELF file, or are a script."""
    parts: list[Part] | None
    """Parts of the ELF file that was fingerprinted last, or ``None``."""
    script: bytes | None
    """The content of the script that was fingerprinted last, if it is small, else its first line."""
    whole: bytes
    """The beginning of that file, or all of it."""

    def fingerprint(self, position: int, size: int) -> bytes:
        """Return the fingerprint of a stretch of bytes."""

    def finish(self) -> int:
        """Return the tar's length in bytes, once all of it has been read."""


class InFile:
    """A tar within a seekable file, read in windows; mapping it would count its pages as our memory."""

    elf = False
    parts: list[Part] | None = None
    script: bytes | None = None
    whole = b""

    def __init__(self, fd: int, start: int, length: int, stop: int | None = None) -> None:
        self.fd = fd
        self.start = start
        self.length = length
        # No window reaches further, so that a scan up to here asks for the next one once it is here.
        self.stop = length if stop is None else min(stop, length)

    def window(self, position: int) -> tuple[bytes, int]:
        """See ``_Bytes``."""
        size = min(WINDOW, self.stop - position)
        return (os.pread(self.fd, size, self.start + position) if size > 0 else b""), position

    def at(self, position: int, size: int) -> bytes:
        """See ``_Bytes``."""
        if position >= self.length:
            if position > self.length:
                raise TarError(f"it ends in the middle of a file, at {self.length:,} bytes")
            return b""
        data = os.pread(self.fd, min(size, self.length - position), self.start + position)
        if len(data) != size:
            raise TarError(f"it ends in the middle of a header, at {self.length:,} bytes")
        return data

    def fingerprint(self, position: int, size: int) -> bytes:
        """Refuse."""
        raise NotImplementedError("contents of a tar on disk are read when they are asked for")

    def finish(self) -> int:
        """Return the tar's length."""
        return self.length


class _Heads:
    """A tar of which there are headers alone."""

    elf = False
    parts: list[Part] | None = None
    script: bytes | None = None
    whole = b""

    def __init__(self, places: Sequence[int], heads: Sequence[bytes], length: int) -> None:
        self.places = places
        self.heads = heads
        self.length = length

    def window(self, position: int) -> tuple[bytes, int]:
        place = bisect_right(self.places, position) - 1
        return (self.heads[place], self.places[place]) if place >= 0 and position < self.length else (b"", position)

    def at(self, position: int, size: int) -> bytes:
        data, base = self.window(position)
        data = data[position - base :][:size]
        if data and len(data) != size:
            raise TarError("it ends in the middle of a header")
        return data

    def fingerprint(self, position: int, size: int) -> bytes:
        raise NotImplementedError("contents are read when they are asked for")

    def finish(self) -> int:
        return self.length


class _Stream:
    """A tar that comes once, in pieces: keeps one piece, and joins the ends of two where a header straddles."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        from xxhash import xxh3_128, xxh3_128_digest

        self.read = read
        self.piece = b""
        self.base = 0
        # The end of the last piece with the start of this one, where a header lies across the two.
        self.seam = b""
        self.seam_base = 0
        self.ended = False
        self.elf = False
        self.parts: list[Part] | None = None
        self.script: bytes | None = None
        self.whole = b""
        self.hash = xxh3_128
        self.digest = xxh3_128_digest

    def _next(self) -> bool:
        """Take the next piece; ``False`` at the end."""
        if self.ended:
            return False
        piece = self.read(READ)
        self.base += len(self.piece)
        self.piece = piece
        if not piece:
            self.ended = True
            return False
        return True

    def _reach(self, position: int) -> bool:
        while position >= self.base + len(self.piece):
            if not self._next():
                return False
        return True

    def window(self, position: int) -> tuple[bytes, int]:
        if not self._reach(position):
            return b"", position
        offset = position - self.base
        if len(self.piece) - offset >= BLOCK:
            return self.piece, self.base
        rest = self.piece[offset:]
        while len(rest) < BLOCK and self._next():
            rest += self.piece[:BLOCK]
        self.seam, self.seam_base = rest, position
        return rest, position

    def at(self, position: int, size: int) -> bytes:
        if position < self.base:
            return self._across(position, size)
        if not self._reach(position):
            if position > self.base + len(self.piece):
                raise TarError(f"it ends in the middle of a file, at {self.base:,} bytes")
            return b""
        offset = position - self.base
        data = self.piece[offset : offset + size]
        if len(data) < size:
            parts, have = [data], len(data)
            while have < size and self._next():
                parts.append(self.piece[: size - have])
                have += len(parts[-1])
            data = b"".join(parts)
            if have < size:
                raise TarError(f"it ends in the middle of a header, at {self.base:,} bytes")
        return data

    def _across(self, position: int, size: int) -> bytes:
        offset = position - self.seam_base
        data = self.seam[offset : offset + size] if offset >= 0 else b""
        if len(data) < size:
            data += self.at(position + len(data), size - len(data)) if data else b""
        if len(data) < size:
            if self.ended:
                raise TarError(f"it ends in the middle of a header, at {self.base:,} bytes")
            raise TarError("it can't be read in order")
        return data

    def fingerprint(self, position: int, size: int) -> bytes:
        end = position + size
        self.elf = False
        if not size:
            return self.digest(b"")
        reached = self._reach(position)
        offset = position - self.base
        # Where the first bytes lie across two pieces it may be one.
        self.elf = self.piece.startswith(_HEADS, offset) or offset + len(ELF) > len(self.piece)
        if self.elf:
            return self._special(position, size)
        if reached and end <= self.base + len(self.piece):
            return self.digest(memoryview(self.piece)[position - self.base : end - self.base])
        state = self.hash()
        while position < end and self._reach(position):
            offset = position - self.base
            part = memoryview(self.piece)[offset : offset + end - position]
            state.update(part)
            position += len(part)
        if position < end:
            raise TarError(f"it ends in the middle of a file, at {self.base:,} bytes")
        return state.digest()

    def _special(self, position: int, size: int) -> bytes:
        """Fingerprint what may be an ELF file or a script, and take what is kept of it."""
        self.parts = self.script = None
        end = position + size
        length = min(size, READ if size > PREFIX else size)
        try:
            first = self.at(position, length)
        except TarError:
            first = b""
        if len(first) != length:
            raise TarError(f"it ends in the middle of a file, at {self.base:,} bytes")
        self.whole = first
        elf = first.startswith(ELF)
        if first.startswith(SCRIPT):
            self.script = first if size <= MAX_SCRIPT else first_line(first)
        self.elf = elf or self.script is not None
        held = [(0, first)]
        if len(first) == size:
            fingerprint = self.digest(first)
        else:
            state = self.hash(first)
            wanted = windows(first, size) if elf and size <= MAX_ELF else []
            spans = [(0, PREFIX), *wanted] if elf and size <= MAX_ELF else []
            parts = [bytearray(first), *(bytearray() for _ in wanted)]
            position += len(first)
            done = len(first)
            while position < end and self._reach(position):
                offset = position - self.base
                part = memoryview(self.piece)[offset : offset + end - position]
                state.update(part)
                for (start, stop), have in zip(spans, parts, strict=False):
                    if start < done + len(part) and done < stop:
                        have += part[max(start - done, 0) : stop - done]
                position += len(part)
                done += len(part)
            if position < end:
                raise TarError(f"it ends in the middle of a file, at {self.base:,} bytes")
            held = [(start, bytes(have)) for (start, _), have in zip(spans, parts, strict=False)]
            fingerprint = state.digest()
        if elf and size <= MAX_ELF:
            with suppress(Missing, Error, ValueError, OverflowError):
                self.parts = parts_of(lambda offset, length: part_of(held, size, offset, length), size)
        return fingerprint

    def finish(self) -> int:
        while self._next():
            pass
        return self.base


class _Digesting(_Stream):
    """The same, which also takes the sha256 of what is fingerprinted: ``digests``, by where the content starts."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        super().__init__(read)
        from hashlib import sha256

        self.digests: dict[int, bytes] = {}
        self._at = 0
        plain_hash, plain_digest, digesting = self.hash, self.digest, self

        class Both:
            """Two digests under way, of the same bytes."""

            def __init__(self, data: bytes = b"") -> None:
                self.plain, self.sha = plain_hash(data), sha256(data, usedforsecurity=False)

            def update(self, data: bytes | memoryview) -> None:
                self.plain.update(data)
                self.sha.update(data)

            def digest(self) -> bytes:
                digesting.digests[digesting._at] = self.sha.digest()
                return self.plain.digest()

        def digest(data: bytes | memoryview) -> bytes:
            self.digests[self._at] = sha256(data, usedforsecurity=False).digest()
            return plain_digest(data)

        self.hash = Both  # type: ignore[assignment]
        self.digest = digest  # type: ignore[assignment]

    def fingerprint(self, position: int, size: int) -> bytes:
        self._at = position
        return super().fingerprint(position, size)

    def take(self, position: int, data: bytes) -> None:
        """Take the digest of a content that is at hand."""
        self._at = position
        self.digest(data)


def _shown(name: bytes) -> str:
    """Write a name as it may stand in a note."""
    return escape(name[:80].decode("utf-8", "surrogateescape"))


class Scan:
    """One scan under way: the index that grows, and what has to wait until the tar's end."""

    def __init__(self, source: _Bytes, hashing: bool, keep: int = 0, texts: Texts | None = None) -> None:
        self.source = source
        self.index = LayerIndex(fingerprints=bytearray() if hashing else None)
        self.meta_rows: dict[tuple[int, int, int], int] = {}
        self.whiteouts: list[Event] = []
        self.opaques: list[tuple[int, bytes]] = []
        self.directories: dict[bytes, dict[bytes, int] | None] = {}
        # Entries whose names were clamped: where they would be without; -1 for what is not an entry.
        self.clamped: dict[int, bytes] = {}
        self.records: dict[bytes, bytes] = {}
        self.may_keep = min(keep, MAX_LAYER)
        self.texts = texts if texts is not None else Texts() if hashing else None
        self.retention = self.texts.retention if self.texts is not None else Retention()
        self.costs = Costs()
        # Where the member is that was not scanned yet; None once the tar has ended.
        self.reached: int | None = 0

    def note(self, text: str) -> None:
        """Say what is odd, if not too much is yet."""
        if len(self.index.notes) < MAX_NOTES:
            self.index.notes.append(text)

    def meta(self, mode: int, uid: int, gid: int) -> int:
        """Return the row of (mode, uid, gid), made when it is new."""
        row = self.meta_rows.setdefault((mode, uid, gid), len(self.meta_rows))
        if row == len(self.index.meta_table):
            self.index.meta_table.append((mode, uid, gid))
        return row

    def directory(self, raw: bytes) -> dict[bytes, int] | None:
        """Return the names of a directory as the tar writes it, or ``None`` for AUFS's bookkeeping."""
        path, clamped = clean(raw)
        if WHITEOUT_PREFIX not in path and not clamped:
            # Nearly all are so.
            names = self.index.children.get(path)
            if names is None:
                names = self.index.children[path] = {}
            self.directories[raw] = names
            return names
        if clamped:
            self.note(f"names that climb above the root ({_shown(raw)}) were clamped to it")
        if WHITEOUT_PREFIX in path:
            self.index.odd = True
        names = None
        if not clamped and not is_bookkeeping(path + b"/x"):
            names = self.index.children.setdefault(path, {})
        self.directories[raw] = names
        return names

    def place(self, name: bytes, entry: int, kind: int, size: int, meta: int, link: bytes) -> bool:
        """Put a new entry, whiteout or opaque whiteout where its name says; ``True`` if it is an entry."""
        if self._put(name, entry):
            return True
        written = lexical(name)
        if written != clean(name)[0]:
            self.clamped[-1] = b""
        if written or name[:1] == b"/":
            self.index.markers.append(Marker(written, kind, size, meta, link.partition(b"\0")[0]))
            if size:
                self.index.odd = True
        return False

    def _put(self, name: bytes, entry: int) -> bool:
        path, clamped = clean(name)
        if clamped:
            self.note(f"names that climb above the root ({_shown(name)}) were clamped to it")
            self.index.odd = True
        directory, tail = split(path)
        if WHITEOUT_PREFIX in directory:
            self.index.odd = True
        if not path or is_bookkeeping(path):
            self.index.odd |= bool(path)
            return False
        if tail == OPAQUE_WHITEOUT:
            self.opaques.append((entry, directory))
            return False
        if tail.startswith(WHITEOUT_PREFIX):
            removed = tail[len(WHITEOUT_PREFIX) :]
            if removed in (b"", b".", b".."):
                self.note(f"a whiteout that names nothing ({_shown(tail)}) was ignored")
                self.index.odd = True
            else:
                self.whiteouts.append((entry, directory, removed))
            return False
        if clamped:
            self.clamped[entry] = lexical(name)
        names = self.index.children.setdefault(directory, {})
        old = names.get(tail)
        if old is not None:
            self.index.repeated.append((directory, tail, old))
        names[tail] = entry
        return True

    def member(self, position: int) -> int | None:
        """Read the member at ``position`` the thorough way; return where the next one is, ``None`` at the end."""
        member = read_member(self.source.at, position, self.records, self.costs)
        if member is None:
            return None
        index = self.index
        for name in (member.name, member.link):
            if len(name) > MAX_NAME:
                raise TarError(f"a name is {len(name):,} bytes long")
            self.costs.name(len(name))
        kind = _KINDS.get(member.typeflag, FILE)
        if member.typeflag == ord("V"):
            return member.next
        if kind == FILE and member.typeflag == 0 and member.name.endswith(b"/"):
            kind = DIRECTORY
        entry = len(index.kinds)
        meta = self.meta(member.mode, member.uid, member.gid)
        if not self.place(member.name, entry, kind, member.size, meta, member.link):
            return member.next
        index.kinds.append(kind)
        index.sizes.append(member.size if kind == FILE else 0)
        index.offsets.append(member.data)
        index.metas.append(meta)
        index.mtimes.append(min(max(member.mtime_ns, _MTIME_MIN), _MTIME_MAX))
        if kind == SYMLINK:
            index.links[entry] = member.link
        elif kind == HARDLINK:
            index.links[entry] = clean(member.link)[0]
        elif kind in (CHARACTER, BLOCK_DEVICE):
            index.devices[entry] = (member.major, member.minor)
        flag = member.typeflag or (ord("5") if kind == DIRECTORY else ord("0"))
        plain = _KINDS.get(flag) == kind and (kind == FILE or not member.size)
        if not plain or index.links.get(entry, b"") != member.link:
            self.claim(entry, flag, member.size, member.link)
        if member.xattrs:
            index.xattrs[entry] = member.xattrs
        if member.sparse is not None:
            index.sparse[entry] = member.sparse
            holes = member.size - sum(member.sparse[1::2])
            self.costs.add(HOLE_BYTES, holes if holes <= MAX_HOLES else 0)
        if index.fingerprints is not None:
            index.fingerprints += self._fingerprint(member, entry) if kind == FILE else _NO_FINGERPRINT
        return member.next

    def claim(self, entry: int, typeflag: int, size: int, link: bytes) -> None:
        """Remember what a header says that the columns don't tell."""
        self.index.claims[entry] = typeflag, size, link
        if size != self.index.sizes[entry]:
            self.index.odd = True

    def keep(self, entry: int, position: int, size: int, directory: bytes, name: bytes) -> bytes:
        """Keep an entry's content, if it is small enough, or take it up to be judged; return its fingerprint."""
        endings = self.retention.endings(directory)
        database = bool(endings) and name.endswith(endings)
        if size > min(MAX_FILE, self.may_keep):
            return self.passed(entry, position, size, directory, name)
        from xxhash import xxh3_128_digest

        data = self.source.at(position, size) if size else b""
        if len(data) != size:
            raise TarError("it ends in the middle of a file")
        if database:
            if name != b"passwd" or re.search(_HASHED, data) is None:
                self.may_keep -= size
                self.index.kept[entry] = data
        elif self.texts is not None:
            self.texts.take(entry, directory, name, data)
        if data.startswith(SCRIPT):
            self.head(entry, first_line(data))
        elif data.startswith(ELF):
            self.index.elf.append(entry)
        if isinstance(self.source, _Digesting):
            self.source.take(position, data)
        return xxh3_128_digest(data)

    def passed(self, entry: int, position: int, size: int, directory: bytes, name: bytes) -> bytes:
        """Let a content pass; return its fingerprint."""
        fingerprint = self.source.fingerprint(position, size)
        if self.source.elf:
            self.special(entry, directory, name)
        return fingerprint

    def special(self, entry: int, directory: bytes, name: bytes) -> None:
        """Keep what is wanted of an ELF file or a script that has passed by."""
        index, parts, script = self.index, self.source.parts, self.source.script
        if script is None:
            index.elf.append(entry)
            whole = self.source.whole
            loader = name.startswith(self.retention.loaders)
            if loader and len(whole) == index.sizes[entry] <= min(MAX_LOADER, self.may_keep):
                # Where a loader looks for libraries is told by its own words.
                self.may_keep -= len(whole)
                index.kept[entry] = whole
        if parts is not None and (size := sum(len(data) for _, data in parts)) <= self.may_keep:
            self.may_keep -= size
            index.parts[entry] = parts
        if script is not None:
            self.head(entry, first_line(script))
            if self.texts is not None and len(script) == index.sizes[entry] and self.texts.script(directory):
                self.texts.take(entry, directory, name, script)

    def head(self, entry: int, line: bytes) -> None:
        """Keep the first line of a script."""
        if len(line) > self.may_keep:
            self.index.heads[NOT_ALL] = b""
            return
        self.may_keep -= len(line)
        self.index.heads[entry] = line

    def judged(self) -> None:
        """Judge what was taken up: only what holds no secret is kept."""
        # Where names lead through links files are not at the places that they were judged by.
        if self.texts is not None and self.index.written is None:
            found, harmless = self.texts.judge()
            self.index.judged.update(found)
            for entry, data in harmless.items():
                if len(data) <= self.may_keep:
                    self.may_keep -= len(data)
                    self.index.kept[entry] = data

    def _fingerprint(self, member: Member, entry: int) -> bytes:
        if member.sparse is None:
            head, _, tail = member.name.rpartition(b"/")
            if self.texts is not None and self.texts.wants(head)(tail, member.size):
                return self.keep(entry, member.data, member.size, head, tail)
            return self.passed(entry, member.data, member.size, head, tail)
        return sparse_fingerprint(member.sparse, member.size, member.data, self.source.at)

    def run(self) -> LayerIndex:
        """Scan all of the tar."""
        self.walk()
        return self.finish()

    def walk(self, position: int = 0, stop: int | None = None) -> None:
        """Scan from the member at ``position`` up to the first one that is at ``stop`` or beyond, or to the tar's end.

        Where that is, ``reached`` has; ``None`` for the end.
        """
        index, source = self.index, self.source
        kinds, links = index.kinds, index.links
        add_kind, add_size, add_offset = kinds.append, index.sizes.append, index.offsets.append
        add_meta, add_mtime = index.metas.append, index.mtimes.append
        wants = self.texts.wants if self.texts is not None else None
        fingerprints = index.fingerprints
        directories, repeated = self.directories, index.repeated
        # Raw header fields repeat a lot: each distinct one is parsed once.
        meta_of: dict[bytes, int] = {}
        mtime_of: dict[bytes, int] = {}
        sum_of: dict[bytes, int] = {}
        window, fingerprint, records, codes = source.window, source.fingerprint, self.records, _ORDINARY
        fields = _FIELDS.unpack_from
        entry, members = len(kinds), index.members
        costs, most = self.costs, LIMITS[MEMBERS][0]
        buffer, base, here, limit = b"", 0, 0, -1
        last: bytes | None = None
        names: dict[bytes, int] | None = None
        # What tells which of a directory's files to keep, and whose: asked where a file comes, not for directories.
        keep: Wants = _nothing
        keep_in: bytes | None = None
        while True:
            if here > limit:
                if members > most:
                    raise exceeded(MEMBERS)
                if stop is not None and position >= stop:
                    self.reached = position
                    break
                buffer, base = window(position)
                here = position - base
                limit = len(buffer) - BLOCK
            # The ordinary case is read in place: a regular file, directory or link with octal numbers and no
            # prefix, perhaps after one header that gives nothing but its long name. All else, the end and
            # what is damaged included, goes the thorough way from the member's first header.
            try:
                if here > limit or records:
                    raise _Unusual
                name, meta_field, size_field, mtime_field, sum_field, flag, prefix = fields(buffer, here)
                code = codes[flag]
                header = here
                if code >= 0:
                    name = name.partition(b"\0")[0]
                else:
                    if code != _LONG_NAME:
                        raise _Unusual
                    long_name, header = _long_name(buffer, here)
                    if header > limit:
                        raise _Unusual
                    name, meta_field, size_field, mtime_field, sum_field, flag, prefix = fields(buffer, header)
                    name, code = long_name, codes[flag]
                    if code < 0:
                        raise _Unusual
                    if len(name) > FREE_NAME:
                        costs.name(len(name))
                if prefix:
                    raise _Unusual
                total = sum_of.get(sum_field)
                if total is None:
                    total = sum_of[sum_field] = _expected_sum(sum_field)
                if adler32(buffer[header : header + 512]) & 0xFFFF != total:
                    raise _Unusual
                meta = meta_of.get(meta_field)
                if meta is None:
                    meta = meta_of[meta_field] = self._meta(meta_field)
                mtime = mtime_of.get(mtime_field)
                if mtime is None:
                    mtime = mtime_of[mtime_field] = _mtime(mtime_field)
                if code:
                    size = 0
                else:
                    if not size_field.isdigit():
                        raise _Unusual
                    size = int(size_field, 8)
            except (_Unusual, ValueError):
                following = self.member(position)
                if following is None:
                    self.reached = None
                    break
                members += 1
                entry = len(kinds)
                position = following
                here = position - base
                last = None
                continue
            if code == DIRECTORY and name[-1:] == b"/":
                name = name[:-1]
            head, _, tail = name.rpartition(b"/")
            members += 1
            position += BLOCK + header - here
            if not tail or tail[0] == 46:
                # Hidden names are few; whiteouts, dots and bookkeeping are among them.
                placed = self.place(name, entry, code, size, meta, buffer[header + 157 : header + 257])
            else:
                if head != last:
                    last = head
                    names = directories[head] if head in directories else self.directory(head)
                if names is None:
                    placed = self.place(name, entry, code, size, meta, buffer[header + 157 : header + 257])
                else:
                    placed = True
                    if (old := names.setdefault(tail, entry)) != entry:
                        repeated.append((clean(head)[0], tail, old))
                        names[tail] = entry
            if not placed:
                position += (size + 511) & -512
                here = position - base
                continue
            add_kind(code)
            add_size(size)
            add_offset(position)
            add_meta(meta)
            add_mtime(mtime)
            if fingerprints is not None:
                if code:
                    fingerprints += _NO_FINGERPRINT
                else:
                    if head != keep_in and wants is not None:
                        keep, keep_in = wants(head), head
                    if keep(tail, size):
                        fingerprints += self.keep(entry, position, size, head, tail)
                    else:
                        fingerprints += fingerprint(position, size)
                        if source.elf:
                            self.special(entry, head, tail)
            if size:
                position += (size + 511) & -512
            elif code in (SYMLINK, HARDLINK):
                link = buffer[header + 157 : header + 257].partition(b"\0")[0]
                links[entry] = target = link if code == SYMLINK else clean(link)[0]
                field = buffer[header + 124 : header + 136].strip(b" \0")
                if target != link or field.strip(b"0"):
                    self.claim(entry, buffer[header + 156], int(field, 8) if _OCTAL.fullmatch(field) else 0, link)
            entry += 1
            here = position - base
        index.members = members

    def finish(self) -> LayerIndex:
        """Return the index, once all of the tar was scanned."""
        index, costs = self.index, self.costs
        index.tar_bytes = self.source.finish()
        costs.add(MEMBERS, index.members)
        settle(index, self.whiteouts, self.opaques, self.clamped, costs)
        self.judged()
        index.costs = costs.spent
        return index

    def _meta(self, field: bytes) -> int:
        """Parse mode, uid and gid from their 24 bytes. Raises ``ValueError`` where they are not plain octal."""
        mode, uid, gid = (_octal(field[i : i + 8]) for i in (0, 8, 16))
        return self.meta(mode & 0o7777, uid, gid)


def _nothing(name: bytes, size: int) -> bool:
    """Keep no file."""
    return False


def _octal(field: bytes) -> int:
    """Parse a field of octal digits that NULs or spaces follow. Raises ``ValueError`` for all else."""
    digits = field.rstrip(b"\0 ")
    if not digits.isdigit():
        raise ValueError(field)
    return int(digits, 8)


def _mtime(field: bytes) -> int:
    return min(_octal(field) * 1_000_000_000, _MTIME_MAX)


def _expected_sum(field: bytes) -> int:
    """Turn a header's checksum field into what Adler-32's low half of the whole block must be.

    The checksum counts its own field as eight spaces, the block that is summed holds the field itself; the low
    half is one more than the sum, modulo 65521.
    """
    return (_octal(field.lstrip(b" ")) - 256 + sum(field) + 1) % 65521


def _long_name(buffer: bytes, here: int) -> tuple[bytes, int]:
    """Read a header that gives nothing but a long name (PAX ``path`` or GNU ``L``).

    Returns the name and where the header that it belongs to starts in the buffer. Raises ``_Unusual`` (or
    ``ValueError``) when it says more than that, is damaged, or isn't wholly in the buffer.
    """
    if adler32(buffer[here : here + BLOCK]) & 0xFFFF != _expected_sum(buffer[here + 148 : here + 156]):
        raise _Unusual
    size = _octal(buffer[here + 124 : here + 136])
    start = here + BLOCK
    if start + size > len(buffer) or size > MAX_NAME:
        raise _Unusual
    data = buffer[start : start + size]
    if buffer[here + 156] == 76:
        name = data.partition(b"\0")[0]
    else:
        length, _, record = data.partition(b" ")
        if record[:5] != b"path=" or record[-1:] != b"\n" or int(length) != size:
            raise _Unusual
        name = record[5:-1]
        if b"\0" in name:
            raise _Unusual
    return name, start + ((size + 511) & -BLOCK)


def sparse_fingerprint(sparse: array[int], size: int, data: int, at: Callable[[int, int], bytes]) -> bytes:
    """Fingerprint a sparse file: of its content with the holes as zeros, so that it equals a plain copy's.

    Where the holes alone are over 256 MiB (they cost an archive nothing), the map and the pieces are
    fingerprinted instead, and the file equals only one stored in the same way. ``at(offset, size)`` reads the
    tar, ``data`` is where the first piece starts.
    """
    from xxhash import xxh3_128

    state = xxh3_128()
    holes = size - sum(sparse[1::2])
    if holes > MAX_HOLES:
        state.update(b"%d %s" % (size, sparse.tobytes()))
    position = 0
    zeros = bytes(1 << 16)
    for offset, length in sparse_pieces(sparse):
        if holes <= MAX_HOLES:
            _zeros(state.update, offset - position, zeros)
        position = offset + length
        while length:
            part = at(data, min(length, READ))
            if not part:
                raise TarError("it ends in the middle of a file")
            state.update(part)
            data += len(part)
            length -= len(part)
    if holes <= MAX_HOLES:
        _zeros(state.update, size - position, zeros)
    return state.digest()


def _zeros(update: Callable[[bytes], None], count: int, zeros: bytes) -> None:
    while count > 0:
        update(zeros[:count])
        count -= len(zeros)


def scan_file(fd: int, start: int, length: int) -> LayerIndex:
    """Index the plain tar that takes ``length`` bytes from ``start`` of a seekable file.

    Headers are read, contents are not. Raises ``LayerError`` when the tar is truncated or corrupt, ``LimitError`` when
    it holds more of something than any image needs.
    """
    return reading(Scan(InFile(fd, start, length), hashing=False).run)


def scan_stream(
    read: Callable[[int], bytes], keep: int = MAX_LAYER, texts: Texts | None = None, *, digests: bool = False
) -> LayerIndex:
    """Index a plain tar that comes in sequence, and fingerprint every regular file as it passes.

    ``read(n)`` returns up to ``n`` bytes, ``b""`` at the end; it is called until then. At most ``keep`` bytes of
    contents are kept in the index, those without secrets among what ``texts`` takes up included. With ``digests`` it
    has the sha256 of every regular file's content, sparse ones' not. Raises ``LayerError`` when the tar is truncated or
    corrupt, ``LimitError`` when it holds more of something than any image needs, and whatever ``read`` raises.
    """
    stream = _Digesting(read) if digests else _Stream(read)
    index = reading(Scan(stream, hashing=True, keep=keep, texts=texts).run)
    if isinstance(stream, _Digesting):
        known = stream.digests
        index.digests = {entry: known[start] for entry, start in enumerate(index.offsets) if start in known}
    return index


def scan_listed(places: Sequence[int], heads: Sequence[bytes], length: int) -> LayerIndex:
    """Index a tar of ``length`` bytes that is known by its headers alone: ``heads`` (with what extends them) and where
    they stand in it, in order. Raises as ``scan_file``.
    """
    return reading(Scan(_Heads(places, heads, length), hashing=False).run)


def reading(work: Callable[[], Result]) -> Result:
    """Do some ``work`` of a scan. Raises ``LayerError`` for what is wrong with the tar."""
    try:
        return work()
    except TarError as error:
        raise LayerError(f"the layer's tar can't be read: {error}") from None
