"""When each layer of a pull is there: several at a time share the line, and are unpacked one after the other.

That is how Docker's engine pulls (moby's distribution/xfer: three downloads at a time, ``max-concurrent-downloads``)
and containerd too: a layer is unpacked once it is there and all below it are unpacked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

PARALLEL = 3


class Times(NamedTuple):
    """When a layer has come and when it is unpacked, in seconds from the start."""

    downloaded: float
    unpacked: float


def timeline(
    sizes: Sequence[tuple[int, int]], rate: float, unpack_rate: float, parallel: int = PARALLEL
) -> list[Times]:
    """Return the times of layers, bottom first, of (bytes as stored, bytes of the tar).

    ``rate`` is that of the line and ``unpack_rate`` that of unpacking (bytes of the tar), in bytes a second.
    """
    came = _downloads([stored for stored, _ in sizes], rate, parallel)
    times: list[Times] = []
    free = 0.0
    for (_, plain), there in zip(sizes, came, strict=True):
        free = max(free, there) + plain / unpack_rate
        times.append(Times(there, free))
    return times


def _downloads(sizes: Sequence[int], rate: float, parallel: int) -> list[float]:
    """Return when each download ends: those under way share the line evenly, and begin in order."""
    came = [0.0] * len(sizes)
    left: dict[int, float] = {}
    waiting = iter(range(len(sizes)))
    now = 0.0
    while True:
        while len(left) < parallel and (number := next(waiting, None)) is not None:
            left[number] = float(sizes[number])
        if not left:
            return came
        step = min(left.values())
        now += step * len(left) / rate
        for number in list(left):
            left[number] -= step
            if left[number] <= 0:
                came[number] = now
                del left[number]
