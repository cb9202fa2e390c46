"""Scans several layers side by side.

Where forking is safe, a second process takes a share of the layers and hands its indexes back; of plain ones its share
may begin in the midst of one. Elsewhere layers that have to be decompressed are shared among threads, for decompression
doesn't hold the others up; plain ones are scanned one after another.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from ..errors import ImgscopeError
from ..processes import MAX_PROCESSES, Child, usable_processes
from .cuts import Stretch, shares
from .handover import index_of, plain, read, written
from .index import LayerIndex
from .pieces import Piece, PlainScan

if TYPE_CHECKING:
    from ..archive.image import Region

# Below this many bytes of tar a second process costs more than it saves.
WORTHWHILE = 48 << 20
HOLD = 5.0
"""Seconds for which a layer that nobody waits for lets another go before, a piece at a time."""

Work = Callable[[int], LayerIndex]
Taken = Callable[[int, Callable[[], LayerIndex]], LayerIndex]


def scan_side_by_side(
    numbers: Sequence[int], sizes: dict[int, int], work: Work, *, threads: bool
) -> dict[int, LayerIndex]:
    """Call ``work`` for each number, several at a time where that pays; return the results by number.

    ``sizes`` are the bytes that each has to go through, ``threads`` tells whether threads would help. Raises what
    ``work`` raises for the first number that it fails for, however many work at it.
    """
    processes = usable_processes()
    count = processes if processes > 1 or not threads else min(os.cpu_count() or 1, MAX_PROCESSES)
    shares = _shares(numbers, sizes, count)
    results: dict[int, LayerIndex] = {}
    if len(shares) > 1 and sum(sizes[number] for number in numbers) >= WORTHWHILE:
        results = _in_processes(shares, work) if processes > 1 else _in_threads(shares, work)
    # All of them, where one works alone. Else those that failed, in order: so which error it is that is told does not
    # depend on who came to it first. And those of a process that was killed, perhaps for want of memory: one at a time
    # may do.
    return results | {number: work(number) for number in numbers if number not in results}


def scan_plain(regions: Mapping[int, Region], work: Work, taken: Taken) -> dict[int, LayerIndex]:
    """Scan plain tars in a file, several side by side where that pays; return their indexes by number.

    ``work`` scans one; one that was scanned in pieces is put together by what ``taken`` is given. Raises what ``work``
    raises for the first number that it fails for.
    """
    first, *others = shares(regions, usable_processes())
    results: dict[int, LayerIndex] = {}
    if others:
        with suppress(ImgscopeError):
            _by_shares(first, others, regions, work, taken, results)
    return results | {number: work(number) for number in regions if number not in results}


def _by_shares(
    first: Sequence[Stretch],
    others: Sequence[Sequence[Stretch]],
    regions: Mapping[int, Region],
    work: Work,
    taken: Taken,
    results: dict[int, LayerIndex],
) -> None:
    """Scan the ``first`` share here and each of the ``others`` in a process; add what is whole, and put together the
    rest.
    """
    scans: dict[int, PlainScan] = {}
    pieces: dict[int, list[Piece]] = {}
    children: list[Child] = []
    try:
        children.extend(Child(partial(_scanned, share, regions, work)) for share in others)
        for stretch in first:
            if stretch.whole:
                results[stretch.number] = work(stretch.number)
            else:
                scans[stretch.number] = scan = PlainScan(regions[stretch.number])
                scan.scan_to(stretch.stop)
        for share, child in zip(others, children, strict=True):
            # A process that died has found nothing.
            for stretch, values in zip(share, read(child.result() or written([])), strict=False):
                if values is not None and stretch.whole:
                    results[stretch.number] = index_of(values)
                elif values is not None:
                    pieces.setdefault(stretch.number, []).append(Piece(*values))
        for number in sorted(pieces.keys() | scans.keys()):
            scan = scans.pop(number) if number in scans else PlainScan(regions[number])
            results[number] = taken(number, partial(_joined, scan, pieces.pop(number, [])))
    finally:
        for child in children:
            child.stop()


def _scanned(share: Sequence[Stretch], regions: Mapping[int, Region], work: Work) -> bytes:
    """Return what stretches hold, up to the first that can't be read."""
    found: list[object] = []
    with suppress(ImgscopeError):
        for stretch in share:
            if stretch.whole:
                found.append(plain(work(stretch.number)))
            else:
                scan = PlainScan(regions[stretch.number], stretch.begin)
                scan.scan_to(stretch.stop)
                piece = scan.piece()
                found.append(tuple(piece) if piece is not None else None)
    return written(found)


def _joined(scan: PlainScan, pieces: list[Piece]) -> LayerIndex:
    """Go on with a tar's scan, by what others have scanned of it where that can be, to its end."""
    for piece in pieces:
        scan.scan_to(piece.begin)
        scan.join(piece)
    return scan.result()


def several_at_a_time(
    numbers: Sequence[int],
    work: Callable[[int], None],
    jobs: int,
    first: Callable[[], int | None] | None = None,
) -> None:
    """Call ``work``, which mostly waits for others, for each number, ``jobs`` of them at a time, in order.

    ``first`` is asked now and then which of them somebody waits for: that one is begun next, and at once, beside the
    others, if all are busy. Raises what ``work`` raises for the first number that it fails for; none that comes later
    is begun then, or waited for.
    """
    if len(numbers) == 1:
        return work(numbers[0])
    left = dict.fromkeys(numbers)
    lock = threading.Lock()
    failed: dict[int, BaseException] = {}
    running: set[int] = set()
    working = extra = 0
    done = threading.Condition(lock)

    def following() -> int | None:
        wanted = first() if first is not None and left else None
        number = wanted if wanted in left else next(iter(left), None)
        if number is not None:
            del left[number]
        return number

    def run(once: bool) -> None:
        nonlocal working, extra
        more = True
        while True:
            with lock:
                number = following() if more and not failed else None
                if number is None:
                    working -= 1
                    extra -= once
                    done.notify_all()
                    return
                running.add(number)
            try:
                work(number)
            except BaseException as error:
                with lock:
                    failed[number] = error
            finally:
                with lock:
                    running.discard(number)
                    done.notify_all()
            more = not once

    def begin(once: bool) -> None:
        nonlocal working, extra
        working += 1
        extra += once
        threading.Thread(target=run, args=(once,), daemon=True).start()

    order = {number: place for place, number in enumerate(numbers)}
    with lock:
        for _ in range(min(jobs, len(numbers))):
            begin(once=False)
        while True:
            before = min(map(order.__getitem__, failed), default=len(numbers))
            if not (any(order[number] < before for number in running) if failed else working):
                break
            if first is not None and not extra and not failed and first() in left:
                begin(once=True)
            # A time, so that a signal is heeded at once wherever a lock would not let it.
            done.wait(0.2)
    if failed:
        raise failed[numbers[before]]


class Turns:
    """Which of some layers is had first: the one that somebody waits for, and the others hold back meanwhile."""

    def __init__(self, groups: Mapping[int, Sequence[int]], awaited: Callable[[], int | None] | None) -> None:
        """Read ``groups`` of layers, each by its first one; ``awaited`` tells a layer that somebody waits for."""
        self._leader = {number: first for first, numbers in groups.items() for number in numbers}
        self._awaited = awaited
        self._changed = threading.Condition()
        self._running: set[int] = set()

    def first(self) -> int | None:
        """Return the group that somebody waits for."""
        layer = self._awaited() if self._awaited is not None else None
        return None if layer is None else self._leader.get(layer)

    @contextmanager
    def under_way(self, number: int) -> Iterator[None]:
        """Note that a group is being read."""
        with self._changed:
            self._running.add(number)
        try:
            yield
        finally:
            with self._changed:
                self._running.discard(number)
                self._changed.notify_all()

    def counted(self, number: int, advance: Callable[[int], None]) -> Callable[[int], None]:
        """Return ``advance`` for the bytes of a group: it holds up what reads them while another one is waited for.

        Not for ever: a connection that nobody reads from is given up by the other side.
        """
        if self._awaited is None:
            return advance

        def counting(count: int) -> None:
            advance(count)
            until = time.monotonic() + HOLD
            while (wanted := self.first()) not in (None, number) and time.monotonic() < until:
                with self._changed:
                    if wanted not in self._running:
                        return
                    self._changed.wait(0.1)
                # Whoever leaves need not wait.
                advance(0)

        return counting


def _shares(numbers: Sequence[int], sizes: dict[int, int], count: int) -> list[list[int]]:
    """Deal the numbers out so that the shares' sizes are as even as can be; the largest share comes first."""
    shares: list[list[int]] = [[] for _ in range(count)]
    loads = [0] * count
    for number in sorted(numbers, key=sizes.__getitem__, reverse=True):
        least = loads.index(min(loads))
        shares[least].append(number)
        loads[least] += sizes[number]
    pairs = sorted(zip(loads, shares, strict=True), key=lambda pair: pair[0], reverse=True)
    return [share for _, share in pairs if share]


def _in_processes(shares: list[list[int]], work: Work) -> dict[int, LayerIndex]:
    """Return the results that come without an error."""
    children: list[tuple[list[int], Child]] = []
    results: dict[int, LayerIndex] = {}
    try:
        # The largest share stays here: its indexes needn't be handed over.
        children.extend((share, Child(partial(_encoded, share, work))) for share in shares[1:])
        with suppress(ImgscopeError):
            for number in shares[0]:
                results[number] = work(number)
            for share, child in children:
                data = child.result()
                if data is not None:
                    results.update(_decoded(share, data))
        return results
    finally:
        for _, child in children:
            child.stop()


def _encoded(share: list[int], work: Work) -> bytes:
    return written([plain(work(number)) for number in share])


def _decoded(share: list[int], data: bytes) -> dict[int, LayerIndex]:
    return {number: index_of(values) for number, values in zip(share, read(data), strict=True)}


def _in_threads(shares: list[list[int]], work: Work) -> dict[int, LayerIndex]:
    """Return the results that come without an error."""
    results: dict[int, LayerIndex] = {}
    errors: list[BaseException] = []

    def run(share: list[int]) -> None:
        try:
            for number in share:
                if errors:
                    return
                results[number] = work(number)
        except BaseException as error:
            errors.append(error)

    others = [threading.Thread(target=run, args=(share,), daemon=True) for share in shares[1:]]
    for thread in others:
        thread.start()
    run(shares[0])
    if errors and not isinstance(errors[0], Exception):
        # Ctrl-C: what the others are at is of no use any more.
        raise errors[0]
    for thread in others:
        thread.join()
    unexpected = next((error for error in errors if not isinstance(error, ImgscopeError)), None)
    if unexpected is not None:
        raise unexpected
    return results
