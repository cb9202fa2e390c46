"""What every output says of a trend."""

from __future__ import annotations

from collections.abc import Sequence

from ...differences.report.words import percent_change, signed
from ...report.sizes import quantity, size
from ..model import Jump, Point, Trend

_BARS = "▁▂▃▄▅▆▇█"


def heading(trend: Trend) -> str:
    """Say what is followed, and from where to where its size went."""
    known = trend.known
    count = quantity(len(trend.points), "image")
    if len(known) < 2:
        return count
    first, last = (trend.size(point) or 0 for point in (known[0], known[-1]))
    change = percent_change(first, last)
    return f"{count}, {size(first)} to {size(last)}" + (f" ({change})" if change else "")


def sparkline(sizes: Sequence[int | None]) -> str:
    """Draw sizes as bars of a character each, from nothing to the largest; a dot where one is not known."""
    most = max((size for size in sizes if size is not None), default=0)
    return "".join(
        "·" if size is None else _BARS[min(len(_BARS) - 1, size * len(_BARS) // max(most, 1))] for size in sizes
    )


def date(point: Point) -> str:
    """Return the day on which an image was made."""
    return (point.created or "")[:10]


def cells(trend: Trend, exact: bool) -> list[tuple[Point, str, str, str]]:
    """Return each point with its size, what it gained since the one before, and what is new in it to pull."""
    gained = {id(after): delta for _, after, delta in trend.steps()}
    rows = []
    for point in trend.points:
        shown = size(trend.size(point), exact) if trend.size(point) is not None else ""
        delta = gained.get(id(point))
        new = size(point.new_bytes, exact) if point.new_bytes is not None else ""
        rows.append((point, shown, "" if delta is None else signed(delta, exact), new))
    return rows


def jump(trend: Trend, step: Jump, exact: bool) -> str:
    """Say by how much a jump is, in what the trend measures."""
    return f"{step.before.name} → {step.after.name}: {signed(step.bytes, exact)} {trend.measure}"


def left_out(trend: Trend) -> str:
    """Say that there are tags before those that are shown; empty where there are none."""
    return f"{trend.left_out:,} more before these; --limit shows them" if trend.left_out else ""
