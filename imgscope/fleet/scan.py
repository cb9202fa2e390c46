"""Scans a fleet: finds its images, hands them out in batches, and takes note of what came of each.

What several images share is read by the first that has it: a batch with images whose layers another batch is about to
read waits for that. So a layer is read once, wherever batches run, and the store does not have to be asked who reads
what.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import ImgscopeError
from .model import Batch, How, Summary, Trouble, Unit
from .rows import tag_row
from .running.interface import TRIES, Runner, WorkerLost
from .sources.find import checked, find
from .sources.known import Known
from .sources.wanted import Wanted
from .store import Store

if TYPE_CHECKING:
    from ..sources.options import Options

# Images of a batch: many are written in fewer parts, few are handed out more evenly.
BATCH = 16
# Batches that are handed out for each worker; what is found meanwhile waits.
_AHEAD = 3
# Observations of images that are known are written so many at a time.
_TAGS = 5000
# New parts of tables that are compacted while the scan goes on.
_PARTS = 400
_WAIT = 0.2


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the sources is wanted: see ``imgscope fleet scan``."""

    newest: int | None = None
    since: datetime | None = None


Told = Callable[["Scan"], None]


class Scan:
    """One scan under way: what there is to do, and what was done."""

    def __init__(
        self,
        store: Store,
        how: How,
        options: Options,
        choice: Choice,
        runner: Runner,
        told: Told | None = None,
        trouble: Callable[[Trouble], None] | None = None,
    ) -> None:
        """Prepare a scan; ``told`` is called whenever something was done, ``trouble`` for what can't be read."""
        self.store = store
        self.summary = Summary()
        self.found = 0
        self.found_all = False
        self.began = time.monotonic()
        self.observed = datetime.now(UTC)
        self._told = told
        self._tell_trouble = trouble
        self._runner = runner
        self._known = Known(store)
        self._wanted = Wanted(
            self._known, options, self._trouble, self._elsewhere, how.platform, choice.newest, choice.since
        )
        self._running: dict[int, Batch] = {}
        self._waiting: deque[tuple[Batch, set[int]]] = deque()
        # Which batch reads a blob, or an image, of those that are under way.
        self._reads: dict[str, int] = {}
        self._tags: list[dict[str, object]] = []
        self._parts = 0

    @property
    def done(self) -> int:
        """Images of which it is known what became of them."""
        found = self.summary
        return found.images + found.held + found.artifacts + found.elsewhere + len(found.troubles)

    def _trouble(self, trouble: Trouble) -> None:
        self.summary.troubles.append(trouble)
        if self._tell_trouble is not None:
            self._tell_trouble(trouble)

    def _elsewhere(self) -> None:
        self.summary.elsewhere += 1

    def run(self, sources: Sequence[str]) -> Summary:
        """Scan all sources. Raises ``UsageError`` and ``OutputError``; what can't be read is in the summary."""
        checked(sources)
        whole = False
        try:
            for batch in self._batches(find(sources, self._wanted)):
                self._hand_out(batch)
                while len(self._running) + len(self._waiting) >= _AHEAD * self._runner.workers:
                    self._take_in()
            self.found_all = True
            while self._running or self._waiting:
                self._take_in()
            whole = True
        finally:
            self._runner.close(now=not whole)
            self._write_tags()
        self.store.compact()
        return self.summary

    # -- finding -----------------------------------------------------------------------------------------

    def _batches(self, units: Iterable[Unit]) -> Iterator[Batch]:
        number = 0
        pending: list[Unit] = []
        for unit in units:
            self.found += 1
            if unit.held and unit.image is not None:
                self._observe(unit, unit.image)
                continue
            pending.append(unit)
            # The first ones are small: all workers have something to do, and what many share is soon read.
            if len(pending) >= (BATCH if number >= 2 * self._runner.workers else 4):
                yield Batch(number, tuple(pending), self.observed)
                number += 1
                pending = []
        if pending:
            yield Batch(number, tuple(pending), self.observed)

    def _observe(self, unit: Unit, image: str) -> None:
        self._tags.append(tag_row(unit, image, self.observed))
        self.summary.held += 1
        if len(self._tags) >= _TAGS:
            self._write_tags()
        self._tell()

    def _write_tags(self) -> None:
        rows, self._tags = self._tags, []
        self.store.add("tags", rows)

    # -- handing out and taking in -----------------------------------------------------------------------

    def _hand_out(self, batch: Batch) -> None:
        needs: set[int] = set()
        for unit in batch.units:
            for name in (unit.image, *unit.blobs):
                if name is not None:
                    owner = self._reads.setdefault(name, batch.number)
                    if owner != batch.number:
                        needs.add(owner)
        if needs:
            self._waiting.append((batch, needs))
        else:
            self._start(batch)

    def _start(self, batch: Batch) -> None:
        # An image may have been read under another name meanwhile.
        units = (
            replace(unit, held=True) if unit.image is not None and self._known.has(unit.image) else unit
            for unit in batch.units
        )
        batch = replace(batch, units=tuple(units))
        self._running[batch.number] = batch
        self._runner.submit(batch)

    def _take_in(self) -> None:
        result = self._runner.next(_WAIT)
        if result is None:
            self._tell()
            return
        batch, found = result
        del self._running[batch.number]
        if isinstance(found, WorkerLost):
            if batch.tries + 1 < TRIES:
                self._running[batch.number] = batch.again()
                self._runner.submit(batch.again())
                return
            self._lost(batch, str(found))
        elif isinstance(found, ImgscopeError):
            # The store can't be written, or read: so it will be for all others.
            raise found
        elif isinstance(found, BaseException):
            self._lost(batch, f"internal error: {found!r}"[:300])
        else:
            self._count(found)
        self._released(batch)
        self._tell()

    def _count(self, found: Summary) -> None:
        for trouble in found.troubles:
            if self._tell_trouble is not None:
                self._tell_trouble(trouble)
        for image in found.done:
            self._known.add(image)
        found.done = []
        self.summary.add(found)
        self._parts += 1
        if self._parts >= _PARTS:
            self._parts = 0
            self.store.compact()

    def _lost(self, batch: Batch, why: str) -> None:
        """Give up a batch; where it has several images, each is tried by itself, for one is to blame."""
        if len(batch.units) > 1:
            for place, unit in enumerate(batch.units):
                # Numbers of their own, which no other batch has.
                self._start(Batch(-(batch.number * BATCH + place + 1), (unit,), batch.observed, TRIES - 2))
            return
        for unit in batch.units:
            self._trouble(Trouble(unit.reference, why))

    def _released(self, batch: Batch) -> None:
        for unit in batch.units:
            for name in (unit.image, *unit.blobs):
                if name is not None and self._reads.get(name) == batch.number:
                    del self._reads[name]
        still: deque[tuple[Batch, set[int]]] = deque()
        for waiting, needs in self._waiting:
            needs.discard(batch.number)
            if needs:
                still.append((waiting, needs))
            else:
                self._start(waiting)
        self._waiting = still

    def _tell(self) -> None:
        if self._told is not None:
            self._told(self)
