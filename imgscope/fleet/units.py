"""Reads a batch of images where it runs, and writes what it found to the store: in this process, another, or elsewhere.

What is written when matters: a layer's rows before its index, an image's rows before the image, and that before its
tags. So whatever ends a worker, nothing is held to be there that is not.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .. import __version__
from ..errors import ArtifactError, ImgscopeError, NoPlatformError, UsageError
from ..layer.index import FILE
from . import rows
from .layers import StoredLayers
from .model import Batch, How, Summary, Trouble, Unit, words
from .store import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from ..analysis import Analysis
    from .rows import Row

# So many rows of files are written at once, at the latest after the image with which they become more.
_FILES = 1 << 20
# Of a file so many bytes are digested at once.
_PIECE = 1 << 20


class Worker:
    """What a process has of a store and its layers, from batch to batch."""

    def __init__(self, store: Store, how: How) -> None:
        self.store = store
        self.how = how
        self.layers = StoredLayers(store.place, how.digests)

    def run(self, batch: Batch, stop: Callable[[], bool] = lambda: False) -> Summary:
        """Read a batch's images, and write what they are; one that can't be read is the summary's trouble.

        Where ``stop`` tells to, what is done is written, and the rest is left for another run. Raises ``OutputError``
        where the store can't be written.
        """
        summary = Summary()
        with _Writing(self.store, self.layers) as writing:
            for unit in batch.units:
                if stop():
                    break
                self._one(unit, batch, writing, summary)
                if writing.files_count > _FILES:
                    writing.write()
        return summary

    def _one(self, unit: Unit, batch: Batch, writing: _Writing, summary: Summary) -> None:
        if unit.image is not None and (unit.held or unit.image in writing.done):
            writing.tags.append(rows.tag_row(unit, unit.image, batch.observed))
            summary.held += 1
            return
        self.layers.begin()
        try:
            with _analysed(unit, self.how, self.layers) as analysis:
                found = _Found(analysis, unit, self.layers, summary)
                found.tables()
            writing.take(found, rows.tag_row(unit, found.image, batch.observed))
            summary.images += 1
            summary.done.append(found.image)
        except ArtifactError:
            summary.artifacts += 1
        except NoPlatformError:
            summary.elsewhere += 1
        except ImgscopeError as error:
            summary.troubles.append(Trouble.of(unit.reference, error))
        except (RecursionError, MemoryError) as error:
            summary.troubles.append(Trouble(unit.reference, f"too much for this machine: {type(error).__name__}"))
        except Exception as error:
            # One bad image stops nothing, whatever it is that is wrong with it, or with us.
            summary.troubles.append(Trouble(unit.reference, f"internal error: {words(error)!r}"))


@contextmanager
def _analysed(unit: Unit, how: How, layers: StoredLayers) -> Iterator[Analysis]:
    from ..analyzer import analyze

    analysis = analyze(
        unit.read,
        platform=how.platform if unit.choice is None else None,
        image=unit.choice,
        # The store is what is known: the user's cache is bounded, and of this machine alone.
        cache=False,
        shared=layers,
        source=how.source,
        jobs=how.jobs,
    )
    with analysis:
        yield analysis


class _Found:
    """All rows of one image."""

    def __init__(self, analysis: Analysis, unit: Unit, layers: StoredLayers, summary: Summary) -> None:
        self.analysis = analysis
        self.unit = unit
        self.known = layers
        self.summary = summary
        self.image = rows.identity(analysis)
        self.rows: dict[str, list[Row]] = {}
        self.files: dict[str, pa.Table] = {}
        self.layers: dict[str, set[str | None]] = {}

    def tables(self) -> None:
        """Make them. Raises ``ImageError``."""
        from ..suggestions import suggest

        analysis = self.analysis
        # It is first: what else is read goes by what it has found.
        suggestions = suggest(analysis)
        self.rows["images"] = [rows.image_row(analysis, self.unit)]
        self.rows["waste"] = rows.waste_rows(analysis)
        self.rows["packages"] = rows.package_rows(analysis)
        self.rows["findings"] = rows.finding_rows(suggestions)
        self.rows["bases"] = [rows.base_row(suggestions)]
        self._layers()

    def _layers(self) -> None:
        indexes = self.analysis.body.overlay.layers
        self.rows["layers"] = []
        lacking: list[int] = []
        for number, layer in enumerate(self.analysis.layers):
            name, size = rows.layer_of(self.analysis, number), layer.blob_bytes or 0
            if id(indexes[number]) in self.known.fresh:
                self.summary.layers += 1
                self.summary.read_bytes += size
            else:
                self.summary.shared_bytes += size
            if layer.missing is not None or self.known.has_rows(name, layer.digest):
                continue
            lacking.append(number)
            self.layers.setdefault(name, set()).add(layer.digest)
            if not self.known.has_files(name) and name not in self.files:
                self.files[name] = rows.file_rows(name, indexes[number], self._digests(number))
        if lacking and self.unit.host == "archive":
            self._confirm()
        self.rows["layers"] = [rows.layer_row(self.analysis, number) for number in lacking]

    def _digests(self, number: int) -> dict[int, bytes]:
        """Return the sha256 of a layer's files by entry: as they streamed by, or out of a file where it lies plain."""
        overlay = self.analysis.body.overlay
        index = overlay.layers[number]
        if index.digests or not self.known.digests or self.unit.host != "archive":
            return index.digests
        plain = self.analysis.contents.random_access(number)
        if plain is None:
            return {}
        found: dict[int, bytes] = {}
        for entry, kind in enumerate(index.kinds):
            if kind == FILE and entry not in index.sparse:
                state = hashlib.sha256(usedforsecurity=False)
                begin, size = index.offsets[entry], index.sizes[entry]
                for done in range(0, size, _PIECE):
                    state.update(plain.at(begin + done, min(_PIECE, size - done)))
                found[entry] = state.digest()
        return found

    def _confirm(self) -> None:
        """See that an archive's layers are what it says: others will be taken for the same by that.

        Raises ``ArchiveError``.
        """
        from ..verify import confirm

        if "layers" not in self.analysis.image.verified:
            confirm(self.analysis, image=self.unit.choice)


class _Writing:
    """What waits to be written; written when the block ends, however it does."""

    def __init__(self, store: Store, layers: StoredLayers) -> None:
        self._store = store
        self._known = layers
        self.tags: list[Row] = []
        self.done: set[str] = set()
        self.files_count = 0
        self._clear()

    def _clear(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.files: dict[str, pa.Table] = {}
        self.layers: dict[str, set[str | None]] = {}
        self.tags, self.files_count = [], 0

    def take(self, found: _Found, tag: Row) -> None:
        """Take an image's rows over: all of them, or none."""
        for table, more in found.rows.items():
            self.rows.setdefault(table, []).extend(more)
        for layer, files in found.files.items():
            if layer not in self.files:
                self.files[layer] = files
                self.files_count += files.num_rows
        for layer, blobs in found.layers.items():
            self.layers.setdefault(layer, set()).update(blobs)
        self.done.add(found.image)
        self.tags.append(tag)

    def write(self) -> None:
        """Write it. Raises ``OutputError``."""
        import pyarrow as pa

        if self.files:
            self._store.add("files", pa.concat_tables(self.files.values()))
        self._store.add("layers", self.rows.pop("layers", []))
        self._known.written(self.layers)
        images = self.rows.pop("images", [])
        for table, more in self.rows.items():
            self._store.add(table, more)
        self._store.add("images", images)
        self._store.add("tags", self.tags)
        self._clear()

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None or self.tags:
            self.write()


# A worker of each thread: where Dask has several in a process, each reads batches of its own.
_workers: dict[tuple[str, How, int], Worker] = {}


def run(path: str, batch: Batch, how: How, stop: Callable[[], bool] = lambda: False) -> Summary:
    """Read a batch into the store at ``path``, in this process, which keeps what it has for the next batch.

    Raises ``UsageError`` and ``OutputError`` for the store.
    """
    key = (path, how, threading.get_ident())
    worker = _workers.get(key)
    if worker is None:
        if how.version != __version__:
            raise UsageError(f"a worker has imgscope {__version__}, the scan is of {how.version}: install the same one")
        if how.own_login:
            _log_in()
        worker = _workers[key] = Worker(Store.open(path), how)
    return worker.run(batch, stop)


def _log_in() -> None:
    """Take a login from this machine's environment. Raises ``UsageError``."""
    from ..sources.options import HOST, chosen, read_login

    # Which registry a worker asks first is chance: the login is for none but its own.
    if not os.environ.get(HOST):
        raise UsageError(f"--registry-login env: set {HOST} for the workers too")
    chosen.login, chosen.login_host = read_login("env"), os.environ[HOST]
