"""Goes the whole way once: from what the user named to the analysis.

A layer's index is shared between images under its diff_id only where an engine vouches for that; otherwise it is
tied to the very bytes that were read (device, inode, size, times and place of the file). So no archive can plant a
false layer for another image.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .analysis import Analysis, Body
from .archive.media import is_layer
from .archive.store import shown
from .asides import asides, estimating
from .assembling import assemble
from .bounds import REPEATED, Costs
from .compat.dive import figures
from .contents import ImageContents, sequential
from .errors import ArchiveError, ArtifactError, ImgscopeError, LimitError
from .layer import codec, estimate
from .layer.index import LayerIndex
from .layer.keep import MAX_IMAGE
from .layer.scan import scan_file, scan_stream
from .layer.texts import MAX_JUDGED, MAX_JUDGED_BYTES, Texts
from .layer.workers import scan_side_by_side, several_at_a_time
from .overlay.changes import Comparison
from .overlay.merge import Overlay
from .reading import ReadOptions
from .sources.interface import Remembering

if TYPE_CHECKING:
    from typing import Unpack

    from .archive.image import LayerBlob, OpenImage, Region
    from .cache import Cache
    from .progress import Onlooker, Progress
    from .reading import ReadKeywords
    from .records import Record
    from .sources.interface import Source


AnyImage = str | os.PathLike[str] | Analysis
"""What stands for an image: a reference as on the command line (see docs/references.md), a path, an analysis."""


def analyze(
    reference: str | os.PathLike[str], *, options: ReadOptions | None = None, **how: Unpack[ReadKeywords]
) -> Analysis:
    """Analyse an image: from an engine, a registry, an archive, a layout, or a saved analysis.

    ``reference`` is what the command line takes (see docs/references.md). How it is read is said by ``options``, by
    keywords (those of ``ReadOptions``: ``platform=``, ``image=``, ``cache=``, …), or by both, of which keywords win.
    Raises ``UsageError`` and ``ImageError``.
    """
    from .escape import escape
    from .progress import working
    from .sources import find_source
    from .sources.options import Options

    chosen = ReadOptions.of(options, how)
    sources = Options.of(chosen.source, chosen.jobs, chosen.login)
    with working(chosen.progress, f"opening {escape(os.fspath(reference))}"):
        source = find_source(
            reference,
            platform=chosen.platform,
            image=chosen.image,
            contents=chosen.contents,
            options=sources,
        )
        saved = source.saved()
        if saved is not None:
            from .saved import load

            return load(saved, str(reference))
        return _Run(source, str(reference), chosen, sources.jobs).result(chosen.layers)


@contextmanager
def opened(image: AnyImage, options: ReadOptions) -> Iterator[Analysis]:
    """Give an image's analysis: one that is made and closed at the end, or that which is given, which stays open."""
    if isinstance(image, Analysis):
        yield image
    else:
        with analyze(image, options=options) as analysis:
            yield analysis


def name_of(image: AnyImage) -> str:
    """Return what an image was called by whoever named it."""
    return image.image.reference if isinstance(image, Analysis) else os.fspath(image)


class _Run:
    """One analysis under way."""

    def __init__(self, source: Source, reference: str, options: ReadOptions, jobs: int) -> None:
        self.source = source
        self.reference = reference
        # Layers that are had from a registry at a time.
        self.jobs = jobs
        self.cache: Cache | None = None
        if options.cache:
            from .cache import Cache

            self.cache = Cache()
        if self.cache is not None and isinstance(source, Remembering):
            source.remember(self.cache)
        self.progress = options.progress
        self.shared = options.shared
        self.raw = options.raw
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

    def result(self, layers: bool = True) -> Analysis:
        if not layers and self.source.remote:
            return self._outline()
        key = self.source.cache_key() if self.cache is not None else None
        if key is not None:
            known = self._from_record(key)
            if known is not None:
                return known
        opened = self.source.open(self._scan_member, self.progress)
        try:
            opened.check_config()
            return self._analyse(opened, key)
        except BaseException:
            opened.close()
            raise

    def _outline(self) -> Analysis:
        from .outline import artifact, outline

        try:
            opened = self.source.open(self._scan_member, self.progress)
        except ArtifactError as error:
            return artifact(error, self.reference, self.source.names() or ())
        try:
            opened.check_config()
            body = _UnreadBody(self)
            return outline(opened, self.reference, body, partial(self.source.reopen, self.progress))
        except BaseException:
            opened.close()
            raise

    # -- from the cache ----------------------------------------------------------------------------------

    def _from_record(self, key: str) -> Analysis | None:
        """Return the analysis that the cache has of an image, if all that belongs to it is there."""
        assert self.cache is not None
        data = self.cache.get("images", key)
        if data is None:
            return None
        from .records import Record
        from .secrets import REDACTED

        if self.raw and REDACTED.encode() in data:
            return None
        try:
            record = Record(data)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
            return None
        body = _LazyBody(self, record)
        contents = ImageContents(body.indexes, None, partial(self.source.reopen, self.progress))
        names = self.source.names()
        image = replace(record.image, reference=self.reference, names=record.image.names if names is None else names)
        return Analysis(image, record.layers, record.notes, body, contents, record.highlights, largest=record.largest)

    def _cached_index(self, key: str) -> LayerIndex | None:
        if self.shared is not None and (known := self.shared.get(key)) is not None:
            return known
        data = self.cache.get("layers", key) if self.cache is not None else None
        if data is None:
            return None
        try:
            index = codec.decode(data)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
            return None
        if self.shared is not None:
            self.shared.keep(key, index)
        return index

    def _keep(self, key: str, index: LayerIndex) -> None:
        if self.shared is not None:
            self.shared.keep(key, index)
        if self.cache is not None:
            self.cache.put("layers", key, codec.encode(index))

    # -- layers ------------------------------------------------------------------------------------------

    def _scan_member(self, name: str, read: Callable[[int], bytes], size: int) -> _Scanned:
        """Scan a layer's blob as it passes by in a stream; its name is the key only where an engine vouches."""
        key = f"{self.source.vouched}:{name}" if self.source.vouched else None
        if key is not None:
            known = self._cached_index(key)
            if known is not None:
                return self._passed(_Scanned(key, known))
        if self.refused is not None:
            raise self.refused
        try:
            index = self._counted_in(_scan_blob(read, self.may_keep, Texts(*self.may_judge), size))
        except LimitError as error:
            self.refused = error
            raise
        if key is not None:
            self._keep(key, index)
        return self._passed(_Scanned(key, index))

    def _passed(self, layer: _Scanned) -> _Scanned:
        """Tell an onlooker of a layer that streamed by."""
        onlooker = self._onlooker()
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

    def _indexes(self, opened: OpenImage) -> tuple[list[LayerIndex], list[str | None]]:
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
                keys[number] = _verified_key(blob)
                remote.setdefault((blob.remote.digest, blob.diff_id), []).append(number)
            elif blob.region is None:
                indexes[number] = LayerIndex(children={b"": {}})
            else:
                keys[number] = _identity(blob.region)
                todo.setdefault((blob.region.fd, blob.region.start, blob.region.length), []).append(number)
        jobs: list[tuple[int, list[int]]] = []
        for numbers in todo.values():
            known = self._cached_index(keys[numbers[0]] or "")
            if known is None and self.shared is not None:
                known = self.shared.same_blob(opened.layers[numbers[0]])
                if known is not None:
                    self._keep(keys[numbers[0]] or "", known)
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
            layers = _of_windows(layers)
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
        from .layer.remote import scan_remote

        layers = opened.layers

        def fill(numbers: Sequence[int], index: LayerIndex, compression: str | None) -> None:
            for number in numbers:
                indexes[number], layers[number].compression = index, compression

        wanted: dict[int, Sequence[int]] = {}
        for numbers in groups:
            blob = layers[numbers[0]]
            known = self._cached_index(keys[numbers[0]] or "") if keys[numbers[0]] else None
            if known is None:
                wanted[numbers[0]] = numbers
            else:
                assert blob.remote is not None
                said = self.cache.get("registry", f"blob:{blob.remote.digest}") if self.cache is not None else None
                fill(numbers, known, blob.compression if said is None else said.decode("ascii", "replace") or None)
        if not wanted:
            return
        total = sum(layers[number].size or 0 for number in wanted)
        if self.progress is not None:
            what = f"{len(wanted)} of {len(layers)} layers" if len(wanted) < len(layers) else f"{len(layers)} layers"
            self.progress.start(total, f"reading {what} of {self.source.describe()}")

        def read(number: int) -> None:
            blob = layers[number]
            assert blob.remote is not None
            if self._list(number, blob, wanted[number], layers, fill, keys):
                return
            advance = self.progress.advance if self.progress is not None else _ignore
            try:
                found = scan_remote(blob.remote, blob.diff_id, self.may_keep, Texts(*self.may_judge), advance)
                index = self._counted_in(found.index)
            except ImgscopeError as error:
                raise _of_layer(number, blob, error) from None
            fill(wanted[number], index, found.compression)
            if not found.verified:
                for one in wanted[number]:
                    keys[one] = None
            elif (key := keys[number]) is not None:
                self._keep(key, index)
                if self.cache is not None:
                    self.cache.put("registry", f"blob:{blob.remote.digest}", (found.compression or "").encode())
            onlooker = self._onlooker()
            if onlooker is not None:
                for one in wanted[number]:
                    onlooker.scanned(one, index)

        try:
            # The largest last would be waited for alone.
            order = sorted(wanted, key=lambda number: -(layers[number].size or 0))
            several_at_a_time(order, read, self.jobs)
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
        fill(numbers, listed.index, "gzip" if table.kind == "eStargz" else "zstd")
        return True

    def _scan_all(self, opened: OpenImage, numbers: Sequence[int]) -> list[LayerIndex]:
        """Scan layers from a seekable file, several side by side, and keep their indexes."""
        blobs = {number: opened.layers[number] for number in numbers}
        total = sum(blob.size or 0 for blob in blobs.values() if blob.compression is not None)
        if self.progress is not None and total:
            self.progress.start(total, "reading layers")
        # Decompressing a byte costs about as much as hopping over five of a plain tar.
        sizes = {number: (blob.size or 0) * (5 if blob.compression else 1) for number, blob in blobs.items()}
        results = scan_side_by_side(
            numbers, sizes, lambda number: self._scan_region(number, blobs[number]), threads=total > 0
        )
        if self.progress is not None and total:
            self.progress.finish()
        for number, blob in blobs.items():
            if blob.region is not None:
                self._keep(_identity(blob.region), results[number])
        return [results[number] for number in numbers]

    def _scan_region(self, number: int, blob: LayerBlob) -> LayerIndex:
        region = blob.region
        assert region is not None
        try:
            if blob.compression is None:
                index = self._counted_in(scan_file(region.fd, region.start, region.length))
            else:
                read = sequential(region)
                if self.progress is not None:
                    read = _counted(read, self.progress)
                index = self._counted_in(_scan_blob(read, self.may_keep, Texts(*self.may_judge)))
            self._tell(number, index)
            return index
        except ArchiveError as error:
            raise _of_layer(number, blob, error) from None

    def _tell(self, number: int, index: LayerIndex) -> None:
        """Tell an onlooker of a layer that was read, once: also of those that were cached, or read elsewhere."""
        onlooker = self._onlooker()
        if onlooker is not None and number not in self.told:
            self.told.add(number)
            onlooker.scanned(number, index)

    def _onlooker(self) -> Onlooker | None:
        from .progress import Onlooker

        return self.progress if isinstance(self.progress, Onlooker) else None

    # -- figures -----------------------------------------------------------------------------------------

    def _analyse(self, opened: OpenImage, key: str | None) -> Analysis:
        onlooker = self._onlooker()
        if onlooker is not None:
            onlooker.opened(opened)
        reopen = partial(self.source.reopen, self.progress)
        with estimating(opened.layers) as estimates:
            indexes, keys = self._indexes(opened)
            for number, index in enumerate(indexes):
                self._tell(number, index)
            if self.progress is not None:
                self.progress.start(None, "putting the layers together")
            contents = ImageContents(lambda: indexes, opened.layers, reopen, opened.close)

            def same(pairs: list[tuple[int, int]]) -> Callable[[], list[bool]]:
                return contents.compare((overlay.locate(a), overlay.locate(b)) for a, b in pairs)

            overlay = Overlay(indexes)
            with asides(overlay, contents, estimates) as aside:
                comparison = Comparison(overlay, same)
                # Contents may be under comparison in another process: what does not need the answers comes first.
                dive = figures(overlay, [number for number, blob in enumerate(opened.layers) if blob.linked])
                body = Body(overlay, comparison)
                analysis = assemble(opened, self.reference, dive, body, contents, aside)
        if self.cache is not None and key is not None and all(keys):
            self._keep_record(key, analysis, [key or "" for key in keys])
        return analysis

    def _keep_record(self, key: str, analysis: Analysis, layer_keys: list[str]) -> None:
        from .records import encode

        assert self.cache is not None
        self.cache.put("images", key, encode(analysis, layer_keys))
        self.cache.trim()


class _Scanned:
    """A layer that was scanned while its archive streamed by."""

    def __init__(self, key: str | None, index: LayerIndex) -> None:
        self.key = key
        self.index = index


class _UnreadBody:
    """Reads the layers of an image, of which only an outline was wanted, once somebody wants more."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.whole: Analysis | None = None

    def __call__(self) -> Body:
        if self.whole is None:
            self.whole = self.run.result()
        return self.whole.body


class _LazyBody:
    """Builds the rows' columns from the cache when they are wanted; from the image, when the cache lost them."""

    def __init__(self, run: _Run, record: Record) -> None:
        self.run = run
        self.record = record
        self.body: Body | None = None

    def __call__(self) -> Body:
        if self.body is None:
            found = [self.run._cached_index(key) for key in self.record.layer_keys]
            indexes = [index for index in found if index is not None]
            if self.record.image.platform.startswith("windows/"):
                indexes = _of_windows(indexes)
            if len(indexes) == len(found):
                overlay = Overlay(indexes)
                if len(overlay.hidden) == len(self.record.kinds):
                    self.body = Body(overlay, Comparison(overlay, None, self.record.kinds))
            if self.body is None:
                self.run.cache, cache = None, self.run.cache
                self.body = self.run.result().body
                self.run.cache = cache
        return self.body

    def indexes(self) -> Sequence[LayerIndex]:
        return self().overlay.layers


def _of_windows(indexes: Sequence[LayerIndex]) -> list[LayerIndex]:
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


def _scan_blob(read: Callable[[int], bytes], keep: int, texts: Texts, sampled: int = 0) -> LayerIndex:
    """Scan a layer's blob that comes in sequence, whatever it is compressed with.

    What it would be compressed is estimated where it is not and has ``sampled`` bytes.
    """
    from .compression import detect, reader

    head = read(1 << 16)
    kind = detect(head)
    first = [head]

    def chained(size: int) -> bytes:
        return first.pop() if first else read(size)

    if kind or not sampled:
        return scan_stream(reader(kind, chained).read if kind else chained, keep, texts)
    sampler = estimate.Sampler(chained, sampled)
    index = scan_stream(sampler.read, keep, texts)
    index.sample = sampler.result()
    return index


def _ignore(count: int) -> None:
    """Count nothing."""


def _verified_key(blob: LayerBlob) -> str | None:
    """Name a layer that is checked as it is read: by its diff_id. Of plain ones the index holds a sample besides."""
    if blob.diff_id is None:
        return None
    return f"verified:{blob.diff_id}{':plain' if blob.digest == blob.diff_id else ''}"


def _identity(region: Region) -> str:
    """Name the very bytes of a region: a file that was changed or replaced since has another name."""
    stat = os.fstat(region.fd)
    return (
        f"file:{stat.st_dev}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}"
        f":{region.start}:{region.length}"
    )


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
