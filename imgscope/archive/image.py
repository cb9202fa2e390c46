"""What an archive, a layout or an engine holds of one image: its manifest's words, its config, its layers' blobs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import ArchiveError

if TYPE_CHECKING:
    from .toc import Table


class Region(NamedTuple):
    """``length`` bytes from ``start`` of a seekable file, ``path`` opened as ``fd``."""

    path: str
    fd: int
    start: int
    length: int


class Remote(Protocol):
    """A blob that lies elsewhere, of ``size`` bytes. ``digest`` is what it is named by."""

    digest: str
    size: int

    def stream(self, check: bool = True) -> AbstractContextManager[Callable[[int], bytes]]:
        """Give a function that reads it in sequence; by its end the digest was checked, if ``check``.

        It raises ``RegistryError``, and ``ArchiveError`` for bytes that are not the blob's.
        """

    def table(self) -> Table | None:
        """Return the layer's table of contents, ``None`` where it has none that the manifest vouches for.

        Raises ``TableError`` for one that can't be used, ``ArchiveError`` for several, and as ``stream``.
        """

    def part(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end`` (not included), which nothing has checked; else as ``stream``."""

    def region(self) -> Region:
        """Return a copy in a file, whole and checked, that goes when the image is closed. Raises as ``stream``."""


@dataclass(slots=True)
class LayerBlob:
    """One layer as it is stored.

    ``diff_id`` and ``digest`` are claims of the config and the manifest (no digest in an old docker-archive);
    ``size`` is the stored length in bytes and ``compression`` what the bytes themselves show. ``region`` says
    where they lie, unless they streamed by: then ``scanned`` is what the scanner made of them, or the
    ``ImgscopeError`` that it failed with; or they are ``remote``, and ``compression`` is but a claim of the manifest
    until they are read; ``listed`` is what a table of contents told. ``missing`` says why the blob is rightly not there
    at all; ``name`` is what the manifest calls it, and ``linked`` tells that the archive has a link of that name to
    another layer's blob.
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
    remote: Remote | None = None
    listed: object | None = None


@dataclass(slots=True)
class OpenImage:
    """One image, open: ``close`` releases its files.

    ``id`` is the digest of the config's very bytes, ``config_digest`` what the manifest claims of it (or the config's
    name, where that is a digest), and ``config_actual`` what it is in that algorithm, ``None`` where that can't be
    computed here. ``manifest_checked`` tells whether the manifest's digest could be. ``platform`` is
    ``os/architecture[/variant]``; ``os_version`` and ``os_features`` are what the index or the config says more.
    ``layers`` are bottom first, as many as the config has diff_ids. ``file_identity`` holds device, inode, size, times
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
    config_actual: str | None = None
    os_version: str = ""
    os_features: tuple[str, ...] = ()
    manifest_checked: bool = True
    label: str = ""
    file_identity: tuple[int, ...] | None = None
    complete: bool = True
    notes: tuple[str, ...] = ()
    closers: list[Callable[[], None]] = field(default_factory=list)

    def check_config(self) -> None:
        """Raise ``ArchiveError`` where the config's bytes are not those of the digest that is claimed for them."""
        if None not in (self.config_digest, self.config_actual) and self.config_digest != self.config_actual:
            raise ArchiveError(
                f"{self.label}: the image's config is damaged or forged: its digest is {self.config_actual}, "
                f"claimed is {self.config_digest}"
            )

    def close(self) -> None:
        """Release the files and temporary folders that belong to it; twice does no harm."""
        while self.closers:
            self.closers.pop()()
