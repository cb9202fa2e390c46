"""Makes tars: through ``tarfile`` where it can, by hand-made headers where it would refuse or tidy up.

Every maker returns the bytes of whole members, so that a layer is ``layer(file("a", b"x"), whiteout("b"))``;
they print as the call that made them, so that what hypothesis finds can be pasted into a test.
Names are given as text or bytes; text may hold surrogates for bytes that are not UTF-8.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

BLOCK = 512
USTAR, GNU, PAX = tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT
END = bytes(2 * BLOCK)

Text = str | bytes


def text(name: Text) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")


def raw(name: Text) -> bytes:
    return name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")


class Made(bytes):
    """Bytes of a tar that print as the call that made them."""

    call: str

    def __repr__(self) -> str:
        return self.call


def written(argument: object) -> str:
    """Write an argument as source code, long content that repeats itself in short."""
    if isinstance(argument, bytes) and not isinstance(argument, Made) and len(argument) > 60:
        times = len(argument) // 3
        if argument == argument[:3] * times:
            return f"{argument[:3]!r} * {times}"
    return repr(argument)


def prints_as_its_call(maker: Callable[..., bytes]) -> Callable[..., Made]:
    @functools.wraps(maker)
    def wrapped(*args: object, **more: object) -> Made:
        made = Made(maker(*args, **more))
        told = [*map(written, args), *(f"{key}={value!r}" for key, value in more.items())]
        made.call = f"{maker.__name__}({', '.join(told)})"
        return made

    return wrapped


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


# --- through tarfile ---------------------------------------------------------------------------------------


def member(
    name: Text,
    kind: bytes = tarfile.REGTYPE,
    content: bytes = b"",
    *,
    link: Text = "",
    mode: int | None = None,
    uid: int = 0,
    gid: int = 0,
    mtime: int | str = 0,
    device: tuple[int, int] = (0, 0),
    xattrs: dict[str, str] | None = None,
    pax: dict[str, str] | None = None,
    format: int = PAX,
) -> bytes:
    """One member. A time that is text, xattrs and ``pax`` become PAX records; USTAR falls back on GNU."""
    info = tarfile.TarInfo(text(name))
    info.type = kind
    info.size = len(content)
    info.linkname = text(link)
    info.mode = (0o755 if kind == tarfile.DIRTYPE else 0o644) if mode is None else mode
    info.uid, info.gid = uid, gid
    info.devmajor, info.devminor = device
    records = {f"SCHILY.xattr.{key}": value for key, value in (xattrs or {}).items()} | (pax or {})
    if isinstance(mtime, str):
        records["mtime"] = mtime
    else:
        info.mtime = mtime
    if records:
        format = PAX
        info.pax_headers = records
    try:
        head = info.tobuf(format, "utf-8", "surrogateescape")
    except ValueError:  # too long a name, too large a number
        head = info.tobuf(GNU, "utf-8", "surrogateescape")
    return head + padded(content)


@prints_as_its_call
def file(name: Text, content: bytes = b"", **more: object) -> bytes:
    return member(name, tarfile.REGTYPE, content, **more)


@prints_as_its_call
def directory(name: Text, **more: object) -> bytes:
    return member(name, tarfile.DIRTYPE, **more)


@prints_as_its_call
def symlink(name: Text, target: Text, **more: object) -> bytes:
    return member(name, tarfile.SYMTYPE, link=target, **({"mode": 0o777} | more))


@prints_as_its_call
def hardlink(name: Text, target: Text, **more: object) -> bytes:
    return member(name, tarfile.LNKTYPE, link=target, **more)


@prints_as_its_call
def character(name: Text, major: int, minor: int, **more: object) -> bytes:
    return member(name, tarfile.CHRTYPE, device=(major, minor), **more)


@prints_as_its_call
def block_device(name: Text, major: int, minor: int, **more: object) -> bytes:
    return member(name, tarfile.BLKTYPE, device=(major, minor), **more)


@prints_as_its_call
def fifo(name: Text, **more: object) -> bytes:
    return member(name, tarfile.FIFOTYPE, **more)


@prints_as_its_call
def whiteout(path: str) -> bytes:
    """Hide a path of the layers below."""
    directory, slash, name = path.rpartition("/")
    return file(f"{directory}{slash}.wh.{name}", mode=0)


@prints_as_its_call
def opaque(path: str = "") -> bytes:
    """Hide all children that the layers below gave a directory."""
    return file(f"{path}/.wh..wh..opq" if path else ".wh..wh..opq", mode=0)


@prints_as_its_call
def together(*members: bytes) -> bytes:
    """Headers and members that belong to each other."""
    return b"".join(members)


@prints_as_its_call
def layer(*members: bytes) -> bytes:
    return b"".join(members) + END


# --- by hand -----------------------------------------------------------------------------------------------


def octal(value: int, width: int) -> bytes:
    return b"%0*o\0" % (width - 1, value)


def base256(value: int, width: int) -> bytes:
    """GNU's binary numbers, for what octal digits can't hold; the top bit marks them."""
    data = bytearray(value.to_bytes(width, "big", signed=True))
    data[0] |= 0x80
    return bytes(data)


def header(
    name: Text,
    typeflag: bytes = b"0",
    *,
    size: int | bytes = 0,
    mode: int | bytes = 0o644,
    uid: int | bytes = 0,
    gid: int | bytes = 0,
    mtime: int | bytes = 0,
    link: Text = b"",
    magic: bytes = b"ustar\x0000",
    major: int | bytes = 0,
    minor: int | bytes = 0,
    prefix: bytes = b"",
    tail: bytes | None = None,
    checksum: str = "unsigned",
) -> bytes:
    """One header block; a number given as bytes is put in as it is, ``tail`` is what follows the device numbers."""

    def number(value: int | bytes, width: int) -> bytes:
        return (octal(value, width) if isinstance(value, int) else value).ljust(width, b"\0")

    head = (
        raw(name).ljust(100, b"\0")
        + number(mode, 8)
        + number(uid, 8)
        + number(gid, 8)
        + number(size, 12)
        + number(mtime, 12)
        + b" " * 8
        + typeflag
        + raw(link).ljust(100, b"\0")
        + magic.ljust(8, b"\0")
        + bytes(64)
        + number(major, 8)
        + number(minor, 8)
        + (prefix.ljust(155, b"\0") if tail is None else tail)
    ).ljust(BLOCK, b"\0")
    assert len(head) == BLOCK
    total = sum(head) if checksum == "unsigned" else sum(b - 256 if b > 127 else b for b in head)
    return head[:148] + b"%06o\0 " % total + head[156:]


@prints_as_its_call
def by_hand(name: Text, content: bytes = b"", typeflag: bytes = b"0", **more: object) -> bytes:
    return header(name, typeflag, **({"size": len(content)} | more)) + padded(content)


def pax_data(records: Sequence[tuple[Text, Text]]) -> bytes:
    """PAX records, in order and with repeats, as a dictionary could not give them."""
    data = b""
    for key, value in records:
        body = b" " + raw(key) + b"=" + raw(value) + b"\n"
        length = len(body) + 1
        while len(str(length)) + len(body) != length:
            length = len(str(length)) + len(body)
        data += str(length).encode() + body
    return data


@prints_as_its_call
def pax_header(records: Sequence[tuple[Text, Text]], typeflag: bytes = b"x") -> bytes:
    data = pax_data(records)
    return header("pax", typeflag, size=len(data)) + padded(data)


@prints_as_its_call
def long_name(name: Text, typeflag: bytes = b"L") -> bytes:
    """GNU's long name (``L``) or long link (``K``) for the member that follows."""
    data = raw(name) + b"\0"
    return header("././@LongLink", typeflag, size=len(data)) + padded(data)


Pieces = Sequence[tuple[int, bytes]]


def apparent(pieces: Pieces, size: int) -> bytes:
    """What a sparse file reads as."""
    whole = bytearray(size)
    for offset, data in pieces:
        whole[offset : offset + len(data)] = data
    return bytes(whole)


@prints_as_its_call
def old_gnu_sparse(name: Text, pieces: Pieces, size: int) -> bytes:
    """The old GNU kind: the map begins in the header and goes on in extension blocks."""
    fields = [octal(offset, 12) + octal(len(data), 12) for offset, data in pieces]
    data = b"".join(data for _, data in pieces)
    first, rest = fields[:4], fields[4:]
    tail = bytes(41) + b"".join(first).ljust(96, b"\0") + (b"\1" if rest else b"\0") + octal(size, 12)
    extensions = b""
    while rest:
        some, rest = rest[:21], rest[21:]
        extensions += (b"".join(some).ljust(504, b"\0") + (b"\1" if rest else b"\0")).ljust(BLOCK, b"\0")
    return header(name, b"S", size=len(data), magic=b"ustar  \0", tail=tail) + extensions + padded(data)


@prints_as_its_call
def pax_sparse(name: Text, pieces: Pieces, size: int, version: str) -> bytes:
    """GNU's sparse files in PAX: ``0.0`` repeats records, ``0.1`` has one, ``1.0`` puts the map before the data."""
    data = b"".join(data for _, data in pieces)
    count = str(len(pieces))
    if version == "0.0":
        records = [("GNU.sparse.size", str(size)), ("GNU.sparse.numblocks", count)]
        for offset, piece in pieces:
            records += [("GNU.sparse.offset", str(offset)), ("GNU.sparse.numbytes", str(len(piece)))]
        return pax_header(records) + by_hand(name, data)
    if version == "0.1":
        numbers = ",".join(f"{offset},{len(piece)}" for offset, piece in pieces)
        records = [("GNU.sparse.size", str(size)), ("GNU.sparse.numblocks", count)]
        records += [("GNU.sparse.name", text(name)), ("GNU.sparse.map", numbers)]
        return pax_header(records) + by_hand("GNUSparseFile.1/x", data)
    records = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", text(name))]
    records += [("GNU.sparse.realsize", str(size))]
    numbers = count + "\n" + "".join(f"{offset}\n{len(piece)}\n" for offset, piece in pieces)
    return pax_header(records) + by_hand("GNUSparseFile.1/x", padded(numbers.encode()) + data)


# --- whole images ------------------------------------------------------------------------------------------


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def compress(data: bytes, kind: str | None) -> bytes:
    if kind == "gzip":
        return gzip.compress(data, 1, mtime=0)
    if kind == "zstd":
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        return zstd.compress(data)
    return data


def docker_archive(
    path: Path, layers: Sequence[bytes], compression: str | None = None, instructions: Sequence[str] = ()
) -> Path:
    """Write what ``docker save`` writes: a manifest, a config and the layers, bottom first, repeats stored once."""
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(data)}" for data in layers]},
        "history": [{"created_by": step} for step in instructions or [f"RUN step {n}" for n in range(len(layers))]],
    }
    config_bytes = json.dumps(config).encode()
    blobs: dict[str, bytes] = {}
    names = []
    for data in layers:
        name = f"{sha256(data)}/layer.tar"
        names.append(name)
        blobs[name] = data
    manifest = [{"Config": f"{sha256(config_bytes)}.json", "RepoTags": ["test:latest"], "Layers": names}]
    outer = io.BytesIO()
    with tarfile.open(fileobj=outer, mode="w", format=USTAR) as tar:
        for name, data in [
            *((name, compress(data, compression)) for name, data in blobs.items()),
            (f"{sha256(config_bytes)}.json", config_bytes),
            ("manifest.json", json.dumps(manifest).encode()),
        ]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    path.write_bytes(outer.getvalue())
    return path
