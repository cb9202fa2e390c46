"""What every output says of a pull."""

from __future__ import annotations

from collections.abc import Iterator

from ...report.sizes import percent, quantity, size
from ..cost import PullCost, PulledLayer

NUMBERS = ("#", "to pull", "unpacked", "there at", "ready at")
"""The columns of a layer's number and its ``cells``."""


def seconds(count: float) -> str:
    """Write a time as people say it."""
    if count < 100:
        return f"{count:.2f} s" if count < 10 else f"{count:.1f} s"
    minutes, rest = divmod(round(count), 60)
    return f"{minutes} min {rest} s"


def rate(count: float) -> str:
    """Write a rate in bits, as lines are sold."""
    return size(round(count * 8)).replace("B", "bit") + " a second"


def lines(cost: PullCost, exact: bool) -> Iterator[str]:
    """Say what it comes to, a sentence a line."""
    pulled = sum(not layer.present for layer in cost.layers)
    bytes_ = ("about " if cost.about else "") + size(cost.bytes, exact)
    time = ("about " if cost.time_about else "") + seconds(cost.seconds)
    yield f"{bytes_} in {quantity(pulled, 'layer')}, {time}"
    yield (
        f"the line alone takes {seconds(cost.download_seconds)} at {rate(cost.rate)}, unpacking alone "
        f"{seconds(cost.unpack_seconds)} at {size(round(cost.unpack_rate))} a second, "
        f"{cost.parallel} downloads at a time"
    )
    if cost.kept_by is not None:
        whole = cost.bytes + cost.saved_bytes
        share = percent(cost.saved_bytes, whole)
        yield f"{cost.kept_by} has {size(cost.saved_bytes, exact)} of it already ({share})"
    most = cost.dominating
    if most is not None and most.seconds >= 0.005:
        yield f"layer {most.index} dominates: without it the pull takes {seconds(most.seconds)} less"


def cells(layer: PulledLayer, exact: bool) -> list[str]:
    """Return what a table tells of a layer: bytes to pull and unpacked, and when it has come and is ready."""
    return [
        ("~" if layer.about else "") + size(layer.bytes, exact),
        ("~" if layer.unpacked_about else "") + size(layer.unpacked_bytes, exact),
        "has it" if layer.present else seconds(layer.downloaded),
        "" if layer.present else seconds(layer.unpacked),
    ]
