"""What a pull of an image costs on a machine that has nothing, or some other images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..brief import brief
from ..differences.layers import shared_prefix
from ..errors import ContentUnavailableError, UsageError
from ..escape import escape
from ..units import read_size
from .timeline import PARALLEL, timeline

if TYPE_CHECKING:
    from typing import Unpack

    from ..analysis import Analysis
    from ..analyzer import AnyImage
    from ..reading import ReadKeywords, ReadOptions
    from ..rows import Layer
    from .what_if import WhatIf

RATE, UNPACK_RATE = "1Gbit", "200MB"
# What a layer is about unpacked for each of its bytes, where nobody has unpacked it.
_RATIO = 2.6
_FASTEST = 10**15
_WEIGHED = 128
_BITS = re.compile(r"(?i)([0-9.]{1,20} ?[kmgt]?)(?:bit(?:/s)?|bps)")


@brief("index", "bytes", "unpacked_bytes", "present", "seconds")
@dataclass(frozen=True, slots=True)
class PulledLayer:
    """A layer of a pull: its bytes as stored and unpacked (``about``: estimated), and whether the machine has it.

    ``downloaded`` and ``unpacked`` are seconds from the start of the pull, 0 for what is ``present``; ``seconds`` is by
    how much the pull would be shorter without this layer.
    """

    index: int
    instruction: str
    bytes: int
    unpacked_bytes: int
    about: bool
    unpacked_about: bool
    present: bool
    downloaded: float = 0.0
    unpacked: float = 0.0
    seconds: float = 0.0


@brief("reference", "bytes", "seconds", "saved_bytes")
@dataclass(frozen=True, slots=True)
class PullCost:
    """What a pull costs: ``bytes`` that come, ``saved_bytes`` that need not, and ``seconds`` in all.

    ``download_seconds`` is what the line alone takes, ``unpack_seconds`` what unpacking alone does. ``rate`` and
    ``unpack_rate`` are in bytes a second. ``kept_by`` is the one of the other images that has most of it. ``what_if``
    is what would be otherwise, where that was asked for.
    """

    reference: str
    layers: tuple[PulledLayer, ...]
    bytes: int
    saved_bytes: int
    seconds: float
    download_seconds: float
    unpack_seconds: float
    rate: float
    unpack_rate: float
    parallel: int
    kept_by: str | None = None
    what_if: WhatIf | None = None

    @property
    def about(self) -> bool:
        """Whether the bytes are estimated, of any layer that comes."""
        return any(layer.about for layer in self.layers if not layer.present)

    @property
    def time_about(self) -> bool:
        """Whether the time stands on an estimate."""
        return any(layer.about or layer.unpacked_about for layer in self.layers if not layer.present)

    @property
    def dominating(self) -> PulledLayer | None:
        """The layer without which the pull would be shortest."""
        return max(self.layers, key=lambda layer: (layer.seconds, -layer.index), default=None) if self.bytes else None


def parse_rate(text: str, option: str) -> float:
    """Read a rate in bytes a second: bits (``1Gbit``, ``100Mbps``) or bytes (``50MB``). Raises ``UsageError``."""
    match = _BITS.fullmatch(text.strip())
    size = read_size(match[1].replace(" ", "")) if match else read_size(text.lower().removesuffix("/s"))
    if not size or size > _FASTEST:
        raise UsageError(f"{option} {escape(text)}: not a rate; write it as 1Gbit, 100Mbit or 50MB")
    return size / 8 if match else float(size)


def pull_cost(
    reference: AnyImage,
    present: Sequence[AnyImage] = (),
    *,
    rate: str = RATE,
    unpack_rate: str = UNPACK_RATE,
    parallel: int = PARALLEL,
    what_if: bool = False,
    plan_layers: int | None = None,
    options: ReadOptions | None = None,
    **how: Unpack[ReadKeywords],
) -> PullCost:
    """Tell what a pull of an image costs where the images ``present`` are already.

    An engine takes over the lowest layers that one of them shares (layers are known by their chain). Of an image in a
    registry the manifest tells the bytes; how large its layers are unpacked is estimated unless they have been read
    (``layers=True`` reads them). Layers that lie uncompressed, as an engine exports them, are estimated as they would
    be pushed. ``rate`` and ``unpack_rate`` are as ``parse_rate`` reads them. ``what_if`` has all layers read, and tells
    what other compressions, a split of the largest layer and layers by content would change; ``plan_layers`` is how
    many the last may be. Raises ``UsageError``, ``ImageError``.
    """
    from ..analyzer import name_of, opened
    from ..reading import ReadOptions

    line, unpacking = parse_rate(rate, "--rate"), parse_rate(unpack_rate, "--unpack-rate")
    if parallel < 1:
        raise UsageError("at least one download at a time is needed")
    chosen = ReadOptions.of(options, {"layers": False, **how})
    if what_if:
        from ..shared import SharedLayers

        chosen = chosen.but(layers=True, contents=True, shared=chosen.shared or SharedLayers())
    with ExitStack() as stack:
        image = stack.enter_context(opened(reference, chosen))
        shared, kept_by = 0, None
        read = image.image.layers_read
        sizes = [_sizes(layer, read) for layer in image.layers]
        others: dict[str, tuple[Analysis, int]] = {}
        for other in present:
            # Which of several images an archive holds is said of the one that is pulled.
            there = stack.enter_context(opened(other, chosen.but(image=None)))
            count = shared_prefix(there.layers, image.layers)
            if count > shared:
                shared, kept_by = count, name_of(other)
            others[name_of(other)] = there, count
        wanted = [(stored, plain) for stored, plain, _ in sizes[shared:]]
        times = timeline(wanted, line, unpacking, parallel)
        whole = times[-1].unpacked if times else 0.0
        # An engine takes no more layers than this; of more that lie in an archive the largest are weighed.
        weighed = set(sorted(range(len(wanted)), key=lambda number: -sum(wanted[number]))[:_WEIGHED])
        rows = [
            PulledLayer(layer.index, layer.instruction, stored, plain, about, not read, present=True)
            for layer, (stored, plain, about) in zip(image.layers[:shared], sizes, strict=False)
        ]
        for number, (layer, (stored, plain, about), time) in enumerate(
            zip(image.layers[shared:], sizes[shared:], times, strict=True)
        ):
            shorter = 0.0
            if number in weighed:
                without = timeline([*wanted[:number], *wanted[number + 1 :]], line, unpacking, parallel)
                shorter = whole - (without[-1].unpacked if without else 0.0)
            rows.append(
                PulledLayer(layer.index, layer.instruction, stored, plain, about, not read, False, *time, shorter)
            )
        otherwise = None
        if what_if:
            from .what_if import LAYERS, Line
            from .what_if import what_if as ask

            whole_sizes = [(stored, unpacked) for stored, unpacked, _ in sizes]
            way = Line(line, unpacking, parallel)
            otherwise = ask(image, whole_sizes, shared, others, way, plan_layers or LAYERS, chosen.progress)
        return PullCost(
            reference=image.image.title,
            layers=tuple(rows),
            bytes=sum(stored for stored, _ in wanted),
            saved_bytes=sum(stored for stored, _, _ in sizes[:shared]),
            seconds=whole,
            download_seconds=sum(stored for stored, _ in wanted) / line,
            unpack_seconds=sum(plain for _, plain in wanted) / unpacking,
            rate=line,
            unpack_rate=unpacking,
            parallel=parallel,
            kept_by=kept_by,
            what_if=otherwise,
        )


def _sizes(layer: Layer, read: bool) -> tuple[int, int, bool]:
    """Return a layer's bytes as stored and unpacked, and whether the first are estimated."""
    if layer.missing is not None:
        raise ContentUnavailableError(f"layer {layer.index} can't be told: {layer.missing}")
    estimate = layer.compressed_estimate
    stored = estimate.bytes if estimate is not None else layer.blob_bytes
    if stored is None:
        raise ContentUnavailableError(f"how large layer {layer.index} is to pull is not known")
    return stored, layer.tar_bytes if read else round(stored * _RATIO), estimate is not None
