"""Estimates what a layer's tar would be compressed, from a sample of it: what an engine exports says nothing of that.

Blocks that stand spread over the tar are compressed where they are, with the 32 KiB before each as their window. Where
they stand, and how many they are, follows from the lengths of an image's tars alone, so it has the same estimate
however it is read. A fast compressor looks at all of them and gzip's own at some: how the two differ holds for the
rest (ratio estimation, double sampling), at a third of the cost of gzip for all.
"""

from __future__ import annotations

import os
import zlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import isqrt, sqrt
from typing import Any

from ..brief import brief

METHOD = "gzip -6"

BODY, WINDOW = 8 << 10, 32 << 10
# A tar that is no longer is compressed whole.
_WHOLE = BODY + WINDOW
# Small tars have one block for so many bytes, and twice as many for four times those; large ones one for so many bytes.
# Fifteen blocks cost about a millisecond.
_FIRST, _EACH = 8 << 10, 768 << 10
_FEWEST, MOST = 4, 512
# Of an image that lies in a file, reading which costs next to nothing, so many are looked at, shared out by size.
_IMAGE = 384
# Multiples of it fill a line evenly, however many there are, and never fall in step with what a tar repeats.
_GOLDEN = 0.6180339887498949
# These blocks of a tar gzip's own compressor looks at as well: its first, and then one of so many.
_EXACT_FIRST, _EXACT_EACH = 8, 12
# Header and trailer of a gzip stream.
_FRAME = 18
# What a stretch of 8 KiB does not tell of gzip, as a share of the estimate.
_BIAS = 0.01


@brief("bytes", "error", "method")
@dataclass(frozen=True, slots=True, repr=False)
class Estimate:
    """About how many ``bytes`` something is compressed, give or take ``error`` (two standard errors); ``method``
    is what it would be compressed with."""

    bytes: int
    error: int
    method: str = METHOD


def most(length: int) -> int:
    """Return how many blocks of a tar are looked at where it streams by anyway."""
    return 1 if length <= _WHOLE else min(max(isqrt(length // _FIRST), length // _EACH, _FEWEST), MOST)


def shares(lengths: Sequence[int]) -> list[int]:
    """Return how many blocks of each layer the estimate of an image is made from; the layers' lengths decide."""
    whole = sum(lengths)
    return [min(most(length), max(_FEWEST, _IMAGE * length // max(whole, 1))) for length in lengths]


def places(length: int, count: int) -> list[tuple[int, int]]:
    """Return where the first ``count`` blocks of a tar's sample stand: (start, length); they are spread evenly."""
    if length <= _WHOLE:
        return [(0, length)]
    return [(int((length - BODY) * (number * _GOLDEN % 1)), BODY) for number in range(count)]


def compressed(window: bytes, body: bytes, number: int) -> int:
    """Return what block ``number`` of a sample takes compressed where ``window`` stands before it: in the lower 16 bits
    the bytes that the fast compressor makes, in the upper those of gzip's, if it looks at that block (else 0)."""
    quick = _fast()
    if quick is None:
        size = _deflated(zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY, window), body)
        return size << 16 | size
    size = _deflated(quick(1, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY, window), body)
    if number < _EXACT_FIRST or number % _EXACT_EACH == 0:
        exact = _deflated(zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY, window), body)
        return exact << 16 | size
    return size


@cache
def _fast() -> Callable[..., Any] | None:
    """Return what makes a fast compressor of deflate; ``None`` where isal has no wheel: then gzip's does it all."""
    try:
        from isal import isal_zlib
    except ImportError:
        return None
    return isal_zlib.compressobj


def _deflated(encoder: Any, body: bytes) -> int:
    # An empty block of 4 bytes ends what is flushed.
    return len(encoder.compress(body)) + len(encoder.flush(zlib.Z_SYNC_FLUSH)) - 4


def estimate(length: int, sample: Sequence[int]) -> Estimate:
    """Return the estimate for a tar of ``length`` bytes; ``sample`` is what ``compressed`` said of its ``places``."""
    pairs = [(size >> 16, size & 0xFFFF) for size in sample if size >> 16]
    if length <= _WHOLE:
        return Estimate(sum(exact for exact, _ in pairs) + _FRAME, 0)
    count, scale = len(sample), length / BODY
    ratio = sum(exact for exact, _ in pairs) / max(sum(quick for _, quick in pairs), 1)
    sizes = [size >> 16 or ratio * size for size in sample]
    mean = sum(sizes) / count
    # Neighbours are alike: how far they differ tells the error of places that are spread evenly.
    order = sorted(range(count), key=places(length, count).__getitem__)
    spread = sum((sizes[one] - sizes[other]) ** 2 for one, other in pairwise(order)) / (2 * (count - 1))
    # What is left of gzip's figures once the ratio is known, for those blocks that it did not look at.
    rest = sum((exact - ratio * quick) ** 2 for exact, quick in pairs) / (len(pairs) - 1)
    variance = spread / count + rest * (1 / len(pairs) - 1 / count)
    return Estimate(round(mean * scale), round((2 * sqrt(variance) + _BIAS * mean) * scale))


def of_file(fd: int, start: int, length: int, count: int) -> Estimate:
    """Estimate the plain tar that takes ``length`` bytes from ``start`` of a seekable file. Raises ``OSError``."""
    sizes: list[int] = []
    for number, (place, size) in enumerate(places(length, count)):
        before = min(WINDOW, place)
        data = os.pread(fd, before + size, start + place - before)
        sizes.append(compressed(data[:before], data[before:], number))
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
        found = places(length, most(length))
        # The first is taken from the end.
        self._todo = sorted(((place, size, number) for number, (place, size) in enumerate(found)), reverse=True)
        self._sizes = array("I", bytes(4 * len(found)))
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
        place, size, number = self._todo[-1]
        if place - WINDOW < end:
            have, base = self._tail + data, self._position - len(self._tail)
            while place + size <= end:
                first = max(place - WINDOW, 0) - base
                here = place - base
                self._sizes[number] = compressed(have[first:here], have[here : here + size], number)
                self._todo.pop()
                if not self._todo:
                    break
                place, size, number = self._todo[-1]
            self._tail = have[-(WINDOW + BODY) :]
        else:
            self._tail = data[-(WINDOW + BODY) :]
        self._position = end

    def result(self) -> array[int]:
        """Return what ``compressed`` said of the blocks, as ``estimate`` takes it; none if the stream ended early."""
        return array("I") if self._todo else self._sizes
