"""What an archive, a layout or an engine holds of one image: its manifest's words, its config, its layers' blobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Region:
    """``length`` bytes from ``start`` of a seekable file, ``path`` opened as ``fd``."""

    path: str
    fd: int
    start: int
    length: int


@dataclass(slots=True)
class LayerBlob:
    """One layer as it is stored.

    ``diff_id`` and ``digest`` are claims of the config and the manifest (no digest in an old docker-archive);
    ``size`` is the stored length in bytes and ``compression`` what the bytes themselves show. ``region`` says
    where they lie, unless they streamed by: then ``scanned`` is what the scanner made of them, or the
    ``ImgscopeError`` that it failed with. ``missing`` says why the blob is rightly not there at all; ``name`` is
    what the manifest calls it, and ``linked`` tells that the archive has a link of that name to another layer's blob.
    """

    diff_id: str | None
    digest: str | None
    media_type: str | None
    size: int | None
    compression: str | None
    region: Region | None = None
    scanned: object | None = None
    missing: str | None = None
    name: str | None = None
    linked: bool = False


@dataclass(slots=True)
class OpenImage:
    """One image, open: ``close`` releases its files.

    ``id`` is the digest of the config's very bytes, ``config_digest`` what the manifest claims of it. ``layers``
    are bottom first, as many as the config has diff_ids. ``file_identity`` holds device, inode, size and times
    (mtime, ctime in nanoseconds) of every file that the image lies in, ``None`` where it came by a stream.
    ``complete`` is false for an archive that ends without an end mark, after all that the image needs.
    ``notes`` are oddities to report.
    """

    names: tuple[str, ...]
    id: str
    manifest_digest: str | None
    platform: str
    config: dict[str, Any]
    config_bytes: bytes
    config_digest: str | None
    layers: tuple[LayerBlob, ...]
    origin: str
    file_identity: tuple[int, ...] | None = None
    complete: bool = True
    notes: tuple[str, ...] = ()
    closers: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """Release the files and temporary folders that belong to it; twice does no harm."""
        while self.closers:
            self.closers.pop()()
