"""Layers that were read before: under which names an index is kept, and whose word that takes.

An index stands under its layer's diff_id only if the layer's tar was digested when it was read, by us, whatever it came
from: ``verified:DIFF_ID``. What an engine calls a layer, or which bytes of which file it is, only leads to such a name
(a record of ``digests``), or to an index of its own where nothing was digested. So nobody's word plants a layer for
another image.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..archive.digests import digest_of_parts, is_digest
from ..layer import codec
from ..layer.sound import restored

if TYPE_CHECKING:
    from ..archive.image import LayerBlob, Region
    from ..layer.index import LayerIndex
    from ..shared import SharedLayers
    from . import Cache

VERIFIED = "verified:"
PLAIN = ":plain"
"""Of blobs that are not compressed an index holds a sample besides: it has this name."""
# Docker's exports and layouts call a blob by its digest; podman's archives too, which hold plain tars.
_NAMED = re.compile(r"(?:blobs/sha256/([0-9a-f]{64})|([0-9a-f]{64})\.tar)")
_PIECE = 1 << 20


def verified_key(diff_id: str, plain: bool) -> str:
    """Name a layer whose tar was digested: ``plain`` if its blob is that tar."""
    return f"{VERIFIED}{diff_id}{PLAIN if plain else ''}"


def remote_key(blob: LayerBlob) -> str | None:
    """Name a layer that is digested as it is read, or not kept."""
    return verified_key(blob.diff_id, blob.digest == blob.diff_id) if blob.diff_id is not None else None


def file_key(region: Region) -> str:
    """Name the very bytes of a region: a file that was changed or replaced since has another name."""
    stat = os.fstat(region.fd)
    return (
        f"file:{stat.st_dev}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}"
        f":{region.start}:{region.length}"
    )


class LayerRecords:
    """The indexes of layers in the cache, and those that analyses made one after another share."""

    def __init__(self, cache: Cache | None, shared: SharedLayers | None) -> None:
        """Look in both, where they are."""
        self._cache = cache
        self._shared = shared

    @property
    def lasting(self) -> bool:
        """Tell whether anything is kept for later runs: else it is of no use to digest what need not be."""
        return self._cache is not None

    def known(self, key: str) -> LayerIndex | None:
        """Return a layer's index, if it was read before and kept under ``key``, or under what that leads to."""
        if self._shared is not None and (known := self._shared.get(key)) is not None:
            return known
        name = self._leads_to(key)
        index = self._record(name)
        if index is None and name.startswith(VERIFIED) and not name.endswith(PLAIN):
            # The same tar; a layer that is compressed is not sampled.
            index = self._record(name + PLAIN)
            index = replace(index, sample=array("I")) if index is not None else None
        if index is not None and self._shared is not None:
            self._shared.keep(key, index)
        return index

    def _record(self, name: str) -> LayerIndex | None:
        data = self._cache.get("layers", name) if self._cache is not None else None
        return restored(data) if data is not None else None

    def _leads_to(self, key: str) -> str:
        if self._cache is None or key.startswith(VERIFIED):
            return key
        found = (self._cache.get("digests", key) or b"").decode("ascii", "replace")
        return found if found.startswith(VERIFIED) else key

    def keep(self, key: str, index: LayerIndex) -> None:
        """Keep a layer's index."""
        if self._shared is not None:
            self._shared.keep(key, index)
        if self._cache is not None:
            self._cache.put("layers", self._leads_to(key), codec.encode(index))

    def lead(self, key: str, diff_id: str, plain: bool) -> None:
        """Have ``key`` lead to the layer of a diff_id that was computed: its index is kept there."""
        if self._cache is not None:
            self._cache.put("digests", key, verified_key(diff_id, plain).encode())

    # -- blobs -------------------------------------------------------------------------------------------

    def keep_blob(self, digest: str, diff_id: str, compression: str | None) -> None:
        """Keep what a blob is, both of whose digests were computed."""
        if self._cache is not None:
            self._cache.put("digests", f"blob:{digest}", f"{compression or ''} {diff_id}".encode())

    def blob(self, digest: str) -> tuple[str | None, str] | None:
        """Return the compression and the diff_id of the blob of a digest, if it was read before."""
        data = self._cache.get("digests", f"blob:{digest}") if self._cache is not None else None
        compression, _, diff_id = (data or b"").decode("ascii", "replace").partition(" ")
        return (compression or None, diff_id) if is_digest(diff_id) else None

    def of_name(self, name: str) -> tuple[str, LayerIndex, bool] | None:
        """Return a layer by what an engine calls it in an export, where that is its digest: key, index, and whether its
        blob is plain.

        The engine's word is good for its own image alone: nothing is kept by it.
        """
        found = _NAMED.fullmatch(name) if self._cache is not None else None
        if found is None:
            return None
        digest = f"sha256:{found[1] or found[2]}"
        pair = self.blob(digest)
        plain = pair is None or pair[0] is None
        key = verified_key(digest if pair is None else pair[1], plain)
        index = self.known(key)
        if index is None and plain:
            key = key.removesuffix(PLAIN)
            index = self.known(key)
        return (key, index, plain) if index is not None else None

    def of_blob(self, blob: LayerBlob, read: Callable[[int], None] | None) -> LayerIndex | None:
        """Return the layer of a compressed blob in a file, if that has, byte for byte, a digest that was read before.

        To digest it is a small part of unpacking it. ``read`` is told of its bytes.
        """
        region = blob.region
        if region is None or blob.compression is None or not blob.digest or not blob.digest.startswith("sha256:"):
            return None
        pair = self.blob(blob.digest)
        index = self.known(verified_key(pair[1], plain=False)) if pair is not None else None
        if pair is None or index is None or _digest(region, read) != blob.digest:
            return None
        self.lead(file_key(region), pair[1], plain=False)
        return index


def _digest(region: Region, read: Callable[[int], None] | None) -> str:
    def parts() -> Iterator[bytes]:
        for position in range(0, region.length, _PIECE):
            data = os.pread(region.fd, min(_PIECE, region.length - position), region.start + position)
            if read is not None:
                read(len(data))
            yield data

    return digest_of_parts(parts())
