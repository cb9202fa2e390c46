"""What file, standard input and engines have in common when an archive comes as a stream of bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..archive.open import open_stream
from ..archive.tar_stores import looks_like_tar
from ..compression import chained, detect, filled, read_ahead, reader
from ..errors import ArchiveError
from .spool import spool, spool_and_scan

if TYPE_CHECKING:
    from ..archive.image import OpenImage
    from ..archive.tar_stores import ScanLayer
    from ..progress import Progress

Read = Callable[[int], bytes]

MAX_SAVED = 1 << 30
_BLOCK = 1 << 20
_HEAD = 512


class Stream:
    """Bytes that come once, decompressed if they are compressed as a whole, with a look at the first of them."""

    def __init__(self, read: Read, label: str) -> None:
        """Look at the first bytes of ``read``. Raises ``ArchiveError``, naming ``label``, when reading fails."""
        self.label = label
        head = filled(read, _HEAD)
        self.compression = detect(head)
        if self.compression is not None:
            read = self._named(reader(self.compression, chained(head, read)).read)
            head = filled(read, _HEAD)
        self._source = read
        self.head = head
        self._first = head

    def _named(self, read: Read) -> Read:
        def named(size: int) -> bytes:
            try:
                return read(size)
            except ArchiveError as error:
                raise ArchiveError(f"{self.label} is truncated or corrupt: {error}") from None

        return named

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, ``b""`` at the end."""
        if self._first:
            data, self._first = self._first[:size], self._first[size:]
            return data
        return self._source(size)

    @property
    def is_json(self) -> bool:
        """Tell whether it is a JSON object: a saved analysis."""
        return self.head.lstrip(b" \t\r\n\xef\xbb\xbf")[:1] == b"{" and not looks_like_tar(self.head)

    def all(self) -> bytes:
        """Read a saved analysis whole. Raises ``ArchiveError`` for one over 1 GiB."""
        parts: list[bytes] = []
        size = 0
        while data := self.read(_BLOCK):
            parts.append(data)
            size += len(data)
            if size > MAX_SAVED:
                raise ArchiveError(f"{self.label} is too large for a saved analysis (over 1 GiB)")
        return b"".join(parts)

    def check(self) -> None:
        """Raise ``ArchiveError`` when it begins like no archive."""
        if not self.head:
            raise ArchiveError(f"{self.label} is empty")
        if not looks_like_tar(self.head):
            raise ArchiveError(f"{self.label} is not an image archive: neither a tar, nor one compressed")

    def open(
        self, scan_layer: ScanLayer, image: str | None, platform: str | None, progress: Progress | None
    ) -> OpenImage:
        """Read it as an image archive, reading ahead in a thread. Raises ``ImageError``."""
        self.check()
        return self._scanned(self.read, scan_layer, image, platform, progress)

    def _scanned(
        self, read: Read, scan_layer: ScanLayer, image: str | None, platform: str | None, progress: Progress | None
    ) -> OpenImage:
        with read_ahead(read) as ahead:
            return open_stream(
                ahead.read,
                label=self.label,
                image=image,
                platform=platform,
                scan_layer=scan_layer,
                progress=progress,
            )

    def spool_and_scan(
        self, scan_layer: ScanLayer, image: str | None, platform: str | None, progress: Progress | None
    ) -> OpenImage:
        """Copy it to a temporary file, scan its layers on the way, and open the copy. Raises ``ImageError``."""
        self.check()

        def scan(read: Read) -> OpenImage:
            return self._scanned(read, scan_layer, image, platform, progress)

        return spool_and_scan(self.read, self.label, scan, image=image, platform=platform)

    def spool(self, image: str | None, platform: str | None, progress: Progress | None) -> OpenImage:
        """Copy it to a temporary file and open that. Raises ``ImageError``."""
        self.check()
        return spool(self.read, self.label, image=image, platform=platform, progress=progress)
