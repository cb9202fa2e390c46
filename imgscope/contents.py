"""The door behind which file contents lie, wherever the image's layers are."""

from __future__ import annotations

import io
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from .compression import MAGIC_BYTES, detect
from .errors import ContentUnavailableError
from .layer.contents import ContentStream, FileBytes, StreamBytes, TarBytes, content, same_in_files
from .layer.contents import fingerprints as layer_fingerprints
from .layer.index import LayerIndex
from .layer.parts import Missing, part_of
from .processes import Child, usable_processes

if TYPE_CHECKING:
    from .archive.image import LayerBlob, OpenImage, Region
    from .layer.listed import Listed

# Below this many bytes a second process costs more than it saves.
WORTHWHILE = 16 << 20
MANY = 5000

NO_CONTENTS = "a saved analysis has no file contents"
"""Why what reads files is not evaluated where no image is at hand."""

ReadAt = Callable[[int, int], bytes]
"""Returns up to so many bytes (second) from an offset (first)."""
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

    def read(self, keys: Sequence[ContentKey]) -> Iterator[tuple[ContentKey, bytes]]:
        """Yield each file's content whole: small files only. Each layer is read once. Raises ``ImageError``."""

    def streams(self, layer: int, entries: Iterable[int]) -> Iterator[tuple[int, BinaryIO]]:
        """Yield (entry, its content in sequence) of a layer's files, however large; the layer is read once.

        A stream is good until the next is asked for. Raises ``ImageError``.
        """

    def at_hand(self, layer: int, entry: int) -> bool:
        """Tell whether one file's content can be read without exporting the image, or decompressing a layer."""

    def random_access(self, layer: int) -> FileBytes | None:
        """Return the bytes of a layer that lies uncompressed in a file, ``None`` for others. Raises ``ImageError``."""

    def home(self, layer: int) -> tuple[Contents, int]:
        """Return where a layer really is: the contents that have it (mostly these), and its number there."""

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

    def read(self, keys: Sequence[ContentKey]) -> Iterator[tuple[ContentKey, bytes]]:
        """Raise ``ContentUnavailableError`` if anything is asked for."""
        if keys:
            raise ContentUnavailableError(self._why)
        return iter(())

    def streams(self, layer: int, entries: Iterable[int]) -> Iterator[tuple[int, BinaryIO]]:
        """Raise ``ContentUnavailableError``."""
        raise ContentUnavailableError(self._why)

    def at_hand(self, layer: int, entry: int) -> bool:
        """Return ``False``."""
        return False

    def random_access(self, layer: int) -> FileBytes | None:
        """Raise ``ContentUnavailableError``."""
        raise ContentUnavailableError(self._why)

    def home(self, layer: int) -> tuple[Contents, int]:
        """Return these contents and the same number."""
        return self, layer

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
        self._copies: dict[int, LayerBlob] = {}

    def blob(self, layer: int) -> LayerBlob:
        """Return a layer's blob, in a seekable file. Raises ``ContentUnavailableError``."""
        if self._blobs is not None:
            blob = self._blobs[layer]
            if blob.region is not None:
                return blob
            if blob.remote is not None:
                return self._copy(layer, blob)
            if blob.missing:
                raise ContentUnavailableError(f"layer {layer} can't be read: {blob.missing}")
        if self._reopened is None:
            if self._reopen is None:
                raise ContentUnavailableError(
                    "the image's contents are no longer at hand: analyse it again from a file"
                )
            self._reopened = self._reopen()
        blob = self._reopened.layers[layer]
        if blob.remote is not None:
            return self._copy(layer, blob)
        if blob.region is None:
            raise ContentUnavailableError(f"layer {layer} can't be read: {blob.missing or 'it is not in the archive'}")
        return blob

    def _copy(self, layer: int, blob: LayerBlob) -> LayerBlob:
        """Return a layer that lies elsewhere, in a file: had once, and checked. Raises ``ImageError``."""
        found = self._copies.get(layer)
        if found is None:
            assert blob.remote is not None
            region = blob.remote.region()
            compression = detect(os.pread(region.fd, MAGIC_BYTES, region.start))
            found = self._copies[layer] = replace(blob, region=region, compression=compression)
        return found

    @property
    def indexes(self) -> Sequence[LayerIndex]:
        """The layers' indexes."""
        return self._indexes()

    def plain_bytes(self, layer: int) -> FileBytes:
        """Return the bytes of a layer that is not compressed."""
        region = self.blob(layer).region
        assert region is not None
        return FileBytes(region.fd, region.start, region.length)

    def unpacked(self, layer: int, into: BinaryIO) -> FileBytes:
        """Return a layer's plain tar for random access; one that is compressed is unpacked ``into`` a file, at its end.

        That stays the caller's, as long as the tar is read. Raises ``ImageError``.
        """
        blob = self.blob(layer)
        if blob.compression is None:
            return self.plain_bytes(layer)
        from .compression import reader

        assert blob.region is not None
        read = reader(blob.compression, sequential(blob.region)).read
        start, length = into.tell(), 0
        while data := read(1 << 20):
            into.write(data)
            length += len(data)
        into.flush()
        return FileBytes(into.fileno(), start, length)

    def _listed(self, layer: int) -> Listed | None:
        """Return what a table of contents told of a layer, where its index is made of that."""
        found = self._blobs[layer].listed if self._blobs is not None else None
        return cast("Listed | None", found)

    def is_listed(self, layer: int) -> bool:
        """Tell whether a layer's index comes from its table of contents: where things lie in its tar is not known."""
        return self._listed(layer) is not None

    def _bytes(self, layer: int) -> TarBytes:
        listed = self._listed(layer)
        if listed is not None:
            from .layer.listed import ListedBytes

            assert self._blobs is not None
            remote = self._blobs[layer].remote
            assert remote is not None
            return ListedBytes(listed, remote.part)
        blob = self.blob(layer)
        region = blob.region
        assert region is not None
        if blob.compression is None:
            return self.plain_bytes(layer)
        from .compression import reader

        return StreamBytes(reader(blob.compression, sequential(region)).read)

    def open(self, layer: int, entry: int) -> BinaryIO:
        """Open one file's content; bytes of compressed layers before it are passed over."""
        kept = self._indexes()[layer].kept.get(entry)
        if kept is not None:
            return io.BytesIO(kept)
        return io.BufferedReader(ContentStream(self._bytes(layer), self._indexes()[layer], entry), 1 << 16)

    def same(self, pairs: Sequence[Pair]) -> list[bool]:
        """Compare files: by fingerprints where scans took them, else by their bytes."""
        return self.compare(pairs)()

    def compare(self, pairs: Iterable[Pair]) -> Callable[[], list[bool]]:
        """Begin to compare files, in another process where that pays; what is returned waits for the answers."""
        indexes = self._indexes()
        answers: list[bool] = []
        by_print: list[tuple[int, Pair]] = []
        jobs = _Jobs(self, answers)
        for number, pair in enumerate(pairs):
            (layer_a, a), (layer_b, b) = pair
            index_a, index_b = indexes[layer_a], indexes[layer_b]
            answers.append(False)
            listed_a, listed_b = self._listed(layer_a), self._listed(layer_b)
            if listed_a is not None and listed_b is not None and listed_a.digest(a) and listed_b.digest(b):
                answers[number] = listed_a.digest(a) == listed_b.digest(b)
            elif index_a.fingerprints is not None and index_b.fingerprints is not None:
                answers[number] = index_a.fingerprint(a) == index_b.fingerprint(b)
            elif a in index_a.sparse or b in index_b.sparse or not (self._plain(layer_a) and self._plain(layer_b)):
                by_print.append((number, pair))
            else:
                jobs.add(number, pair)
        finish = jobs.start()

        def wait() -> list[bool]:
            if by_print:
                keys = list({key for _, pair in by_print for key in pair})
                found = dict(zip(keys, self.fingerprints(keys), strict=True))
                for number, (one, other) in by_print:
                    answers[number] = found[one] == found[other]
            finish()
            return answers

        return wait

    def _plain(self, layer: int) -> bool:
        if self._listed(layer) is not None:
            return False
        return self.blob(layer).compression is None

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

    def read(self, keys: Sequence[ContentKey]) -> Iterator[tuple[ContentKey, bytes]]:
        """Yield each file's content: what the scan kept, else read now, each layer once."""
        indexes = self._indexes()
        by_layer: dict[int, list[int]] = {}
        for layer, entry in keys:
            kept = indexes[layer].kept.get(entry)
            if kept is None:
                by_layer.setdefault(layer, []).append(entry)
            else:
                yield (layer, entry), kept
        for layer, entries in by_layer.items():
            index = indexes[layer]
            source = self._bytes(layer)
            try:
                for entry in sorted(set(entries), key=index.offsets.__getitem__):
                    yield (layer, entry), content(index, entry, source)
            finally:
                source.close()

    def streams(self, layer: int, entries: Iterable[int]) -> Iterator[tuple[int, BinaryIO]]:
        """Yield (entry, its content in sequence) of a layer's files, in the order of its tar."""
        index = self._indexes()[layer]
        source = self._bytes(layer)
        try:
            for entry in sorted(set(entries), key=index.offsets.__getitem__):
                yield entry, io.BufferedReader(ContentStream(_Shared(source), index, entry), 1 << 16)
        finally:
            source.close()

    def at_hand(self, layer: int, entry: int) -> bool:
        """Tell whether the scan kept one file's content, or it lies uncompressed in a file that is open."""
        if entry in self._indexes()[layer].kept:
            return True
        opened = self._reopened.layers if self._reopened is not None else self._blobs
        if opened is None:
            return False
        if self._listed(layer) is not None:
            return False
        blob = self._copies.get(layer, opened[layer])
        return blob.region is not None and blob.compression is None

    def random_access(self, layer: int) -> FileBytes | None:
        """Return a layer's bytes where they need not be read in sequence."""
        return self.plain_bytes(layer) if self._plain(layer) else None

    def home(self, layer: int) -> tuple[Contents, int]:
        """Return these contents and the same number."""
        return self, layer

    def close(self) -> None:
        """Release the image's files and whatever was exported again."""
        if self._reopened is not None:
            self._reopened.close()
            self._reopened = None
        if self._close is not None:
            self._close()


class _Shared:
    """A layer's bytes that several streams take turns with: none closes them."""

    def __init__(self, source: TarBytes) -> None:
        self.random_access = source.random_access
        self.at = source.at

    def close(self) -> None:
        """Do nothing: the bytes are read on."""


class _Jobs:
    """Comparisons of files of plain layers, byte by byte; many of them are shared with a second process.

    A pair is a row of columns: there may be as many as the image has files.
    """

    def __init__(self, contents: ImageContents, answers: list[bool]) -> None:
        self.contents = contents
        self.answers = answers
        self.numbers, self.layers_a, self.entries_a, self.layers_b, self.entries_b = (array("q") for _ in range(5))
        self.bytes = 0

    def add(self, number: int, pair: Pair) -> None:
        """Take a pair on, whose answer has its place at ``number``."""
        (layer_a, a), (layer_b, b) = pair
        self.numbers.append(number)
        self.layers_a.append(layer_a)
        self.entries_a.append(a)
        self.layers_b.append(layer_b)
        self.entries_b.append(b)
        self.bytes += self.contents.indexes[layer_b].sizes[b]

    def _layers(self, row: int) -> tuple[int, int]:
        return self.layers_a[row], self.layers_b[row]

    def start(self) -> Callable[[], None]:
        """Begin, and return what waits until all answers are in their places."""
        rows = range(len(self.numbers))
        if self.bytes < WORTHWHILE or usable_processes() == 1:
            return lambda: self._answer(rows, self._compared(rows))
        # A few large files are all the work there is, so they are halved. Of many small ones the second process gets
        # most, for this one goes on with its own work on them.
        mine = rows[: len(rows) // 4] if len(rows) > MANY else rows[0::2]
        theirs = rows[len(rows) // 4 :] if len(rows) > MANY else rows[1::2]
        child = Child(lambda: self._compared(theirs))

        def wait() -> None:
            try:
                self._answer(mine, self._compared(mine))
                found = child.result()
            finally:
                child.stop()
            self._answer(theirs, self._compared(theirs) if found is None else found)

        return wait

    def _compared(self, rows: Sequence[int]) -> bytes:
        """Return a byte for each row, 1 for equal contents."""
        found = bytearray(len(rows))
        contents, indexes = self.contents, self.contents.indexes
        # In the order of the second layer's tar, which is that of its entries: both are read forwards.
        order = sorted(range(len(rows)), key=lambda place: self.entries_b[rows[place]])
        order.sort(key=lambda place: self._layers(rows[place]))
        for (layer_a, layer_b), group in groupby(order, key=lambda place: self._layers(rows[place])):
            first, second = contents.plain_bytes(layer_a), contents.plain_bytes(layer_b)
            places = list(group)
            entries = [(self.entries_a[rows[place]], self.entries_b[rows[place]]) for place in places]
            same = same_in_files((indexes[layer_a], first), (indexes[layer_b], second), entries)
            for place, equal in zip(places, same, strict=True):
                found[place] = equal
        return bytes(found)

    def _answer(self, rows: Sequence[int], found: bytes) -> None:
        for row, same in zip(rows, found, strict=True):
            self.answers[self.numbers[row]] = bool(same)


def in_place(
    contents: Contents, index: LayerIndex, layer: int, entries: Iterable[int], limit: int
) -> Iterator[tuple[int, ReadAt, int]]:
    """Yield (entry, a way to read parts of it, its size) for regular files of a layer, whose index is ``index``.

    Of files that lie compressed or in pieces all has to be in memory, so those with more than ``limit`` bytes are left
    out. Raises ``ImageError``.
    """
    wanted = sorted(set(entries))
    held = {entry for entry in wanted if entry in index.kept or entry in index.parts}
    plain = contents.random_access(layer) if len(held) < len(wanted) else None
    whole = [entry for entry in wanted if entry not in held and (plain is None or entry in index.sparse)]
    # Contents of a layer come in the order of its entries.
    read = contents.read([(layer, entry) for entry in whole if index.sizes[entry] <= limit])
    for entry in wanted:
        size = index.sizes[entry]
        if entry in index.kept:
            yield entry, partial(_part, index.kept[entry]), size
        elif entry in index.parts:
            yield entry, _Held(contents, index, layer, entry, limit).at, size
        elif plain is not None and entry not in index.sparse:
            yield entry, partial(part_of_file, plain, index.offsets[entry], size), size
        elif size <= limit:
            (_, found), data = next(read)
            assert found == entry
            yield entry, partial(_part, data), len(data)


class _Held:
    """A file of which the index holds parts: those that readers of its kind ask for."""

    def __init__(self, contents: Contents, index: LayerIndex, layer: int, entry: int, limit: int) -> None:
        self._contents, self._index, self._layer, self._entry = contents, index, layer, entry
        self._limit = limit
        self._whole: bytes | None = None

    def at(self, offset: int, length: int) -> bytes:
        """Return a part of it; what the index does not hold is read from the image. Raises ``ImageError``."""
        if self._whole is None:
            try:
                return part_of(self._index.parts[self._entry], self._index.sizes[self._entry], offset, length)
            except Missing:
                if self._index.sizes[self._entry] > self._limit:
                    raise ContentUnavailableError(f"a file of layer {self._layer} is too large to be read") from None
                key = self._layer, self._entry
                self._whole = next(data for _, data in self._contents.read([key]))
        return _part(self._whole, offset, length)


def _part(data: bytes, offset: int, length: int) -> bytes:
    return data[offset : offset + length] if offset >= 0 and length > 0 else b""


def part_of_file(source: FileBytes, start: int, size: int, offset: int, length: int) -> bytes:
    """Return a part of a file of a plain layer, whose content is ``size`` bytes from ``start`` of the layer's tar."""
    return source.at(start + offset, min(length, size - offset)) if 0 <= offset < size and length > 0 else b""


def sequential(region: Region) -> Callable[[int], bytes]:
    """Return a function that reads a region's bytes in sequence."""
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        data = os.pread(region.fd, min(size, region.length - position), region.start + position)
        position += len(data)
        return data

    return read
