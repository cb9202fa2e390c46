"""What a filter asks besides names: size, type, owner, mode, age (``>10MB``, ``type:link``, ``older:2y``).

Terms are asked of entries, all at a time: a byte for each entry of an overlay says whether all terms hold. So a tree
of any layer is sifted by one look-up for each path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING

from ...errors import UsageError
from ...layer.index import (
    BLOCK_DEVICE,
    CHARACTER,
    DIRECTORY,
    FIFO,
    FILE,
    HARDLINK,
    IMPLIED_META,
    SYMLINK,
)
from ...units import read_size
from .bits import both

if TYPE_CHECKING:
    from ...overlay.merge import Overlay


class FilterError(UsageError):
    """The pattern can't be understood."""


_TYPES = {
    "file": (FILE,),
    "dir": (DIRECTORY,),
    "link": (SYMLINK,),
    "hardlink": (HARDLINK,),
    "device": (CHARACTER, BLOCK_DEVICE),
    "fifo": (FIFO,),
}
_MODES = {"setuid": 0o4000, "setgid": 0o2000, "sticky": 0o1000, "world-writable": 0o002}
_COMPARED: dict[str, Callable[[int, int], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}
_SIZE = re.compile(r"([<>]=?)(.*)", re.DOTALL)
_NAMED = re.compile(r"(type|owner|mode|newer|older):(.*)", re.DOTALL)
_AGE = re.compile(r"([0-9]{1,6})(h|d|w|mo|y)")
_SECONDS = {"h": 3600, "d": 86400, "w": 7 * 86400, "mo": 30 * 86400, "y": 365 * 86400}
_OWNER = re.compile(r"([0-9]+)(?::([0-9]+))?")
_OCTAL = re.compile(r"[0-7]{3,4}")
# A time before this is no time at all: what builders write who want the same bytes each time.
_NO_TIME = 366 * 10 * 86400 * 10**9

Meta = tuple[int, int, int]


def is_term(word: str) -> bool:
    """Tell whether a word of a filter is a term, be it right or wrong."""
    return bool(_SIZE.match(word) or _NAMED.match(word))


class Terms:
    """Some terms, all of which are to hold."""

    def __init__(self, words: Iterable[str]) -> None:
        """Understand ``words``. Raises ``FilterError``, which says what can be written."""
        self.kinds: frozenset[int] | None = None
        self._sizes: list[tuple[Callable[[int, int], bool], int]] = []
        self._metas: list[Callable[[Meta], bool]] = []
        self._no_links = False
        # (whether newer, nanoseconds)
        self._ages: list[tuple[bool, int]] = []
        self._columns: dict[int, tuple[Overlay, bytearray, bytearray]] = {}
        for word in words:
            self._take(word)

    def _take(self, word: str) -> None:
        match = _SIZE.match(word)
        if match:
            bytes_ = read_size(match[2])
            if bytes_ is None:
                raise FilterError(f"{match[1]} wants a size, as in {match[1]}10MB")
            self._sizes.append((_COMPARED[match[1]], bytes_))
            self._only(_TYPES["file"])
            return
        match = _NAMED.match(word)
        assert match is not None
        name, value = match[1], match[2]
        if name == "type":
            if value not in _TYPES:
                raise FilterError(f"type: is one of {', '.join(_TYPES)}")
            self._only(_TYPES[value])
        elif name == "owner":
            owner = _OWNER.fullmatch(value)
            if owner is None:
                raise FilterError("owner: wants numbers, as in owner:1000 or owner:0:0")
            uid, gid = int(owner[1]), None if owner[2] is None else int(owner[2])
            self._metas.append(lambda meta: meta[1] == uid and gid in (None, meta[2]))
        elif name == "mode":
            self._take_mode(value)
        else:
            age = _AGE.fullmatch(value)
            if age is None:
                raise FilterError(f"{name}: wants a number and h, d, w, mo or y, as in {name}:30d")
            self._ages.append((name == "newer", int(age[1]) * _SECONDS[age[2]] * 10**9))

    def _take_mode(self, value: str) -> None:
        self._no_links = True
        bits = _MODES.get(value)
        if bits is not None:
            self._metas.append(lambda meta: bool(meta[0] & bits))
        elif _OCTAL.fullmatch(value):
            mode = int(value, 8)
            self._metas.append(lambda meta: meta[0] == mode)
        else:
            raise FilterError(f"mode: is one of {', '.join(_MODES)}, or octal, as in mode:4755")

    def _only(self, kinds: Iterable[int]) -> None:
        self.kinds = frozenset(kinds) if self.kinds is None else self.kinds & frozenset(kinds)

    # -- asking ------------------------------------------------------------------------------------------

    def column(self, overlay: Overlay, created: int | None = None) -> bytearray:
        """Return a byte for each global entry of ``overlay``, those at its end (below 0) included.

        Ages are told from ``created`` (nanoseconds since 1970), or from the newest entry where nothing of use is known
        of that: never from the clock, so that one image gives one answer.
        """
        return self._both(overlay, created)[0]

    def holds(self, overlay: Overlay, entry: int, size: int, created: int | None = None) -> bool:
        """Tell whether the terms hold for a hard link that is the last name of ``size`` bytes."""
        if self.kinds is not None and not self.kinds & {FILE, HARDLINK}:
            return False
        return bool(self._both(overlay, created)[1][entry]) and all(test(size, limit) for test, limit in self._sizes)

    def _both(self, overlay: Overlay, created: int | None) -> tuple[bytearray, bytearray]:
        known = self._columns.get(id(overlay))
        if known is None:
            others = self._others(overlay, created)
            found = others
            if self.kinds is not None:
                found = both(found, overlay.kinds.translate(bytes(kind in self.kinds for kind in range(256))))
            for test, limit in self._sizes:
                found = both(found, bytes(test(size, limit) for size in overlay.sizes))
            known = self._columns[id(overlay)] = overlay, found, others
        return known[1:]

    def _others(self, overlay: Overlay, created: int | None) -> bytearray:
        """Judge by all but type and size."""
        tail = len(overlay.layers)
        found = bytearray(b"\x01") * len(overlay.kinds)
        if self._metas:
            held = bytes(all(test(meta) for test in self._metas) for meta in overlay.meta_table)
            implied = all(test(IMPLIED_META) for test in self._metas)
            found = both(found, bytes(map(held.__getitem__, overlay.metas)) + bytes([implied]) * (tail + 1))
        if self._no_links:
            found = both(found, overlay.kinds.translate(bytes(kind != SYMLINK for kind in range(256))))
        if self._ages:
            now = _now(overlay, created)
            for newer, span in self._ages:
                limit = now - span
                times = bytearray()
                for layer in overlay.layers:
                    times += bytes((time >= limit) == newer for time in layer.mtimes)
                found = both(found, bytes(times) + bytes(tail + 1))
        # The spare entry at the end stands for nothing.
        found[-tail - 1] = 0
        return found


def _now(overlay: Overlay, created: int | None) -> int:
    if created is not None and created > _NO_TIME:
        return created
    return max((max(layer.mtimes, default=0) for layer in overlay.layers), default=0)
