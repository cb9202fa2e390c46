"""What layers would be compressed otherwise: by gzip or zstd, at other levels.

A fast compressor of each kind goes through the whole tar (igzip for gzip; for zstd its level 3, which is an answer
itself). It tells where in a tar the compressed bytes are, and there the other levels are tried on stretches: each with
as much before it as that compressor looks back on. How such a stretch compares with the fast compressor's own, on
average, holds for the whole (sampling with probability proportional to size). Tars up to 4 MiB are compressed whole.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

from ..compression import zstd_module
from ..layer.contents import FileBytes

# What zstd makes a block of.
_PIECE = 128 << 10
_WHOLE = 4 << 20
# So many stretches of an image, at least so many of a layer, and what stands before each and is in it, in bytes.
_STRETCHES = {"gzip": (48, 16, 32 << 10, 256 << 10), "zstd": (12, 4, 4 << 20, 1 << 20)}
_ZSTD = 3


class Compression(NamedTuple):
    """A compressor and its level."""

    kind: str
    level: int

    def __str__(self) -> str:
        return f"{self.kind} -{self.level}"


COMPRESSIONS = tuple(Compression(kind, level) for kind, level in (("gzip", 1), ("gzip", 6), ("gzip", 9)))
COMPRESSIONS += tuple(Compression("zstd", level) for level in (1, 3, 9))
"""Those that are told of."""

DECOMPRESSED = {"gzip": 350e6, "zstd": 650e6}
"""Bytes of a tar that one core decompresses a second, as measured (docs/pull.md)."""


class _Encoder(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int = ..., /) -> bytes: ...


def _encoder(one: Compression | None, kind: str) -> tuple[Any, Callable[[Any], bytes]]:
    """Return an encoder, and what ends a stretch of it; of a kind's fast compressor where ``one`` is ``None``."""
    if kind == "zstd":
        zstd = zstd_module()
        level = _ZSTD if one is None else one.level
        return zstd.ZstdCompressor(level), lambda made: made.flush(zstd.ZstdCompressor.FLUSH_BLOCK)
    if one is None:
        try:
            from isal import isal_zlib

            return isal_zlib.compressobj(1, zlib.DEFLATED, -15), lambda made: made.flush(zlib.Z_SYNC_FLUSH)
        except ImportError:
            pass
    level = 1 if one is None else one.level
    return zlib.compressobj(level, zlib.DEFLATED, -15), lambda made: made.flush(zlib.Z_SYNC_FLUSH)


class Tar:
    """A layer's plain tar: where its compressed bytes are, and how many they would be otherwise."""

    def __init__(self, source: FileBytes, length: int, advance: Callable[[int], object]) -> None:
        """Compress all of it by the fast compressors; ``advance`` counts the bytes."""
        self.source, self.length = source, length
        self._pieces: dict[str, array[int]] = {kind: array("q") for kind in _STRETCHES}
        self._small = b"".join(self._read(advance)) if length <= _WHOLE else b""
        made = {kind: _encoder(None, kind) for kind in _STRETCHES}
        for data in self._read(advance) if not self._small else self._cut():
            for kind, (encoder, end) in made.items():
                # Each piece is ended, so that its bytes are not counted with the next one's.
                self._pieces[kind].append(len(encoder.compress(data)) + len(end(encoder)))
        self._sums = [0, *accumulate(self._pieces["gzip"])]

    def _read(self, advance: Callable[[int], object]) -> Iterator[bytes]:
        place = 0
        while data := self.source.at(place, min(_PIECE, self.length - place)):
            yield data
            place += len(data)
            advance(len(data))

    def _cut(self) -> Iterator[bytes]:
        return (self._small[place : place + _PIECE] for place in range(0, len(self._small), _PIECE))

    def share(self, start: int, end: int) -> float:
        """Return the share of the compressed bytes that a part of the tar has."""
        whole = self._sums[-1]
        return (self._until(end) - self._until(start)) / whole if whole else 0.0

    def _until(self, place: int) -> float:
        number, rest = divmod(min(place, self.length), _PIECE)
        if number >= len(self._sums) - 1:
            return self._sums[-1]
        piece = min(_PIECE, self.length - number * _PIECE)
        return self._sums[number] + (self._sums[number + 1] - self._sums[number]) * rest / piece

    def compressed(self, one: Compression, stretches: int) -> int:
        """Return about how many bytes it would be; ``stretches`` are looked at."""
        if self._small:
            encoder, _ = _encoder(one, one.kind)
            return len(encoder.compress(self._small)) + len(encoder.flush())
        whole = sum(self._pieces[one.kind])
        if one == (one.kind, _ZSTD) and one.kind == "zstd":
            return whole
        ratios = [
            self._stretch(place, one) / max(self._stretch(place, None, one.kind), 1)
            for place in self._places(one.kind, stretches)
        ]
        return round(whole * sum(ratios) / len(ratios)) if ratios else whole

    def _places(self, kind: str, count: int) -> Iterator[int]:
        """Yield where stretches begin: evenly spread over the compressed bytes."""
        body = _STRETCHES[kind][3]
        whole, gone, number = sum(self._pieces[kind]), 0, 0
        for place, size in enumerate(self._pieces[kind]):
            while number < count and (wanted := (number + 0.5) / count * whole) <= gone + size:
                middle = place * _PIECE + int((wanted - gone) / max(size, 1) * _PIECE)
                yield min(max(middle - body // 2, 0), max(self.length - body, 0))
                number += 1
            gone += size

    def _stretch(self, place: int, one: Compression | None, kind: str = "") -> int:
        """Return what a stretch takes, by a compressor that has seen what stands before it."""
        kind = one.kind if one is not None else kind
        _, _, before, body = _STRETCHES[kind]
        before = min(before, place)
        encoder, end = _encoder(one, kind)
        if before:
            encoder.compress(self.source.at(place - before, before))
            end(encoder)
        return len(encoder.compress(self.source.at(place, body))) + len(end(encoder))


def shares(kind: str, lengths: Sequence[int]) -> list[int]:
    """Return how many stretches of each tar are looked at: by their lengths."""
    most, fewest, _, _ = _STRETCHES[kind]
    whole = max(sum(lengths), 1)
    return [max(fewest, round(most * length / whole)) for length in lengths]
