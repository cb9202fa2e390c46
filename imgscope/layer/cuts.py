"""Where plain tars are cut so that several processes have about as many headers each to read.

An image often has one layer that is larger than all others together, and a layer's bytes say little of its headers:
a few large files cost nothing. So headers are counted at places spread over all the tars, and a share may end in the
midst of a tar.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from ..errors import LimitError
from ..tar.header import BLOCK, TarError, checksum_holds, read_member
from .scan import InFile

if TYPE_CHECKING:
    from ..archive.image import Region

# Below so many headers (3 µs each) a second process costs more than it saves.
MANY = 8000
# So many places are looked at, and so many bytes at each.
_PLACES, _LOOK = 64, 1 << 16
# What every tar that is written today has in its headers (POSIX and GNU), and where.
_MAGIC, _AT = b"ustar", 257
# So many blocks that look like a header are tried.
_TRIES = 8
# A share may be so much larger or smaller than it should if no tar is cut then: putting pieces together takes a little.
_SLACK = 0.02


class Stretch(NamedTuple):
    """Part of a tar, from the member at ``begin`` to that at ``stop``, or to the tar's end."""

    number: int
    begin: int = 0
    stop: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it is all of its tar."""
        return not self.begin and self.stop is None


def shares(regions: Mapping[int, Region], count: int) -> list[list[Stretch]]:
    """Deal the tars out in at most ``count`` shares, each of them a run of tars in their order and of parts of tars."""
    cuts: set[tuple[int, int]] = set()
    # A header takes a block at least.
    if count > 1 and sum(region.length for region in regions.values()) >= max(MANY, 1) * BLOCK:
        cuts = _cuts(regions, count)
    dealt: list[list[Stretch]] = [[]]
    for number in regions:
        begin = 0
        for cut in sorted(place for tar, place in cuts if tar == number):
            if cut:
                dealt[-1].append(Stretch(number, begin, cut))
                begin = cut
            if dealt[-1]:
                dealt.append([])
        dealt[-1].append(Stretch(number, begin))
    return dealt


def _cuts(regions: Mapping[int, Region], count: int) -> set[tuple[int, int]]:
    """Return the tars, and places in them, where shares begin; none where a share would have too little to do."""
    numbers = list(regions)
    *starts, whole = accumulate((region.length for region in regions.values()), initial=0)
    step = whole / _PLACES

    def locate(place: float) -> tuple[int, int]:
        tar = bisect_right(starts, place) - 1
        block = (int(place) - starts[tar]) // BLOCK * BLOCK
        return numbers[tar], block

    headers = [_density(regions, *locate((place + 0.5) * step)) * step for place in range(_PLACES)]
    before = list(accumulate(headers, initial=0.0))
    headers.append(0.0)
    if before[-1] < max(MANY, 1):
        return set()
    at_starts = [before[int(start / step)] + headers[int(start / step)] * (start / step % 1) for start in starts]
    cuts: set[tuple[int, int]] = set()
    for share in range(1, count):
        goal = before[-1] * share / count
        nearest = min(range(len(starts)), key=lambda tar: abs(at_starts[tar] - goal))
        if abs(at_starts[nearest] - goal) <= _SLACK * before[-1] / count:
            cuts.add((numbers[nearest], 0))
            continue
        place = bisect_right(before, goal) - 1
        # Headers were seen in the midst of this step: if there are none where the share should end, it ends there.
        wanted = place + (goal - before[place]) / headers[place]
        for number, near in (locate(wanted * step), locate((place + 0.5) * step)):
            found = _member(regions[number], near)
            if found is not None:
                cuts.add((number, found))
                break
    return cuts


def _density(regions: Mapping[int, Region], number: int, near: int) -> float:
    """Return how many headers a byte of a tar has about a place."""
    data, found = _look(regions[number], near)
    return len(found) / max(len(data), 1)


def _look(region: Region, offset: int) -> tuple[bytes, list[int]]:
    """Return what is in a tar from a block on, and where in that blocks look like headers."""
    data = os.pread(region.fd, min(_LOOK, region.length - offset), region.start + offset)
    return data, [at - _AT for at in range(_AT, len(data), BLOCK) if data.startswith(_MAGIC, at)]


def _member(region: Region, near: int) -> int | None:
    """Find where a member begins soon after a block of a tar; ``None`` where none is seen.

    One header may belong to another before it (PAX), so it is the member after the first that is seen.
    """
    source = InFile(region.fd, region.start, region.length)
    data, found = _look(region, near)
    for here in found[:_TRIES]:
        if _is_header(data[here : here + BLOCK]):
            try:
                member = read_member(source.at, near + here, {})
                if member is not None and _is_header(source.at(member.next, BLOCK)):
                    return member.next
            except (TarError, LimitError):
                # It was a file's content.
                pass
    return None


def _is_header(block: bytes) -> bool:
    return len(block) == BLOCK and checksum_holds(block)
