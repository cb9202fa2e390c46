"""Estimates what a layer's tar would be compressed, from a sample of it: what an engine exports says nothing of that.

Blocks that stand spread over the tar are compressed as gzip compresses them where they are, with the 32 KiB before
each as its window. Where they stand follows from the tar's length alone, so the same layer has the same estimate
however it is read.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt, sqrt

METHOD = "gzip -6"

BODY, WINDOW = 8 << 10, 32 << 10
# A tar that is no longer is compressed whole.
_WHOLE = BODY + WINDOW
# One block for a tar of this many bytes; so many times as many for its square. Costs a millisecond for five blocks.
_ONE = 16 << 10
MAX_BLOCKS = 512
# Irrational, so that places never fall in step with what a tar repeats.
_GOLDEN = 0.6180339887498949
# What a stretch of 8 KiB does not tell of gzip, as a share of the estimate.
_BIAS = 0.01


@dataclass(frozen=True, slots=True)
class Estimate:
    """About how many ``bytes`` something is compressed, give or take ``error`` (two standard errors); ``method``
    is what it would be compressed with."""

    bytes: int
    error: int
    method: str = METHOD


def places(length: int) -> list[tuple[int, int]]:
    """Return where the blocks of a tar's sample stand: (start, length), in order."""
    if length <= _WHOLE:
        return [(0, length)] if length else []
    count = min(max(isqrt(length // _ONE), 4), MAX_BLOCKS)
    step = length / count
    return [(int(step * number + (step - BODY) * (number * _GOLDEN % 1)), BODY) for number in range(count)]


def compressed(window: bytes, body: bytes) -> int:
    """Return how many bytes of gzip a stretch takes where ``window`` stands before it."""
    encoder = zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY, window)
    # An empty block of 4 bytes ends what is flushed.
    return len(encoder.compress(body)) + len(encoder.flush(zlib.Z_SYNC_FLUSH)) - 4


def estimate(length: int, sample: Iterable[int]) -> Estimate:
    """Return the estimate for a tar of ``length`` bytes of whose ``places`` these are the compressed sizes."""
    sizes = list(sample)
    if length <= _WHOLE:
        return Estimate(sum(sizes) + 18, 0)
    count = len(sizes)
    scale = length / BODY
    mean = sum(sizes) / count
    # Neighbours are alike: how far they differ tells the error of places that are spread evenly.
    spread = sum((one - other) ** 2 for one, other in pairwise(sizes)) / (2 * (count - 1))
    return Estimate(round(mean * scale), round((2 * sqrt(spread / count) + _BIAS * mean) * scale))


def of_file(fd: int, start: int, length: int) -> Estimate:
    """Estimate the plain tar that takes ``length`` bytes from ``start`` of a seekable file. Raises ``OSError``."""
    sizes: list[int] = []
    for place, size in places(length):
        before = min(WINDOW, place)
        data = os.pread(fd, before + size, start + place - before)
        sizes.append(compressed(data[:before], data[before:]))
    return estimate(length, sizes)


def total(parts: Iterable[Estimate]) -> Estimate:
    """Add estimates up: errors of layers that have nothing to do with each other cancel out in part."""
    found = list(parts)
    return Estimate(sum(part.bytes for part in found), round(sqrt(sum(part.error**2 for part in found))))


class Sampler:
    """Takes the sample of a tar of ``length`` bytes as it streams by."""

    def __init__(self, read: Callable[[int], bytes], length: int) -> None:
        """Pass on what ``read(n)`` gives."""
        self._source = read
        self._length = length
        self._todo = places(length)[::-1]
        self._sizes: list[int] = []
        self._position = 0
        self._tail = b""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, and look at them."""
        data = self._source(size)
        if self._todo:
            self._look(data)
        return data

    def _look(self, data: bytes) -> None:
        end = self._position + len(data)
        place, size = self._todo[-1]
        if place - WINDOW < end:
            have, base = self._tail + data, self._position - len(self._tail)
            while place + size <= end:
                first = max(place - WINDOW, 0) - base
                self._sizes.append(compressed(have[first : place - base], have[place - base : place - base + size]))
                self._todo.pop()
                if not self._todo:
                    break
                place, size = self._todo[-1]
            self._tail = have[-(WINDOW + BODY) :]
        else:
            self._tail = data[-(WINDOW + BODY) :]
        self._position = end

    def result(self) -> Estimate | None:
        """Return the estimate, ``None`` if the stream ended before its time."""
        return None if self._todo else estimate(self._length, self._sizes)
