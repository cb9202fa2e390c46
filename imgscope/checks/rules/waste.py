"""Rules on bytes that are stored and that nobody sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...report.sizes import quantity
from ..model import Cause, Causes
from ..values import AMOUNT, PART, Limit
from .interface import Outcome, Rule, Subject, at_least, at_most, layer_causes, share_or_bytes

if TYPE_CHECKING:
    from ...rollup import WasteGroup


def waste_causes(subject: Subject) -> Causes:
    """Return the layers that made most waste, and where it lies."""
    analysis = subject.analysis
    rows = layer_causes(subject, [(layer.index, layer.wasted_bytes) for layer in analysis.layers], "made waste")
    groups = analysis.waste_groups(20)
    rows += [
        Cause(
            "waste",
            group.path,
            group.wasted_by,
            subject.instruction(group.wasted_by),
            group.bytes,
            detail=f"{_copies(group)}{group.reason.replace('_', ' ')}, stored in layer {group.stored_in}",
        )
        for group in groups
    ]
    return Causes(tuple(rows), len(rows) + analysis.highlights.group_count - len(groups))


def _copies(group: WasteGroup) -> str:
    return "" if group.copies == 1 else f"{quantity(group.copies, 'file')} "


def max_wasted(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The wasted bytes, or their share of the content."""
    image = subject.analysis.image
    actual = share_or_bytes(image.wasted_bytes, image.content_bytes, limit)
    return at_most(actual, limit, lambda: waste_causes(subject), count=image.wasted_bytes)


def min_efficiency(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The merged bytes' share of the content."""
    return at_least(subject.analysis.image.efficiency, limit, lambda: waste_causes(subject))


RULES = (
    Rule("max-wasted", AMOUNT, "Limit on the wasted bytes, or on their share of the image.", max_wasted),
    Rule("min-efficiency", PART, "Smallest allowed share of the image that a container sees.", min_efficiency),
)
