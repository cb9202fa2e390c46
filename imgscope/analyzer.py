"""Goes the whole way once: from what the user named to the analysis. Layers are read by ``scanning``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .analysis import Analysis, Body
from .asides import asides, estimating
from .assembling import assemble
from .compat.dive import figures
from .contents import ImageContents
from .errors import ArtifactError
from .layer.index import LayerIndex
from .layer.sound import UNSOUND
from .overlay.changes import Comparison
from .overlay.merge import Overlay
from .reading import ReadOptions
from .scanning import Scanning, of_windows
from .sources.interface import Remembering

if TYPE_CHECKING:
    from typing import Unpack

    from .archive.image import OpenImage
    from .cache import Cache
    from .cache.records import Record
    from .reading import ReadKeywords
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


def analyze_source(source: Source, reference: str, options: ReadOptions, jobs: int = 1) -> Analysis:
    """Analyse what a source gives that no reference leads to. Raises ``UsageError`` and ``ImageError``."""
    return _Run(source, reference, options, jobs).result()


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
        self.options = options
        self.cache: Cache | None = None
        if options.cache:
            from .cache import Cache

            self.cache = Cache()
        if self.cache is not None and isinstance(source, Remembering):
            source.remember(self.cache)
        self.progress = options.progress
        self.scanning = Scanning(source, self.cache, options, jobs)

    def without_cache(self) -> _Run:
        """Return another run of the same image, which neither uses nor keeps anything."""
        return _Run(self.source, self.reference, self.options.but(cache=False), self.scanning.jobs)

    def result(self, layers: bool = True) -> Analysis:
        if not layers and self.source.remote:
            return self._outline()
        key = self.source.cache_key() if self.cache is not None else None
        if key is not None:
            known = self._from_record(key)
            if known is not None:
                return known
        opened = self.source.open(self.scanning.member, self.progress)
        try:
            opened.check_config()
            return self._analyse(opened, key)
        except BaseException:
            opened.close()
            raise

    def _outline(self) -> Analysis:
        from .outline import artifact, outline

        try:
            opened = self.source.open(self.scanning.member, self.progress)
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
        from .cache.records import Record
        from .secrets import REDACTED

        if self.options.raw and REDACTED.encode() in data:
            return None
        try:
            record = Record(data)
        except UNSOUND:
            return None
        body = _LazyBody(self, record)
        contents = ImageContents(body.indexes, None, partial(self.source.reopen, self.progress))
        names = self.source.names()
        image = replace(record.image, reference=self.reference, names=record.image.names if names is None else names)
        return Analysis(image, record.layers, record.notes, body, contents, record.highlights, largest=record.largest)

    # -- figures -----------------------------------------------------------------------------------------

    def _analyse(self, opened: OpenImage, key: str | None) -> Analysis:
        onlooker = self.scanning.onlooker()
        if onlooker is not None:
            onlooker.opened(opened)
        reopen = partial(self.source.reopen, self.progress)
        with estimating(opened.layers) as estimates:
            indexes, keys = self.scanning.indexes(opened)
            for number, index in enumerate(indexes):
                self.scanning.tell(number, index)
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
        from .cache.records import encode

        assert self.cache is not None
        self.cache.put("images", key, encode(analysis, layer_keys))
        self.cache.trim()


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
            found = [self.run.scanning.known(key) for key in self.record.layer_keys]
            indexes = [index for index in found if index is not None]
            if self.record.image.platform.startswith("windows/"):
                indexes = of_windows(indexes)
            if len(indexes) == len(found):
                overlay = Overlay(indexes)
                if len(overlay.hidden) == len(self.record.kinds):
                    self.body = Body(overlay, Comparison(overlay, None, self.record.kinds))
            if self.body is None:
                # What the cache has of the image's layers is not all, or not right: the image itself is read.
                self.body = self.run.without_cache().result().body
        return self.body

    def indexes(self) -> Sequence[LayerIndex]:
        return self().overlay.layers
