"""The door behind which file contents lie, wherever the image's layers are."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO, Protocol

from .errors import ContentUnavailableError
from .layer.contents import ContentStream, FileBytes, StreamBytes, TarBytes, same_in_files
from .layer.contents import fingerprints as layer_fingerprints
from .layer.index import LayerIndex
from .processes import Child, usable_processes

if TYPE_CHECKING:
    from .archive.image import LayerBlob, OpenImage, Region

# Below this many bytes a second process costs more than it saves.
WORTHWHILE = 16 << 20

ContentKey = tuple[int, int]
"""(layer, the layer's own entry number) of a regular file."""
Pair = tuple[ContentKey, ContentKey]


class Contents(Protocol):
    """Reads contents of regular files of an image."""

    def open(self, layer: int, entry: int) -> BinaryIO:
        """Open one file's content for reading in sequence. Raises ``ImageError``."""

    def same(self, pairs: Sequence[Pair]) -> list[bool]:
        """Tell for each pair of files of equal size whether their contents are equal. Raises ``ImageError``."""

    def fingerprints(self, keys: Sequence[ContentKey]) -> list[bytes]:
        """Return a fingerprint (16 bytes) of each file's content. Raises ``ImageError``."""

    def close(self) -> None:
        """Release files and temporary folders."""


class NoContents:
    """Stands where no image is at hand: a saved analysis."""

    def __init__(self, why: str) -> None:
        self._why = why

    def open(self, layer: int, entry: int) -> BinaryIO:
        """Raise ``ContentUnavailableError``."""
        raise ContentUnavailableError(self._why)

    def same(self, pairs: Sequence[Pair]) -> list[bool]:
        """Raise ``ContentUnavailableError``."""
        raise ContentUnavailableError(self._why)

    def fingerprints(self, keys: Sequence[ContentKey]) -> list[bytes]:
        """Raise ``ContentUnavailableError``."""
        raise ContentUnavailableError(self._why)

    def close(self) -> None:
        """Do nothing."""


class ImageContents:
    """Reads contents from an image that is at hand: its archive, layout, or an engine that exports it again."""

    def __init__(
        self,
        indexes: Callable[[], Sequence[LayerIndex]],
        blobs: Sequence[LayerBlob] | None,
        reopen: Callable[[], OpenImage] | None,
        close: Callable[[], None] | None = None,
    ) -> None:
        """Read from ``blobs`` where they lie in a seekable file, else from what ``reopen`` gives."""
        self._indexes = indexes
        self._blobs = blobs
        self._reopen = reopen
        self._close = close
        self._reopened: OpenImage | None = None

    def _blob(self, layer: int) -> LayerBlob:
        """Return a layer's blob, in a seekable file. Raises ``ContentUnavailableError``."""
        if self._blobs is not None:
            blob = self._blobs[layer]
            if blob.region is not None:
                return blob
            if blob.missing:
                raise ContentUnavailableError(f"layer {layer} can't be read: {blob.missing}")
        if self._reopened is None:
            if self._reopen is None:
                raise ContentUnavailableError(
                    "the image's contents are no longer at hand: analyse it again from a file"
                )
            self._reopened = self._reopen()
        blob = self._reopened.layers[layer]
        if blob.region is None:
            raise ContentUnavailableError(f"layer {layer} can't be read: {blob.missing or 'it is not in the archive'}")
        return blob

    def _bytes(self, layer: int) -> TarBytes:
        blob = self._blob(layer)
        region = blob.region
        assert region is not None
        if blob.compression is None:
            return FileBytes(region.fd, region.start, region.length)
        from .compression import reader

        return StreamBytes(reader(blob.compression, sequential(region)).read)

    def open(self, layer: int, entry: int) -> BinaryIO:
        """Open one file's content; bytes of compressed layers before it are passed over."""
        return io.BufferedReader(ContentStream(self._bytes(layer), self._indexes()[layer], entry), 1 << 16)

    def same(self, pairs: Sequence[Pair]) -> list[bool]:
        """Compare files: by fingerprints where scans took them, else by their bytes."""
        indexes = self._indexes()
        answers = [False] * len(pairs)
        wanted: dict[ContentKey, bytes] = {}
        direct: dict[tuple[int, int], list[int]] = {}
        by_print: list[int] = []
        for number, ((layer_a, a), (layer_b, b)) in enumerate(pairs):
            index_a, index_b = indexes[layer_a], indexes[layer_b]
            if index_a.fingerprints is not None and index_b.fingerprints is not None:
                answers[number] = index_a.fingerprint(a) == index_b.fingerprint(b)
            elif a in index_a.sparse or b in index_b.sparse or not (self._plain(layer_a) and self._plain(layer_b)):
                by_print.append(number)
                wanted[layer_a, a] = wanted[layer_b, b] = b""
            else:
                direct.setdefault((layer_a, layer_b), []).append(number)
        self._compare_bytes(pairs, direct, answers)
        if by_print:
            keys = list(wanted)
            wanted = dict(zip(keys, self.fingerprints(keys), strict=True))
            for number in by_print:
                answers[number] = wanted[pairs[number][0]] == wanted[pairs[number][1]]
        return answers

    def _compare_bytes(
        self, pairs: Sequence[Pair], direct: dict[tuple[int, int], list[int]], answers: list[bool]
    ) -> None:
        """Compare files of plain layers, in a second process too where there are many bytes to read."""
        indexes = self._indexes()
        jobs: list[tuple[tuple[int, int], list[int]]] = []
        total = 0
        for layers, numbers in direct.items():
            index, entry_of = indexes[layers[1]], [key_b[1] for _, key_b in pairs]
            offsets = [index.offsets[own] for own in map(entry_of.__getitem__, numbers)]
            numbers = [number for _, number in sorted(zip(offsets, numbers, strict=True))]
            total += sum(index.sizes[entry_of[number]] for number in numbers)
            jobs.append((layers, numbers))

        def compare(numbers_of: Sequence[tuple[tuple[int, int], list[int]]]) -> bytes:
            found = bytearray()
            for (layer_a, layer_b), numbers in numbers_of:
                first, second = self._bytes(layer_a), self._bytes(layer_b)
                assert isinstance(first, FileBytes) and isinstance(second, FileBytes)
                entries = [(pairs[number][0][1], pairs[number][1][1]) for number in numbers]
                found += bytes(same_in_files((indexes[layer_a], first), (indexes[layer_b], second), entries))
            return bytes(found)

        def settle(numbers_of: Sequence[tuple[tuple[int, int], list[int]]], found: bytes) -> None:
            numbers = [number for _, some in numbers_of for number in some]
            for number, same in zip(numbers, found, strict=True):
                answers[number] = bool(same)

        if total < WORTHWHILE or usable_processes() == 1:
            settle(jobs, compare(jobs))
            return
        halves = [[(layers, numbers[side::2]) for layers, numbers in jobs] for side in (0, 1)]
        child = Child(lambda: compare(halves[1]))
        try:
            settle(halves[0], compare(halves[0]))
            found = child.result()
            settle(halves[1], compare(halves[1]) if found is None else found)
        finally:
            child.stop()

    def _plain(self, layer: int) -> bool:
        return self._blob(layer).compression is None

    def fingerprints(self, keys: Sequence[ContentKey]) -> list[bytes]:
        """Return each file's fingerprint: the scan's where it took one, else read now, each layer once."""
        indexes = self._indexes()
        found: dict[ContentKey, bytes] = {}
        missing: dict[int, list[int]] = {}
        for layer, entry in keys:
            known = indexes[layer].fingerprint(entry)
            if known is None:
                missing.setdefault(layer, []).append(entry)
            else:
                found[layer, entry] = known
        for layer, entries in missing.items():
            source = self._bytes(layer)
            try:
                for entry, value in layer_fingerprints(indexes[layer], set(entries), source).items():
                    found[layer, entry] = value
            finally:
                source.close()
        return [found[key] for key in keys]

    def close(self) -> None:
        """Release the image's files and whatever was exported again."""
        if self._reopened is not None:
            self._reopened.close()
            self._reopened = None
        if self._close is not None:
            self._close()


def sequential(region: Region) -> Callable[[int], bytes]:
    """Return a function that reads a region's bytes in sequence."""
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        data = os.pread(region.fd, min(size, region.length - position), region.start + position)
        position += len(data)
        return data

    return read
