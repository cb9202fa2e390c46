"""What analyses made one after another have in common: layers that were read once are not read again.

A layer is taken over only when it is sure to be the same: under the key that the cache would use too (an engine's
word, or the very bytes of a file), or when its compressed blob is, byte for byte, one that was read before; comparing
two blobs costs a small part of unpacking one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .archive.image import LayerBlob, Region
    from .layer.index import LayerIndex

_PIECE = 1 << 20


class SharedLayers:
    """Layers that were read so far. The images whose blobs it knows have to stay open while it is used."""

    digests = False
    """Whether layers that stream by are wanted with the sha256 of each file's content (``LayerIndex.digests``)."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._by_key: dict[str, LayerIndex] = {}
        self._by_digest: dict[str, list[tuple[Region, LayerIndex]]] = {}

    def get(self, key: str) -> LayerIndex | None:
        """Return the layer that was kept under a key of the cache."""
        return self._by_key.get(key)

    def keep(self, key: str, index: LayerIndex) -> None:
        """Keep a layer under a key of the cache."""
        self._by_key[key] = index

    def remember(self, blob: LayerBlob, index: LayerIndex) -> None:
        """Keep a layer that lies compressed in a file, for ``same_blob``."""
        if blob.digest and blob.region is not None and blob.compression is not None:
            self._by_digest.setdefault(blob.digest, []).append((blob.region, index))

    def same_blob(self, blob: LayerBlob) -> LayerIndex | None:
        """Return the layer of a blob that claims the same digest and has the same bytes, or ``None``."""
        if not blob.digest or blob.region is None or blob.compression is None:
            return None
        for region, index in self._by_digest.get(blob.digest, ()):
            if _same_bytes(region, blob.region):
                return index
        return None


def _same_bytes(a: Region, b: Region) -> bool:
    if a.length != b.length:
        return False
    for position in range(0, a.length, _PIECE):
        size = min(_PIECE, a.length - position)
        data = os.pread(a.fd, size, a.start + position)
        if len(data) != size or data != os.pread(b.fd, size, b.start + position):
            return False
    return True
