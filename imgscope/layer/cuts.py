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
    if count > 1 and sum(region.length for region in regions.values()) >= MANY * BLOCK:
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
        return numbers[tar], int(place) - starts[tar]

    weights: list[float] = []
    for place in range(_PLACES):
        number, offset = locate((place + 0.5) * step)
        seen = _look(regions[number], offset)
        weights.append(seen.count(_MAGIC) * step / max(len(seen), 1))
    so_far = list(accumulate(weights, initial=0.0))
    cuts: set[tuple[int, int]] = set()
    if so_far[-1] < max(MANY, 1):
        return cuts
    for share in range(1, count):
        goal = so_far[-1] * share / count
        place = bisect_right(so_far, goal) - 1
        # There are headers in the midst of this step: if none are where the share should end, then it ends there.
        wanted = place + (goal - so_far[place]) / weights[place]
        found = (_member(regions, *locate(where * step)) for where in (wanted, place + 0.5))
        cuts.add(next((cut for cut in found if cut), (locate(wanted * step)[0], 0)))
    return cuts


def _is_header(block: bytes) -> bool:
    return len(block) == BLOCK and checksum_holds(block)


def _look(region: Region, offset: int) -> bytes:
    return os.pread(region.fd, min(_LOOK, region.length - offset), region.start + offset)


def _member(regions: Mapping[int, Region], number: int, near: int) -> tuple[int, int] | None:
    """Find where a member begins soon after a place in a tar; ``None`` where none is seen.

    One header may belong to another before it (PAX), so it is the member after the first that is seen.
    """
    region = regions[number]
    near -= near % BLOCK
    data = _look(region, near)
    source = InFile(region.fd, region.start, region.length)
    at, tries = data.find(_MAGIC), 0
    while at >= 0 and tries < _TRIES:
        here = at - _AT
        if not here % BLOCK and _is_header(data[here : here + BLOCK]):
            tries += 1
            try:
                member = read_member(source.at, near + here, {})
                if member is not None and _is_header(source.at(member.next, BLOCK)):
                    return number, member.next
            except (TarError, LimitError):
                pass
        at = data.find(_MAGIC, at + 1)
    return None
