"""The door behind which file contents lie, wherever the image's layers are."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from itertools import groupby
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
MANY = 5000

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

    @property
    def indexes(self) -> Sequence[LayerIndex]:
        """The layers' indexes."""
        return self._indexes()

    def plain_bytes(self, layer: int) -> FileBytes:
        """Return the bytes of a layer that is not compressed."""
        region = self._blob(layer).region
        assert region is not None
        return FileBytes(region.fd, region.start, region.length)

    def _bytes(self, layer: int) -> TarBytes:
        blob = self._blob(layer)
        region = blob.region
        assert region is not None
        if blob.compression is None:
            return self.plain_bytes(layer)
        from .compression import reader

        return StreamBytes(reader(blob.compression, sequential(region)).read)

    def open(self, layer: int, entry: int) -> BinaryIO:
        """Open one file's content; bytes of compressed layers before it are passed over."""
        return io.BufferedReader(ContentStream(self._bytes(layer), self._indexes()[layer], entry), 1 << 16)

    def same(self, pairs: Sequence[Pair]) -> list[bool]:
        """Compare files: by fingerprints where scans took them, else by their bytes."""
        return self.compare(pairs)()

    def compare(self, pairs: Sequence[Pair]) -> Callable[[], list[bool]]:
        """Begin to compare files, in another process where that pays; what is returned waits for the answers."""
        indexes = self._indexes()
        answers = [False] * len(pairs)
        by_print: list[int] = []
        jobs = _Jobs(self, pairs, answers)
        for number, ((layer_a, a), (layer_b, b)) in enumerate(pairs):
            index_a, index_b = indexes[layer_a], indexes[layer_b]
            if index_a.fingerprints is not None and index_b.fingerprints is not None:
                answers[number] = index_a.fingerprint(a) == index_b.fingerprint(b)
            elif a in index_a.sparse or b in index_b.sparse or not (self._plain(layer_a) and self._plain(layer_b)):
                by_print.append(number)
            else:
                jobs.add(number)
        finish = jobs.start()

        def wait() -> list[bool]:
            if by_print:
                keys = list({key for number in by_print for key in pairs[number]})
                found = dict(zip(keys, self.fingerprints(keys), strict=True))
                for number in by_print:
                    answers[number] = found[pairs[number][0]] == found[pairs[number][1]]
            finish()
            return answers

        return wait

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


class _Jobs:
    """Comparisons of files of plain layers, byte by byte; many of them are shared with a second process."""

    def __init__(self, contents: ImageContents, pairs: Sequence[Pair], answers: list[bool]) -> None:
        self.contents = contents
        self.pairs = pairs
        self.answers = answers
        self.numbers: list[int] = []
        self.bytes = 0

    def add(self, number: int) -> None:
        """Take a pair on."""
        layer, entry = self.pairs[number][1]
        self.numbers.append(number)
        self.bytes += self.contents.indexes[layer].sizes[entry]

    def start(self) -> Callable[[], None]:
        """Begin, and return what waits until all answers are in their places."""
        indexes = self.contents.indexes

        def place(number: int) -> tuple[int, int, int]:
            (layer_a, _), (layer_b, entry) = self.pairs[number]
            return layer_a, layer_b, indexes[layer_b].offsets[entry]

        # In the order of the second layer's tar: both are read forwards.
        self.numbers.sort(key=place)
        if self.bytes < WORTHWHILE or usable_processes() == 1:
            return lambda: self._answer(self.numbers, self._compared(self.numbers))
        # Of many small files the second process compares all, while this one goes on with its own work on them; a
        # few large ones are all the work there is, so they are shared.
        mine = [] if len(self.numbers) > MANY else self.numbers[0::2]
        theirs = self.numbers if len(self.numbers) > MANY else self.numbers[1::2]
        child = Child(lambda: self._compared(theirs))

        def wait() -> None:
            try:
                self._answer(mine, self._compared(mine))
                found = child.result()
            finally:
                child.stop()
            self._answer(theirs, self._compared(theirs) if found is None else found)

        return wait

    def _compared(self, numbers: Sequence[int]) -> bytes:
        found = bytearray()
        pairs, contents = self.pairs, self.contents
        for (layer_a, layer_b), group in groupby(
            numbers, key=lambda number: (pairs[number][0][0], pairs[number][1][0])
        ):
            first, second = contents.plain_bytes(layer_a), contents.plain_bytes(layer_b)
            entries = [(pairs[number][0][1], pairs[number][1][1]) for number in group]
            indexes = contents.indexes
            found += bytes(same_in_files((indexes[layer_a], first), (indexes[layer_b], second), entries))
        return bytes(found)

    def _answer(self, numbers: Sequence[int], found: bytes) -> None:
        for number, same in zip(numbers, found, strict=True):
            self.answers[number] = bool(same)


def sequential(region: Region) -> Callable[[int], bytes]:
    """Return a function that reads a region's bytes in sequence."""
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        data = os.pread(region.fd, min(size, region.length - position), region.start + position)
        position += len(data)
        return data

    return read
