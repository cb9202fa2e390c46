"""What every source of images can do. One file each; ``__init__`` has their register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ..archive.image import OpenImage
    from ..archive.tar_stores import ScanLayer
    from ..progress import Progress


class Memory(Protocol):
    """What was kept of earlier runs, by kind and key (see ``cache``)."""

    def get(self, kind: str, key: str) -> bytes | None:
        """Return what was kept."""

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep it; failing to is not an error."""


@runtime_checkable
class Remembering(Protocol):
    """A source that asks less of others where it remembers what they said."""

    def remember(self, memory: Memory) -> None:
        """Use what was kept of earlier runs, and keep more."""


class Source(Protocol):
    """Knows how to get one image's bytes.

    ``vouched`` names who vouches for what a layer's member name in the stream says about its bytes: an engine's
    address, since an engine names layers by their digests; ``None`` where nobody does.
    """

    vouched: str | None
    remote: bool
    """Whether an image's layers lie elsewhere, so that what it is can be had without them."""

    def describe(self) -> str:
        """Say in a few words where the image comes from."""

    def saved(self) -> bytes | None:
        """Return a saved analysis, where that is what was named; ``None`` for an image. Raises ``ImageError``."""

    def cache_key(self) -> str | None:
        """Return what the image is known by before it is read, choice of image and platform included.

        An engine's image id, or the identity of the files (device, inode, size, times). ``None``: can't be told.
        """

    def names(self) -> tuple[str, ...] | None:
        """Return the image's names as they are now, where they can change while the image stays what it is."""

    def open(self, scan_layer: ScanLayer, progress: Progress | None = None) -> OpenImage:
        """Open the image in the way that costs least: where it has to stream, layers are scanned as they pass.

        ``scan_layer`` is as in ``archive.open_stream``; it isn't called for archives that can be seeked in, whose
        layers have regions. Raises ``ImageError`` and ``UsageError``.
        """

    def reopen(self, progress: Progress | None = None) -> OpenImage:
        """Open the image so that every layer has a region; what streams is first copied to a nameless temporary file.

        Raises as ``open``, and ``ContentUnavailableError`` where the stream has been read and can't be had again.
        """
