"""Code for GPUs in programs and libraries: which architectures it is for, and the bytes of each.

CUDA: the section ``.nv_fatbin`` is a row of containers: 16 bytes (magic 0xBA55ED50, version, length of this header, the
bytes that follow it), then entries, each a header (kind: 1 PTX, else machine code; its own length; the data's length;
the architecture at byte 28) and its data. NVIDIA publishes no more of it than the magic number and the container's
header (``fatbinary_section.h``, and ``fatbinary.h`` of old toolkits); the entries are as public descriptions by others
have them (GrigoryEvko/nvopen-tools, *fatbin/FORMAT_SPECIFICATION.md*), and as wheels of CUDA 12 bear out: the sizes
of all entries add up to the section's. ROCm: ``.hip_fatbin`` holds bundles as LLVM's *Clang Offload Bundler* describes
them; of a compressed bundle (``CCOB``) the list of what is in it is decompressed, and its bytes
are shared out by that.

Files are hostile: lengths that lie end a container, and containers and entries are counted.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from ..compression import zstd_module, zstd_window
from ..errors import ArchiveError

if TYPE_CHECKING:
    from ..contents import ReadAt

SECTIONS = (b".nv_fatbin", b"__nv_relfatbin", b".hip_fatbin")
"""The sections that hold code for GPUs."""
# All containers and entries of an image: of its largest libraries one has some ten thousand.
MAX_ENTRIES = 500_000
# Containers of one library hold the same few sets of architectures: a further set counts as so many entries.
_SET = 100
# So does a window in which no mark stands: sections begin with one, and have few bytes between containers.
_IN_VAIN = 100

# A container that has no room for an entry, or is none.
_EMPTY, _LEAST_CONTAINER = 10, 80

_NVIDIA, _BUNDLE, _COMPRESSED = b"\x50\xed\x55\xba\x01\x00\x10\x00", b"__CLANG_OFFLOAD_BUNDLE__", b"CCOB"
_MARKS = (_NVIDIA, _BUNDLE, _COMPRESSED)
# What is searched for, and how far within its mark it begins: pieces that no run of one byte or of zeros slows down.
_NEEDLES = ((b"\x50\xed\x55\xba", 0), (b"CLANG_OFFLOAD_BUNDLE", 2), (b"CCOB", 0))
_LONGEST = len(_BUNDLE)
_WINDOW = 1 << 20
_CONTAINER = struct.Struct("<4sHHQ")
_ENTRY = struct.Struct("<HHIQIIHHI")
_LEAST_ENTRY = 64
_MOST_ENTRY = 4096
_PTX = 1
_ROW = struct.Struct("<QQQ")
_MAX_BUNDLE = 4096
_MAX_ID = 4096
# Of a compressed bundle so much is fetched, and so much of its beginning decompressed: its list is some kilobytes.
_HEAD, _LISTED = 1 << 18, 1 << 16
# A frame of one segment, as clang makes it, has its content's size as its window, which a decoder makes room for.
_MOST_WINDOW = 1 << 27
_GFX = re.compile(rb"gfx[0-9a-f]{3,5}|gfx[0-9]+(?:-[0-9]+)?-generic")
_WORD = re.compile(r"(?:sm_|compute_)?(\d{1,2})\.?(\d)(?:[af]|-real|-virtual|\+PTX)*|(gfx[0-9a-f]{3,5})", re.IGNORECASE)
_MAX_TEXT = 4096
# Nobody has more kinds of GPUs than these.
_MAX_WANTED = 64
# The newest number that could be: what is above is no architecture.
_MAX_ARCHITECTURE = 1000

UNKNOWN = "compressed"
"""Stands for the architectures of code that is compressed as a whole."""


@dataclass(slots=True)
class Kernels:
    """A file's code for GPUs: bytes by architecture (``sm_80``, ``compute_90`` for PTX, ``gfx90a``), for each set of
    architectures that stand in one container. A GPU is given the best of what its container has.
    """

    containers: dict[frozenset[str], Counter[str]] = field(default_factory=dict)

    def add(self, entries: Mapping[str, int], budget: Budget) -> None:
        """Add a container; what is beyond the budget is left out."""
        names = frozenset(entries)
        if names and (names in self.containers or budget.spend(_SET)):
            self.containers.setdefault(names, Counter()).update(entries)

    @property
    def by_architecture(self) -> Counter[str]:
        """Bytes by architecture."""
        found: Counter[str] = Counter()
        for sizes in self.containers.values():
            found.update(sizes)
        return found

    def unneeded(self, wanted: Iterable[str]) -> Counter[str]:
        """Return the bytes by architecture that GPUs of the architectures ``wanted`` do not load."""
        found: Counter[str] = Counter()
        for names, sizes in self.containers.items():
            needed = loaded(names, wanted)
            found.update({name: size for name, size in sizes.items() if name not in needed})
        return found


def number(name: str) -> int | None:
    """Return the number of a CUDA architecture: 86 for ``sm_86``, ``sm_90a``, ``compute_86``; else ``None``."""
    found = re.fullmatch(r"(?:sm|compute)_(\d{2,3})[af]?", name)
    return int(found[1]) if found is not None else None


def architectures(texts: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the architectures that lists of them name, as ``sm_80`` or ``gfx90a``, and the words that name none.

    Builds are told them in many ways: ``8.0;9.0+PTX``, ``80-real``, ``sm_80,sm_90``.
    """
    found: dict[str, None] = {}
    unknown: list[str] = []
    for word in (word for text in texts for word in re.split(r"[\s,;:]+", text[:_MAX_TEXT]) if word):
        match = _WORD.fullmatch(word)
        if match is None:
            unknown.append(word)
        else:
            found[match[3].lower() if match[3] else f"sm_{match[1]}{match[2]}"] = None
    return tuple(found)[:_MAX_WANTED], tuple(unknown)


def loaded(names: Iterable[str], wanted: Iterable[str]) -> set[str]:
    """Return which of a container's architectures serve GPUs of those wanted.

    Machine code runs on its own major architecture from its minor one on, the newest that does is taken; without any,
    the newest PTX that is not newer than the GPU is compiled (CUDA C++ Programming Guide, *Compute Capabilities* and
    *Just-in-Time Compilation*). AMD's code is for the very one, or a generic target.
    """
    all_names = list(names)
    found = {name for name in all_names if name == UNKNOWN or name.endswith("-generic")}
    numbers = {name: value for name in all_names if (value := number(name)) is not None}
    for want in wanted:
        gpu = number(want)
        if gpu is None:
            found.update(name for name in all_names if name == want)
            continue
        fits = [
            name
            for name, value in numbers.items()
            if name.startswith("sm_") and value // 10 == gpu // 10 and value <= gpu
        ] or [name for name, value in numbers.items() if name.startswith("compute_") and value <= gpu]
        if fits:
            best = max(numbers[name] for name in fits)
            found.update(name for name in fits if numbers[name] == best)
    return found


class Budget:
    """How many more containers and entries are read, of all files of an image together."""

    def __init__(self, left: int = MAX_ENTRIES) -> None:
        """Allow ``left``."""
        self.left = left

    def spend(self, count: int = 1) -> bool:
        """Count some; ``False`` once there were too many."""
        self.left -= count
        return self.left >= 0


class _Window:
    """A part of a file that moves forward: headers are many and small, and each byte is fetched about once."""

    def __init__(self, at: ReadAt, budget: Budget) -> None:
        self._at, self._budget = at, budget
        self._start = 0
        self._held = b""
        # Where each mark stands next in what is held, from where it was searched last; -1 where it does no more.
        self._next = [0] * len(_MARKS)

    def at(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes, at most a window's."""
        place = offset - self._start
        if place < 0 or place + length > len(self._held):
            place = self._move(offset)
        return self._held[place : place + length]

    def _move(self, offset: int) -> int:
        self._start, self._held = offset, self._at(offset, _WINDOW)
        self._next = [0] * len(_MARKS)
        return 0

    def _search(self, number: int, place: int) -> int:
        """Return where a mark stands next; what was found once is not searched for again."""
        found = self._next[number]
        needle, within = _NEEDLES[number]
        mark = _MARKS[number]
        while 0 <= found < place or (found >= 0 and not self._held.startswith(mark, found)):
            if found > place and not self._budget.spend():
                # What only begins like a mark counts, too.
                return -1
            hit = self._held.find(needle, max(place, found + (found >= place)) + within)
            found = hit - within if hit >= 0 else -1
        self._next[number] = found
        return found

    def mark(self, offset: int) -> tuple[int, bytes]:
        """Return where the next mark stands in what is held from ``offset`` on, and it; else where to go on, and
        nothing: at ``offset`` itself where the file ends.
        """
        place = offset - self._start
        if not 0 <= place <= len(self._held) - _LONGEST:
            place = self._move(offset)
        found = [(at, mark) for number, mark in enumerate(_MARKS) if (at := self._search(number, place)) >= 0]
        if found:
            at, mark = min(found)
            return self._start + at, mark
        return max(self._start + len(self._held) - _LONGEST + 1, offset), b""


def read_kernels(at: ReadAt, ranges: Iterable[tuple[int, int]], budget: Budget) -> Kernels:
    """Read the code for GPUs in parts of a file, (start, end) each and in order.

    ``at`` is asked for offsets that never go back.
    """
    found = Kernels()
    window = _Window(at, budget)
    for start, end in ranges:
        place = start
        while place < end:
            before = place
            place, mark = window.mark(place)
            if not mark:
                if place == before:
                    break
                if not budget.spend(_IN_VAIN):
                    return found
                continue
            if place >= end:
                break
            if not budget.spend():
                return found
            length = _read_container(window.at, place, end, mark, found, budget)
            if length < _LEAST_CONTAINER and not budget.spend(_EMPTY):
                return found
            place += max(length, 4)
    return found


def _read_container(at: ReadAt, place: int, end: int, mark: bytes, found: Kernels, budget: Budget) -> int:
    """Take in what a container holds, and return its length in bytes; 0 where it is none."""
    if mark == _NVIDIA:
        return _read_nvidia(at, place, end, found, budget)
    if mark == _BUNDLE:
        return _read_bundle(at, place, end, found, budget)
    head = at(place, 32)
    if len(head) < 32:
        return 0
    version, method = struct.unpack_from("<HH", head, 4)
    if version not in (2, 3) or method > 1:
        # The first version does not tell its length.
        return 0
    length = int.from_bytes(head[8:16] if version == 3 else head[8:12], "little")
    if not 32 <= length <= end - place:
        return 0
    found.add(_compressed(at(place, min(length, _HEAD)), version, method, length), budget)
    return length


def _compressed(data: bytes, version: int, method: int, length: int) -> dict[str, int]:
    """Return the bytes by architecture of a compressed bundle of ``length`` bytes that begins with ``data``.

    Only its first bytes are decompressed, where the bundle lists what is in it; each architecture has the share of the
    compressed bytes that it has of the others. ``compressed`` has all of them where that can't be read.
    """
    start, whole = (32, data[16:24]) if version == 3 else (24, data[12:16])
    plain = Kernels()
    try:
        head = _decompressed(data[start:], method)
    except (ArchiveError, ValueError):
        head = b""
    if head.startswith(_BUNDLE):
        _read_bundle(partial(_part, head), 0, int.from_bytes(whole, "little"), plain, Budget(_MAX_BUNDLE + _SET))
    sizes = plain.by_architecture
    every = sum(sizes.values())
    return {name: size * length // every for name, size in sizes.items()} if every else {UNKNOWN: length}


def _part(data: bytes, offset: int, length: int) -> bytes:
    return data[offset : offset + length]


def _decompressed(data: bytes, method: int) -> bytes:
    """Return the first bytes of what is compressed by zlib (0) or zstd (1); fewer where it ends too early.

    Raises ``ArchiveError``, ``ValueError``.
    """
    if method == 0:
        try:
            return zlib.decompressobj().decompress(data, _LISTED)
        except zlib.error as error:
            raise ValueError(str(error)) from None
    window = zstd_window(data[:18])
    if window is None or window > _MOST_WINDOW:
        raise ValueError("it needs more memory than is given")
    zstd = zstd_module()
    try:
        return bytes(zstd.ZstdDecompressor().decompress(data, _LISTED))
    except zstd.ZstdError as error:
        raise ValueError(str(error)) from None


def _read_nvidia(at: ReadAt, place: int, end: int, found: Kernels, budget: Budget) -> int:
    head = at(place, _CONTAINER.size)
    if len(head) < _CONTAINER.size:
        return 0
    _, _, own, size = _CONTAINER.unpack(head)
    stop = place + int(own) + int(size)
    if stop > end:
        return 0
    entries: Counter[str] = Counter()
    here = place + own
    while here + _LEAST_ENTRY <= stop and budget.spend():
        row = at(here, _ENTRY.size)
        if len(row) < _ENTRY.size:
            break
        kind, _, header, data, _, _, _, _, architecture = _ENTRY.unpack(row)
        length = header + data
        if not _LEAST_ENTRY <= header <= _MOST_ENTRY or here + length > stop:
            break
        if 10 <= architecture <= _MAX_ARCHITECTURE:
            entries[f"{'compute' if kind == _PTX else 'sm'}_{architecture}"] += length
        here += length
    found.add(entries, budget)
    return stop - place


def _read_bundle(at: ReadAt, place: int, end: int, found: Kernels, budget: Budget) -> int:
    start = place + len(_BUNDLE)
    head = at(place, len(_BUNDLE) + 8)[len(_BUNDLE) :]
    count = int.from_bytes(head, "little") if len(head) == 8 else 0
    if not 0 < count <= _MAX_BUNDLE:
        return 0
    entries: Counter[str] = Counter()
    here, last = start + 8 - place, 0
    for _ in range(count):
        row = at(place + here, _ROW.size)
        if len(row) < _ROW.size or not budget.spend():
            break
        offset, size, named = _ROW.unpack(row)
        if named > _MAX_ID or offset + size > end - place:
            break
        found_name = _GFX.search(at(place + here + _ROW.size, named))
        if found_name is not None and size:
            entries[found_name[0].decode()] += size
        last = max(last, offset + size)
        here += _ROW.size + named
    found.add(entries, budget)
    return max(last, here)


class Forward:
    """Reads a stream as ``read_kernels`` asks for it: by offsets that never go back."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read from where ``stream`` stands, which is offset 0."""
        self._stream = stream
        self._start = 0
        self._held = b""

    def at(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``, which is not before the one asked for last."""
        while offset > self._start + len(self._held):
            self._start += len(self._held)
            self._held = self._stream.read(min(offset - self._start, _WINDOW))
            if not self._held:
                return b""
        self._held = self._held[offset - self._start :]
        self._start = offset
        if len(self._held) < length:
            parts = [self._held]
            missing = length - len(self._held)
            while missing > 0 and (piece := self._stream.read(missing)):
                parts.append(piece)
                missing -= len(piece)
            self._held = b"".join(parts)
        return self._held[:length]
