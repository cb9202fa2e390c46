"""What every output says of what would be otherwise: parts, each with lines and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...escape import escape
from ...report.sizes import percent, quantity, size
from ..compressions import DECOMPRESSED
from ..cost import PullCost
from ..splitting import Split
from ..what_if import WhatIf
from .words import seconds

# More things of a part than these are not named one by one.
_NAMED = 4


class Part(NamedTuple):
    """A part of the report: a heading, sentences, and a table; its columns are numbers but for the ``last`` one.

    ``code`` are lines for a Dockerfile.
    """

    title: str
    lines: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    code: Sequence[str] = ()


def parts(cost: PullCost, exact: bool) -> Iterator[Part]:
    """Yield what there is to say."""
    found = cost.what_if
    if found is None:
        return
    yield Part(
        "compressed otherwise",
        (_rates(cost),) if cost.unpack_rate > min(DECOMPRESSED.values()) else (),
        ("to pull", "", "pull", "by"),
        [
            (f"~{size(one.bytes, exact)}", _change(one.bytes, cost.bytes), seconds(one.seconds), one.method)
            for one in found.compressions
        ],
    )
    if found.split is not None:
        yield _split(found.split, exact)
    yield _layers(cost, found, exact)
    if found.order:
        yield _order(found, exact)


def _rates(cost: PullCost) -> str:
    told = " and ".join(f"{size(round(rate))} a second by {kind}" for kind, rate in DECOMPRESSED.items())
    return f"unpacked no faster than decompressed: {told}"


def _change(new: int, old: int) -> str:
    """Say by how much there is more or less."""
    if not old or abs(new - old) * 2000 < old:
        return "the same"
    return f"{percent(abs(new - old), old)} {'less' if new < old else 'more'}"


def _split(split: Split, exact: bool) -> Part:
    rows = [
        (f"~{size(part.bytes, exact)}", f"~{size(part.unpacked_bytes, exact)}", _named(part.holds, part.rest))
        for part in split.parts
    ]
    told = f"layer {split.layer} in {quantity(len(split.parts), 'part')}, side by side: {seconds(split.seconds)} in all"
    told += f", {seconds(split.saved_seconds)} less"
    if not split.lines:
        told += "; its instruction cannot be taken apart, squash --split can"
    return Part("the largest layer split", (told,), ("to pull", "unpacked", "holds"), rows, split.lines)


def _named(holds: Sequence[str], rest: bool) -> str:
    words = [escape(one) for one in holds[:_NAMED]]
    if len(holds) > _NAMED:
        words.append(f"{len(holds) - _NAMED} more")
    return ", ".join([*words, *(["all else"] if rest else [])])


def _layers(cost: PullCost, found: WhatIf, exact: bool) -> Part:
    lines = [
        f"for a machine that has nothing: ~{size(found.bytes, exact)} in {quantity(len(found.layers), 'layer')}, "
        f"{seconds(found.seconds)}; now {size(found.now_bytes, exact)}, {seconds(found.now_seconds)}"
    ]
    for one in found.versions:
        told = f"~{size(one.planned_bytes, exact)}, {seconds(one.planned_seconds)}"
        if one.planned_bytes_but_times != one.planned_bytes:
            kept = f"~{size(one.planned_bytes_but_times, exact)}, {seconds(one.planned_seconds_but_times)}"
            told += f" ({kept} if builds kept files' times, as with SOURCE_DATE_EPOCH)"
        now = f"now {size(one.bytes, exact)}, {seconds(one.seconds)}"
        lines.append(f"for one that has {escape(one.reference)}: {told}; {now}")
    lines.append("-o plan=FILE writes the plan; imgscope squash --split FILE makes the image so")
    changed = len(found.versions)
    rows = [
        (
            str(number),
            f"~{size(layer.bytes, exact)}",
            *([f"{layer.changed} of {changed}"] if changed else []),
            escape(layer.name),
        )
        for number, layer in enumerate(found.layers)
    ]
    columns = ("#", "to pull", *(["changed"] if changed else []), "holds")
    return Part("layers by what is in them, what stays first", lines, columns, rows)


def _order(found: WhatIf, exact: bool) -> Part:
    count = len(found.versions)
    moved = [one for one in found.order if one.above]
    lines = [
        f"layer {one.layer} ({size(one.bytes, exact)}) changed in {one.changed} of {count} and stands on "
        f"{'layer' if len(one.above) == 1 else 'layers'} {', '.join(map(str, one.above))}, which changed more often: "
        "where the instructions allow it, put it below"
        for one in moved
    ]
    if not moved:
        lines = ["no large layer stands on one that changes more often"]
    rows = [(str(one.layer), size(one.bytes, exact), f"{one.changed} of {count}") for one in found.order]
    return Part("what changes, layer by layer", lines, ("#", "to pull", "changed"), rows)
