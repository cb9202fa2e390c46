"""Columns of a byte for each path, 0 or 1, and what can be asked of them without looking at each path."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import mul, sub

_RUN = re.compile(rb"\x01+")


def both(one: bytes | bytearray, other: bytes | bytearray) -> bytearray:
    """Return a byte-wise AND: as two large numbers, which is a hundred times faster than byte after byte."""
    return bytearray((int.from_bytes(one, "little") & int.from_bytes(other, "little")).to_bytes(len(one), "little"))


def either(one: bytes | bytearray, other: bytes | bytearray) -> bytearray:
    """Return a byte-wise OR."""
    return bytearray((int.from_bytes(one, "little") | int.from_bytes(other, "little")).to_bytes(len(one), "little"))


def with_contents(matches: bytes | bytearray, end: Sequence[int]) -> bytearray:
    """Return the nodes that match, and all that lies in them."""
    found = bytearray(matches)
    node = found.find(1)
    while node >= 0:
        stop = end[node]
        if stop > node + 1:
            found[node:stop] = b"\x01" * (stop - node)
        node = found.find(1, stop)
    return found


def differences(sums: array[int]) -> array[int]:
    """Return what prefix sums are the sums of."""
    return array("q", map(sub, sums[1:], sums))


class Part:
    """Some nodes of a tree, as runs of nodes side by side: how much of a sum over the whole tree they hold."""

    def __init__(self, chosen: bytes | bytearray) -> None:
        """Hold the nodes that are 1 in ``chosen``."""
        self._chosen = chosen
        runs = [run.span() for run in _RUN.finditer(chosen)]
        self._starts = [start for start, _ in runs]
        self._stops = [stop for _, stop in runs]
        self._sums: dict[int, tuple[array[int], list[int]]] = {}

    def prefix(self, own: array[int]) -> array[int]:
        """Return prefix sums of what the chosen nodes have of their own, and the others not."""
        return array("q", accumulate(map(mul, own, self._chosen), initial=0))

    def held(self, sums: array[int], first: int, stop: int) -> int:
        """Return what the chosen among the nodes from ``first`` to ``stop`` hold; ``sums`` are prefix sums of all."""
        known = self._sums.get(id(sums))
        if known is None:
            # The sums are kept too, so that no others get their number.
            before = list(
                accumulate((sums[b] - sums[a] for a, b in zip(self._starts, self._stops, strict=True)), initial=0)
            )
            known = self._sums[id(sums)] = sums, before
        return self._up_to(stop, *known) - self._up_to(first, *known)

    def _up_to(self, node: int, sums: array[int], before: list[int]) -> int:
        run = bisect_right(self._starts, node) - 1
        if run < 0:
            return 0
        start = self._starts[run]
        return before[run] + sums[min(self._stops[run], node)] - sums[start]
