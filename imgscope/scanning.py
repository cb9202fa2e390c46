"""Reads an image's layers: each once, from the cache, from a stream as it passes by, or from where it lies now.

A layer's index is shared between images under its diff_id only where its tar was digested as it was read, from whatever
source; otherwise it is tied to an engine's name for it, or to the very bytes that were read (see ``cache.layers``).
So no archive, and no engine, can plant a false layer for another image.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .archive.digests import Digested
from .archive.media import is_layer
from .archive.store import shown
from .bounds import REPEATED, Costs
from .cache.layers import LayerRecords, file_key, remote_key, verified_key
from .contents import sequential
from .errors import ArchiveError, ImgscopeError, LimitError
from .knowledge.databases import DATABASES, LOADERS, SYSTEM_FILES
from .layer import estimate
from .layer.index import LayerIndex
from .layer.retention import MAX_IMAGE, Retention
from .layer.scan import scan_file, scan_stream
from .layer.texts import MAX_JUDGED, MAX_JUDGED_BYTES, Texts
from .layer.workers import Turns, scan_plain, scan_side_by_side, several_at_a_time

if TYPE_CHECKING:
    from .archive.image import LayerBlob, OpenImage
    from .cache import Cache
    from .progress import Onlooker, Progress
    from .reading import ReadOptions
    from .sources.interface import Source

RETENTION = Retention((*DATABASES, *SYSTEM_FILES), LOADERS)
"""What commands will ask of an image's files."""


class Scanning:
    """The layers of one image: from the cache, from what streams by, or scanned now, several side by side."""

    def __init__(self, source: Source, cache: Cache | None, options: ReadOptions, jobs: int) -> None:
        """Read the layers of ``source``; ``jobs`` of them are had from a registry at a time."""
        self.source = source
        self.records = LayerRecords(cache, options.shared)
        self.jobs = jobs
        self.progress = options.progress
        self.shared = options.shared
        self.digests = options.shared is not None and options.shared.digests
        # What the layers that were scanned so far cost together.
        self.costs = Costs()
        self.may_keep = MAX_IMAGE
        self.may_judge = MAX_JUDGED, MAX_JUDGED_BYTES
        # Layers of a registry are counted in by several threads.
        self.counting = threading.Lock()
        # Layers that an onlooker knows of; what another process tells one is not heard here.
        self.told: set[int] = set()
        # Once they are too much, what still streams by is not looked at.
        self.refused: LimitError | None = None

    def known(self, key: str) -> LayerIndex | None:
        """Return a layer's index, if it was read before and kept under ``key``."""
        return self.records.known(key)

    # -- layers ------------------------------------------------------------------------------------------

    def _texts(self) -> Texts:
        return Texts(*self.may_judge, RETENTION)

    def member(self, name: str, read: Callable[[int], bytes], size: int) -> _Scanned:
        """Scan a layer's blob as it passes by in a stream; its name counts only where an engine vouches for it.

        Its tar is digested as it passes, where anything is kept: then it is known by its diff_id to all sources.
        """
        key = f"{self.source.vouched}:{name}" if self.source.vouched else None
        if key is not None:
            known = self.known(key)
            if known is not None:
                return self._passed(_Scanned(key, known))
            named = self.records.of_name(name)
            if named is not None:
                return self._passed(_Scanned(named[0], _sampled(named[1], read, size, plain=named[2])))
        if self.refused is not None:
            raise self.refused
        try:
            found = _scan_blob(
                read, self.may_keep, self._texts(), size, digests=self.digests, digest=self.records.lasting
            )
            index = self._counted_in(found.index)
        except LimitError as error:
            self.refused = error
            raise
        if found.diff_id is not None:
            if key is None:
                key = verified_key(found.diff_id, found.plain)
            else:
                self.records.lead(key, found.diff_id, found.plain)
        if key is not None:
            self.records.keep(key, index)
        return self._passed(_Scanned(key, index))

    def _passed(self, layer: _Scanned) -> _Scanned:
        """Tell an onlooker of a layer that streamed by."""
        onlooker = self.onlooker()
        if onlooker is not None:
            onlooker.passed(layer.index)
        return layer

    def _counted_in(self, index: LayerIndex) -> LayerIndex:
        """Add up what layers cost as they are scanned. Raises ``LimitError`` at the first that is too much."""
        with self.counting:
            self.costs.include([index.costs])
            self.may_keep -= index.kept_bytes
            count, size = self.may_judge
            self.may_judge = count - len(index.judged), size - sum(index.sizes[entry] for entry in index.judged)
        return index

    def indexes(self, opened: OpenImage) -> tuple[list[LayerIndex], list[str | None]]:
        """Return each layer's index, from the stream, the cache, or by scanning now, and its key in the cache."""
        indexes: list[LayerIndex | None] = [None] * len(opened.layers)
        keys: list[str | None] = [None] * len(opened.layers)
        todo: dict[tuple[int, int, int], list[int]] = {}
        remote: dict[tuple[str, str | None], list[int]] = {}
        for number, blob in enumerate(opened.layers):
            if isinstance(blob.scanned, _Scanned):
                indexes[number], keys[number] = blob.scanned.index, blob.scanned.key
            elif isinstance(blob.scanned, ImgscopeError):
                raise _of_layer(number, blob, blob.scanned)
            elif blob.remote is not None:
                keys[number] = remote_key(blob)
                remote.setdefault((blob.remote.digest, blob.diff_id), []).append(number)
            elif blob.region is None:
                indexes[number] = LayerIndex(children={b"": {}})
            else:
                keys[number] = file_key(blob.region)
                todo.setdefault((blob.region.fd, blob.region.start, blob.region.length), []).append(number)
        jobs: list[tuple[int, list[int]]] = []
        for numbers in todo.values():
            known = self.known(keys[numbers[0]] or "")
            if known is None and self.shared is not None:
                known = self.shared.same_blob(opened.layers[numbers[0]])
                if known is not None:
                    self.records.keep(keys[numbers[0]] or "", known)
            if known is None:
                known = self.records.of_blob(opened.layers[numbers[0]], self._advance())
            if known is None:
                jobs.append((numbers[0], numbers))
            else:
                for number in numbers:
                    indexes[number] = known
        self._read_remote(opened, list(remote.values()), indexes, keys)
        for (_, numbers), index in zip(jobs, self._scan_all(opened, [job for job, _ in jobs]), strict=True):
            for number in numbers:
                indexes[number] = index
        if self.shared is not None:
            for blob, found in zip(opened.layers, indexes, strict=True):
                if found is not None:
                    self.shared.remember(blob, found)
        layers = [index for index in indexes if index is not None]
        _check_costs(layers)
        if opened.platform.startswith("windows/"):
            layers = of_windows(layers)
        return layers, keys

    def _read_remote(
        self,
        opened: OpenImage,
        groups: Sequence[Sequence[int]],
        indexes: list[LayerIndex | None],
        keys: list[str | None],
    ) -> None:
        """Fill in the indexes of layers that lie elsewhere, several at a time; the same blob is had once.

        What was checked against both of its digests is known by its diff_id ever after, wherever it came from.
        """
        layers = opened.layers

        def fill(numbers: Sequence[int], index: LayerIndex, compression: str | None) -> None:
            for number in numbers:
                indexes[number], layers[number].compression = index, compression

        wanted: dict[int, Sequence[int]] = {}
        for numbers in groups:
            blob = layers[numbers[0]]
            known = self.known(keys[numbers[0]] or "") if keys[numbers[0]] else None
            if known is None:
                wanted[numbers[0]] = numbers
            else:
                assert blob.remote is not None
                for number in numbers:
                    self.tell(number, known)
                said = self.records.blob(blob.remote.digest)
                fill(numbers, known, blob.compression if said is None else said[0])
        if not wanted:
            return
        total = sum(layers[number].size or 0 for number in wanted)
        if self.progress is not None:
            what = f"{len(wanted)} of {len(layers)} layers" if len(wanted) < len(layers) else f"{len(layers)} layers"
            self.progress.start(total, f"reading {what} of {self.source.describe()}")
        from .layer.remote import scan_remote

        onlooker = self.onlooker()
        turns = Turns(wanted, onlooker.awaited if onlooker is not None else None)

        def read(number: int) -> None:
            blob = layers[number]
            assert blob.remote is not None
            if self._list(number, blob, wanted[number], layers, fill, keys):
                return
            advance = turns.counted(number, self._advance() or _ignore)
            try:
                texts = self._texts()
                with turns.under_way(number):
                    found = scan_remote(blob.remote, blob.diff_id, self.may_keep, texts, advance, digests=self.digests)
                index = self._counted_in(found.index)
            except ImgscopeError as error:
                raise _of_layer(number, blob, error) from None
            fill(wanted[number], index, found.compression)
            if not found.verified:
                for one in wanted[number]:
                    keys[one] = None
            elif (key := keys[number]) is not None and blob.diff_id is not None:
                self.records.keep(key, index)
                self.records.keep_blob(blob.remote.digest, blob.diff_id, found.compression)
            for one in wanted[number]:
                self.tell(one, index)

        try:
            # The largest last would be waited for alone.
            order = sorted(wanted, key=lambda number: -(layers[number].size or 0))
            several_at_a_time(order, read, self.jobs, turns.first if onlooker is not None else None)
        finally:
            if self.progress is not None:
                self.progress.finish()

    def _list(
        self,
        number: int,
        blob: LayerBlob,
        numbers: Sequence[int],
        layers: Sequence[LayerBlob],
        fill: Callable[[Sequence[int], LayerIndex, str | None], None],
        keys: list[str | None],
    ) -> bool:
        """Take a layer's files from its table of contents, if it has one: then it is not verified, nor kept."""
        from .archive.toc import TableError

        assert blob.remote is not None
        try:
            table = blob.remote.table()
            if table is None:
                return False
            from .layer.listed import Listed

            listed = Listed(table)
            self._counted_in(listed.index)
        except TableError:
            # What can't be used is no reason not to read the layer itself.
            return False
        except ImgscopeError as error:
            raise _of_layer(number, blob, error) from None
        total = blob.remote.size
        note = f"file list from the table of contents ({table.kind}): {table.read:,} of {total:,} bytes read"
        listed.index.notes.append(note)
        for one in numbers:
            keys[one] = None
            layers[one].listed = listed
            self.tell(one, listed.index)
        fill(numbers, listed.index, "gzip" if table.kind == "eStargz" else "zstd")
        return True

    def _advance(self) -> Callable[[int], None] | None:
        return self.progress.advance if self.progress is not None else None

    def _scan_all(self, opened: OpenImage, numbers: Sequence[int]) -> list[LayerIndex]:
        """Scan layers from a seekable file, several side by side, and keep their indexes."""
        blobs = {number: opened.layers[number] for number in numbers}
        total = sum(blob.size or 0 for blob in blobs.values() if blob.compression is not None)
        if self.progress is not None and total:
            self.progress.start(total, "reading layers")
        regions = {
            number: blob.region
            for number, blob in blobs.items()
            if blob.region is not None and blob.compression is None
        }
        # Decompressing a byte costs about as much as hopping over five of a plain tar.
        sizes = {number: (blob.size or 0) * (5 if blob.compression else 1) for number, blob in blobs.items()}

        def work(number: int) -> LayerIndex:
            return self._scan_region(number, blobs[number])

        if len(regions) == len(blobs):
            results = scan_plain(regions, work, lambda number, scan: self._taken(number, blobs[number], scan))
        else:
            results = scan_side_by_side(numbers, sizes, work, threads=True)
        if self.progress is not None and total:
            self.progress.finish()
        for number, blob in blobs.items():
            if blob.region is not None:
                self.records.keep(file_key(blob.region), results[number])
        return [results[number] for number in numbers]

    def _scan_region(self, number: int, blob: LayerBlob) -> LayerIndex:
        region = blob.region
        assert region is not None

        def scan() -> LayerIndex:
            if blob.compression is None:
                return scan_file(region.fd, region.start, region.length)
            read = sequential(region)
            if self.progress is not None:
                read = _counted(read, self.progress)
            # Its tar is not digested: that would take a quarter longer, and what lies here is soon read again.
            return _scan_blob(read, self.may_keep, self._texts(), digests=self.digests).index

        return self._taken(number, blob, scan)

    def _taken(self, number: int, blob: LayerBlob, scan: Callable[[], LayerIndex]) -> LayerIndex:
        """Return the index that ``scan`` gives, counted in. What it raises tells of which layer it speaks."""
        try:
            index = self._counted_in(scan())
            self.tell(number, index)
            return index
        except ArchiveError as error:
            raise _of_layer(number, blob, error) from None

    def tell(self, number: int, index: LayerIndex) -> None:
        """Tell an onlooker of a layer that was read, once: also of those that were cached, or read elsewhere."""
        onlooker = self.onlooker()
        if onlooker is None:
            return
        with self.counting:
            if number in self.told:
                return
            self.told.add(number)
        onlooker.scanned(number, index)

    def onlooker(self) -> Onlooker | None:
        """Return the progress, if it wants to know what there is."""
        from .progress import Onlooker

        return self.progress if isinstance(self.progress, Onlooker) else None


class _Scanned:
    """A layer that was scanned while its archive streamed by."""

    def __init__(self, key: str | None, index: LayerIndex) -> None:
        self.key = key
        self.index = index


def of_windows(indexes: Sequence[LayerIndex]) -> list[LayerIndex]:
    """Return the layers of a Windows image as its containers see them."""
    from .layer.windows import as_seen

    return [as_seen(index) for index in indexes]


def _check_costs(indexes: Sequence[LayerIndex]) -> None:
    """Refuse an image whose layers, wherever they were read, cost too much together. Raises ``LimitError``."""
    total = Costs()
    seen: set[int] = set()
    for index in indexes:
        total.include([index.costs])
        if id(index) in seen:
            total.add(REPEATED, index.members)
        seen.add(id(index))


@dataclass(frozen=True, slots=True)
class _Read:
    """A blob that was read in sequence; its tar's diff_id, where that was digested, and whether it is that tar."""

    index: LayerIndex
    diff_id: str | None
    plain: bool


def _scan_blob(
    read: Callable[[int], bytes],
    keep: int,
    texts: Texts,
    sampled: int = 0,
    *,
    digests: bool = False,
    digest: bool = False,
) -> _Read:
    """Scan a layer's blob that comes in sequence, whatever it is compressed with; ``digest`` its tar besides.

    What it would be compressed is estimated where it is not and has ``sampled`` bytes.
    """
    from .compression import unpacked

    source, kind = unpacked(read)
    digested = Digested(source) if digest else None
    source = digested.read if digested is not None else source
    sampler = estimate.Sampler(source, sampled) if not kind and sampled else None
    index = scan_stream(sampler.read if sampler is not None else source, keep, texts, digests=digests)
    if sampler is not None:
        index.sample = sampler.result()
    return _Read(index, digested.rest() if digested is not None else None, plain=not kind)


def _sampled(index: LayerIndex, read: Callable[[int], bytes], size: int, *, plain: bool) -> LayerIndex:
    """Return the index of a layer that is known and streams by: a plain one's with a sample, which others lack."""
    if not plain or len(index.sample):
        return index
    sampler = estimate.Sampler(read, size)
    while sampler.read(1 << 20):
        pass
    return replace(index, sample=sampler.result())


def _ignore(count: int) -> None:
    """Count nothing."""


def _of_layer(number: int, blob: LayerBlob, error: ImgscopeError) -> ImgscopeError:
    if isinstance(error, LimitError):
        # It speaks of the image: which layer was the last straw says nothing.
        return error
    kind = "" if is_layer(blob.media_type) else f" has the media type {shown(blob.media_type or '')}"
    return type(error)(f"layer {number}{kind}: {error}")


def _counted(read: Callable[[int], bytes], progress: Progress) -> Callable[[int], bytes]:
    def counting(size: int) -> bytes:
        data = read(size)
        progress.advance(len(data))
        return data

    return counting
