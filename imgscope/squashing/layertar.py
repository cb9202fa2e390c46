"""Writes a layer's tar: PAX headers by the standard library's ``tarfile``, contents as they stream by.

The same members make the same bytes. Times are kept to the nanosecond, extended attributes as ``SCHILY.xattr`` records,
sparse files as GNU's format 1.0 in PAX (GNU tar's manual, *Storing Sparse Files*): holes cost nothing.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..layer.contents import FileBytes, copied, pieces
from ..paths import join
from ..tar.header import BLOCK

if TYPE_CHECKING:
    from ..layer.index import LayerIndex
    from .select import Member

_TYPES = {
    "directory": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "character": tarfile.CHRTYPE,
    "block": tarfile.BLKTYPE,
    "fifo": tarfile.FIFOTYPE,
}
_WHITEOUT = b".wh."
Sources = Callable[[int], FileBytes]
"""Gives the plain tar of a layer of the old image."""


def layer_tar(
    removed: Iterable[tuple[bytes, bytes]], members: Iterable[Member], indexes: list[LayerIndex], sources: Sources
) -> Iterator[bytes]:
    """Yield a layer's tar: whiteouts first, then members. Raises ``LayerError`` where a content ends too early."""
    for directory, name in removed:
        yield from _header(_info(join(directory, _WHITEOUT + name)))
    for member in members:
        yield from _member(member, indexes, sources)
    yield bytes(2 * BLOCK)


def _info(path: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path.decode("utf-8", "surrogateescape"))
    info.mode = 0
    return info


def _header(info: tarfile.TarInfo) -> Iterator[bytes]:
    yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _member(member: Member, indexes: list[LayerIndex], sources: Sources) -> Iterator[bytes]:
    file = member.file
    info = _info(member.path)
    info.mode, info.uid, info.gid = file.mode, file.uid, file.gid
    seconds, rest = divmod(file.mtime_ns, 1_000_000_000)
    info.mtime = seconds
    pax: dict[str, str] = {}
    if rest:
        # A negative time counts back from its whole second, as POSIX writes it.
        whole, part = (seconds, rest) if seconds >= 0 else (seconds + 1, 1_000_000_000 - rest)
        sign = "-" if seconds < 0 and whole == 0 else ""
        pax["mtime"] = f"{sign}{whole}.{part:09}".rstrip("0")
    for name, value in sorted((file.xattrs or {}).items()):
        pax[f"SCHILY.xattr.{name}"] = value.decode("utf-8", "surrogateescape")
    info.pax_headers = pax
    if member.link is not None:
        info.type = tarfile.LNKTYPE
        info.linkname = member.link.decode("utf-8", "surrogateescape")
        return (yield from _header(info))
    if file.type in _TYPES:
        info.type = _TYPES[file.type]
        info.linkname = file.link_target or ""
        if file.device is not None:
            info.devmajor, info.devminor = file.device
        return (yield from _header(info))
    info.size = file.size
    if member.content is None:
        return (yield from _header(info))
    layer, entry = member.content
    index, source = indexes[layer], sources(layer)
    map_ = _sparse_map(index, entry) if entry in index.sparse else b""
    if map_:
        directory, _, name = info.name.rpartition("/")
        info.pax_headers = {
            **info.pax_headers,
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": info.name,
            "GNU.sparse.realsize": str(file.size),
        }
        info.name = f"{directory}/GNUSparseFile.0/{name}".lstrip("/")
        info.size = len(map_) + sum(index.sparse[entry][1::2])
    yield from _header(info)
    yield map_
    for offset, length in pieces(index, entry):
        # A hole is in the map, and takes no bytes.
        if offset is not None:
            yield from copied(source, offset, length)
    yield bytes(-info.size % BLOCK)


def _sparse_map(index: LayerIndex, entry: int) -> bytes:
    """Return the map that stands before a sparse file's data: the number of pieces, then offset and length of each."""
    numbers = index.sparse[entry]
    text = f"{len(numbers) // 2}\n" + "".join(f"{number}\n" for number in numbers)
    return text.encode() + bytes(-len(text) % BLOCK)
