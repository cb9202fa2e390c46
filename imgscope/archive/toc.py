"""Tables of contents that some layers carry: eStargz (docs/estargz.md of the stargz snapshotter) and zstd:chunked
(containers/storage). What they say of files is their writer's word; what a file's bytes are, their digests prove.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import msgspec

from ..errors import ArchiveError
from ..tar.header import BLOCK
from .digests import Unverifiable, algorithm_of, digest_of

ESTARGZ, CHUNKED = "eStargz", "zstd:chunked"
ESTARGZ_DIGEST = "containerd.io/snapshot/stargz/toc.digest"
# Podman and skopeo of before 2023 leave "github" out.
_CHUNKED = ("io.github.containers.zstd-chunked.", "io.containers.zstd-chunked.")
_POSITION, _CHECKSUM = "manifest-position", "manifest-checksum"
FOOTER = 51
"""Bytes of eStargz's footer: an empty gzip member that says where the table begins."""
MAX_TABLE = 32 << 20
"""A table that is longer, in bytes of JSON, is not read: then the layer is."""
_FOOTER = re.compile(rb"\x1f\x8b\x08\x04.{4}.{2}\x1a\x00SG\x16\x00([0-9a-fA-F]{16})STARGZ.{13}", re.DOTALL)
_TABLE = "stargz.index.json"


class TableError(ArchiveError):
    """A table of contents can't be used: it is not what the manifest says, or too large."""


class Row(msgspec.Struct, rename="camel"):
    """A row of a table: a file, or a further piece (``chunk``) of the one before."""

    name: str
    type: str
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    modtime: str = ""
    link_name: str = ""
    dev_major: int = 0
    dev_minor: int = 0
    xattrs: dict[str, str] | None = None
    digest: str = ""
    offset: int = 0
    end_offset: int = 0
    inner_offset: int = 0
    chunk_offset: int = 0
    chunk_size: int = 0
    chunk_digest: str = ""
    chunk_type: str = ""


class _Table(msgspec.Struct):
    entries: list[Row]


@dataclass(frozen=True, slots=True)
class Table:
    """A layer's table: its ``rows``, in the order of the tar, of the form ``kind``; it ends before ``end`` in the blob.

    ``read`` are the bytes that had to be read for it. ``header`` is the table's own header in the tar, where it is a
    file of the layer itself, with ``text``.
    """

    kind: str
    rows: list[Row]
    end: int
    read: int
    header: bytes = b""
    text: bytes = b""


def kind_of(annotations: dict[str, str]) -> str | None:
    """Tell which table a layer's annotations speak of. Raises ``ArchiveError`` for both at once, as containers/storage.

    A table without a digest in the manifest is none: nothing would prove it.
    """
    estargz = bool(annotations.get(ESTARGZ_DIGEST))
    chunked = bool(_chunked(annotations, _POSITION)) and bool(_chunked(annotations, _CHECKSUM))
    if estargz and chunked:
        raise ArchiveError(
            "it has two tables of contents, of eStargz and of zstd:chunked, which may say different things: refused"
        )
    return ESTARGZ if estargz else CHUNKED if chunked else None


def _chunked(annotations: dict[str, str], name: str) -> str:
    return next((annotations[prefix + name] for prefix in _CHUNKED if annotations.get(prefix + name)), "")


def footer(data: bytes, size: int) -> int:
    """Return where eStargz's table begins in a blob of ``size`` bytes, by its footer. Raises ``TableError``."""
    found = _FOOTER.fullmatch(data)
    start = int(found[1], 16) if found else size
    if not 0 <= start < size - FOOTER:
        raise TableError("its footer is not eStargz's")
    return start


def position(annotations: dict[str, str], size: int) -> tuple[int, int, int]:
    """Return where zstd:chunked's table is: offset, length, and its length uncompressed. Raises ``TableError``."""
    parts = _chunked(annotations, _POSITION).split(":")
    if len(parts) != 4 or not all(part.isdigit() and len(part) < 16 for part in parts) or parts[3] != "1":
        raise TableError("the place of its table of contents is not written as zstd:chunked has it")
    offset, length, whole, _ = map(int, parts)
    if offset + length > size or not 0 < length <= MAX_TABLE or whole > MAX_TABLE:
        raise TableError("its table of contents does not lie within it, or is too large")
    return offset, length, whole


def estargz(data: bytes, digest: str, start: int, read: int) -> Table:
    """Read eStargz's table: a gzip member with a tar of one file. Raises ``TableError``."""
    try:
        unpacked = zlib.decompressobj(31).decompress(data, MAX_TABLE + 4 * BLOCK)
    except zlib.error:
        raise TableError("its table of contents is corrupt") from None
    header = unpacked[:BLOCK]
    size = header[124:135].strip(b" \0")
    if len(header) != BLOCK or header[:100].rstrip(b"\0") != _TABLE.encode() or not re.fullmatch(rb"[0-7]+", size):
        raise TableError("its table of contents is not where its footer says")
    text = unpacked[BLOCK : BLOCK + int(size, 8)]
    if len(text) != int(size, 8):
        raise TableError("its table of contents is cut short, or too large")
    _check(text, digest)
    return Table(ESTARGZ, _rows(text), start, read, header, text)


def chunked(data: bytes, whole: int, annotations: dict[str, str], start: int) -> Table:
    """Read zstd:chunked's table, whose digest is that of its compressed bytes. Raises ``TableError``."""
    _check(data, _chunked(annotations, _CHECKSUM))
    from ..compression import reader

    left = [data]
    source = reader("zstd", lambda size: left.pop() if left else b"")
    parts: list[bytes] = []
    try:
        size = 0
        while piece := source.read(1 << 20):
            parts.append(piece)
            size += len(piece)
            if size > whole:
                raise TableError("its table of contents is larger than the manifest says")
    except TableError:
        raise
    except ArchiveError as error:
        raise TableError(f"its table of contents can't be read: {error}") from None
    return Table(CHUNKED, _rows(b"".join(parts)), start, len(data))


def _check(data: bytes, digest: str) -> None:
    try:
        fine = digest_of(data, algorithm_of(digest)) == digest
    except Unverifiable as error:
        raise TableError(f"its table of contents can't be checked: {error}") from None
    if not fine:
        raise TableError("its table of contents is not the one that the manifest names")


def _rows(text: bytes) -> list[Row]:
    try:
        return msgspec.json.decode(text, type=_Table).entries
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise TableError("its table of contents is not what one is") from None


def unpacked(kind: str, data: bytes, skip: int, size: int) -> bytes:
    """Return ``size`` bytes from ``skip`` of what a part of the blob holds. Raises ``ArchiveError``."""
    from ..compression import reader

    left = [data]
    source = reader("gzip" if kind == ESTARGZ else "zstd", lambda count: left.pop() if left else b"")
    found = bytearray()
    while len(found) < skip + size and (more := source.read(min(1 << 20, skip + size - len(found)))):
        found += more
    if len(found) < skip + size:
        raise ArchiveError("a part of it is shorter than its table of contents says")
    return bytes(found[skip : skip + size])
