"""What a pull would cost if the image were made otherwise: compressed, split, or laid out by what changes."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from ..brief import brief
from ..errors import ContentUnavailableError, UsageError
from ..layer.index import FILE
from ..layering import Assignment, Plan, assign
from ..layering.propose import propose
from ..layering.things import Things, things
from ..packages import read_packages
from ..progress import working
from ..tar.header import BLOCK
from .compressions import COMPRESSIONS, DECOMPRESSED, Tar, shares
from .splitting import Part, Split, balanced, lines
from .timeline import timeline
from .versions import Version, held_against

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..contents import ImageContents
    from ..packages import Package
    from ..progress import Progress

LAYERS = 12
"""A plan has so many layers if nothing else is said."""
# Folders and files of no package are things of their own from this share of the image, or of a layer, on.
_THING = 0.02
# A package that is so many times as large as a layer of the plan should be is taken apart.
_OPENED = 2.0
# Packages are taken apart where a part would be a larger share of its layer than this; beyond the second nothing helps.
_BALANCED, _LARGEST = 0.55, 0.9
# What an entry without contents takes, compressed: its header repeats those before it.
_BARE = 60.0
# A layer that is smaller than this share of the image need not be moved.
_WORTH_MOVING = 0.01


@brief("method", "bytes", "seconds")
@dataclass(frozen=True, slots=True)
class Recompressed:
    """The layers that come, compressed otherwise: about how many ``bytes``, and the ``seconds`` of the pull.

    ``layer_bytes`` are those of each layer that comes.
    """

    method: str
    bytes: int
    seconds: float
    layer_bytes: tuple[int, ...]


@brief("name", "bytes", "changed")
@dataclass(frozen=True, slots=True)
class ContentLayer:
    """A layer of the plan: about how many bytes it would be as stored, those unpacked, and the number of its paths.

    ``changed`` counts the versions in which what it holds is not the same.
    """

    name: str
    bytes: int
    unpacked_bytes: int
    paths: int
    changed: int


@brief("reference", "bytes", "planned_bytes")
@dataclass(frozen=True, slots=True)
class NextVersion:
    """What the image costs where another version is: as both are, and (``planned_``) if both had the plan's layers.

    ``…_but_times`` is as if files whose time alone differs were the same: builds that set times (SOURCE_DATE_EPOCH)
    come to that.
    """

    reference: str
    bytes: int
    seconds: float
    planned_bytes: int
    planned_seconds: float
    planned_bytes_but_times: int
    planned_seconds_but_times: float


@brief("layer", "changed")
@dataclass(frozen=True, slots=True)
class Restless:
    """A layer of the image, its bytes as stored, and in how many versions something of it is not the same.

    ``above`` are layers below it that changed in more of them: moved down below these, it would come less often.
    """

    layer: int
    bytes: int
    changed: int
    above: tuple[int, ...] = ()


@brief("compressions", "split", "layers", "versions")
@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would be otherwise. ``bytes`` and ``seconds`` are those of a pull of all layers of the plan, ``now_…`` those
    of the image's.
    """

    compressions: tuple[Recompressed, ...]
    split: Split | None
    plan: Plan
    layers: tuple[ContentLayer, ...]
    bytes: int
    seconds: float
    now_bytes: int
    now_seconds: float
    versions: tuple[NextVersion, ...]
    order: tuple[Restless, ...]


class Line(NamedTuple):
    """How a pull goes: bytes a second of the line and of unpacking, and the downloads at a time."""

    rate: float
    unpack_rate: float
    parallel: int

    def seconds(self, sizes: Sequence[tuple[int, int]], kind: str | None = None) -> float:
        """Return how long layers of (stored, unpacked) bytes take; what is unpacked no faster than decompressed."""
        unpack = min(self.unpack_rate, DECOMPRESSED[kind]) if kind is not None else self.unpack_rate
        times = timeline(sizes, self.rate, unpack, self.parallel)
        return times[-1].unpacked if times else 0.0


def what_if(
    image: Analysis,
    sizes: Sequence[tuple[int, int]],
    shared: int,
    others: Mapping[str, tuple[Analysis, int]],
    line: Line,
    limit: int = LAYERS,
    progress: Progress | None = None,
) -> WhatIf:
    """Tell what would be otherwise for an image; its layers are ``sizes`` (stored, unpacked), ``shared`` of them there.

    ``others`` are versions of it, with how many of the image's lowest layers each has. ``limit`` is how many layers the
    plan has at most. Raises ``ImageError``, ``UsageError``.
    """
    if limit < 2:
        raise UsageError("a plan has two layers at least")
    with ExitStack() as stack:
        work = _Work(image, sizes, stack, progress)
        with working(progress, "comparing versions"):
            versions = {name: held_against(other, image) for name, (other, _) in others.items()}
        plan = work.plan(versions.values(), limit)
        assigned = assign(work.overlay, work.owners, plan)
        planned = [work.sizes_of(paths) for paths in assigned.layers]
        return WhatIf(
            compressions=tuple(work.compressions(shared, line)),
            split=work.split(shared, line),
            plan=plan,
            layers=tuple(work.content_layers(plan, assigned, planned, versions.values())),
            bytes=sum(bytes_ for bytes_, _ in planned),
            seconds=line.seconds(planned),
            now_bytes=sum(bytes_ for bytes_, _ in sizes),
            now_seconds=line.seconds(sizes),
            versions=tuple(
                _next(name, sizes[others[name][1] :], planned, version, plan, assigned, line)
                for name, version in versions.items()
            ),
            order=tuple(work.order(list(versions.values()))),
        )


def _next(
    name: str,
    coming: Sequence[tuple[int, int]],
    planned: Sequence[tuple[int, int]],
    version: Version,
    plan: Plan,
    assigned: Assignment,
    line: Line,
) -> NextVersion:
    figures: list[tuple[int, float]] = []
    for times in (True, False):
        changed = planned[version.first_changed(plan, assigned, times=times) :]
        figures.append((sum(stored for stored, _ in changed), line.seconds(changed)))
    now = sum(stored for stored, _ in coming)
    return NextVersion(name, now, line.seconds(coming), *figures[0], *figures[1])


class _Work:
    """One image's what-if under way."""

    def __init__(
        self, image: Analysis, sizes: Sequence[tuple[int, int]], stack: ExitStack, progress: Progress | None
    ) -> None:
        if not image.has_contents:
            raise ContentUnavailableError("a saved analysis holds no contents to compress: that needs the image itself")
        self.image, self.sizes = image, sizes
        self.overlay = image.files.tree.overlay
        self.owners: Mapping[bytes, Package] = read_packages(image).owners
        contents: ImageContents = image.contents  # type: ignore[assignment]
        unpacked = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        self.tars: list[Tar] = []
        advance = progress.advance if progress is not None else lambda _: None
        with working(progress, "compressing layers"):
            for number, index in enumerate(self.overlay.layers):
                if contents.is_listed(number):
                    raise ContentUnavailableError(
                        f"layer {number} is known by its table of contents alone: copy the image to an archive first"
                    )
                self.tars.append(Tar(contents.unpacked(number, unpacked), index.tar_bytes, advance))

    # -- bytes -------------------------------------------------------------------------------------------

    def weigh(self, inode: int) -> float:
        """Return about how many stored bytes an entry takes, with its header."""
        layer, own = self.overlay.locate(inode)
        if inode < 0 or self.overlay.kinds[inode] != FILE:
            return _BARE
        index, tar = self.overlay.layers[layer], self.tars[layer]
        start = index.offsets[own]
        return _BARE + self.sizes[layer][0] * tar.share(start, start + _held(index.sparse.get(own), index.sizes[own]))

    def sizes_of(self, paths: Sequence[tuple[bytes, int]]) -> tuple[int, int]:
        """Return the bytes, as stored and unpacked, of a layer of these paths."""
        seen: set[int] = set()
        stored, plain = 0.0, 2 * BLOCK
        for _, entry in paths:
            inode = self.overlay.inode(entry)
            plain += BLOCK
            if inode in seen or inode < 0:
                stored += _BARE
                continue
            seen.add(inode)
            stored += self.weigh(inode)
            if self.overlay.kinds[inode] == FILE:
                layer, own = self.overlay.locate(inode)
                index = self.overlay.layers[layer]
                held = _held(index.sparse.get(own), index.sizes[own])
                plain += held + -held % BLOCK
        return round(stored), plain

    # -- answers -----------------------------------------------------------------------------------------

    def compressions(self, shared: int, line: Line) -> Iterator[Recompressed]:
        """Yield the layers that come, in other compressions."""
        tars, plain = self.tars[shared:], [unpacked for _, unpacked in self.sizes[shared:]]
        for one in COMPRESSIONS:
            counts = shares(one.kind, [tar.length for tar in tars])
            stored = [tar.compressed(one, count) for tar, count in zip(tars, counts, strict=True)]
            seconds = line.seconds(list(zip(stored, plain, strict=True)), one.kind)
            yield Recompressed(str(one), sum(stored), seconds, tuple(stored))

    def split(self, shared: int, line: Line) -> Split | None:
        """Return the layer that has most to come, in as many parts as come at a time; ``None`` if it has no such."""
        wanted = list(self.sizes[shared:])
        if not wanted or line.parallel < 2:
            return None
        place = max(range(len(wanted)), key=lambda number: (wanted[number][0], -number))
        number = place + shared
        paths = [pair for pair in self.overlay.paths() if self.overlay.layer_of(pair[1]) == number]
        least, count = _THING * wanted[place][0], min(line.parallel, 3)
        found = things(self.overlay, paths, self.owners, self.weigh, least, inf)
        shared_out = balanced(found, count, _BALANCED)
        if shared_out is None:
            found = things(self.overlay, paths, self.owners, self.weigh, least, wanted[place][0] / count)
            shared_out = balanced(found, count, _LARGEST)
        if shared_out is None:
            return None
        keys = {thing.key: which for which, part in enumerate(shared_out) for thing in part}
        last = len(shared_out) - 1
        by_part: list[list[tuple[bytes, int]]] = [[] for _ in shared_out]
        for path, entry in paths:
            by_part[keys.get(found.key_of(path, self.owners) or "", last)].append((path, entry))
        made = [self.sizes_of(part) for part in by_part]
        now = line.seconds(wanted)
        seconds = line.seconds([*wanted[:place], *made, *wanted[place + 1 :]])
        if seconds >= now:
            return None
        parts = tuple(
            Part(
                stored,
                plain,
                tuple(thing.key for thing in sorted(part, key=lambda thing: (-thing.weight, thing.key))),
                which == last,
            )
            for which, (part, (stored, plain)) in enumerate(zip(shared_out, made, strict=True))
        )
        return Split(number, parts, lines(self.image.layers[number], shared_out), seconds, now - seconds)

    def plan(self, versions: Collection[Version], limit: int) -> Plan:
        """Propose the layers of the image."""
        whole = sum(stored for stored, _ in self.sizes)
        self.found: Things = things(
            self.overlay, self.overlay.paths(), self.owners, self.weigh, _THING * whole, _OPENED * whole / limit
        )
        for version in versions:
            for key in version.things(self.found, self.owners):
                if key in self.found.by_key:
                    self.found.by_key[key].changed += 1
        return propose(self.found, limit)

    def content_layers(
        self, plan: Plan, assigned: Assignment, planned: Sequence[tuple[int, int]], versions: Collection[Version]
    ) -> Iterator[ContentLayer]:
        """Yield the plan's layers with what they come to; those that hold nothing are left out."""
        by_path = assigned.by_path()
        changed = [0] * len(planned)
        for version in versions:
            for number in {by_path[path] for path in version.changed if path in by_path}:
                changed[number] += 1
        for name, paths, (stored, plain), count in zip(plan.names, assigned.layers, planned, changed, strict=True):
            if paths:
                yield ContentLayer(name, stored, plain, len(paths), count)

    def order(self, versions: Sequence[Version]) -> Iterator[Restless]:
        """Yield the image's layers with how often each changed, where two versions or more tell."""
        if len(versions) < 2:
            return
        counts = [sum(number in version.layers for version in versions) for number in range(len(self.sizes))]
        whole = sum(stored for stored, _ in self.sizes)
        for number, (count, (stored, _)) in enumerate(zip(counts, self.sizes, strict=True)):
            above = [below for below in range(number) if counts[below] > count]
            yield Restless(number, stored, count, tuple(above) if stored >= _WORTH_MOVING * whole else ())


def _held(sparse: Sequence[int] | None, size: int) -> int:
    """Return how many bytes of a file are in its tar."""
    return size if sparse is None else sum(sparse[1::2])
