"""Proposes the layers of an image by what it consists of: what changes least at the bottom, in parts of like size."""

from __future__ import annotations

from collections.abc import Sequence

from .plan import Plan, PlannedLayer, literal
from .things import Thing, Things

# A layer may be so much larger than it should be before the next is begun.
_SLACK = 1.25


def propose(found: Things, limit: int) -> Plan:
    """Propose a plan of at most ``limit`` layers, that of the rest included.

    Engines take over the lowest layers that a machine has, so things that changed in fewer versions lie lower, and
    those that changed in as many together. Among these, an operating system's packages come before languages', and
    what no package has last.
    """
    kept = [thing for thing in found.by_key.values() if thing.weight > 0]
    order = sorted(kept, key=lambda thing: (thing.changed, thing.rank, -thing.weight, thing.key))
    target = (sum(thing.weight for thing in order) + found.rest) / max(limit, 1)
    groups: list[list[Thing]] = []
    for thing in order:
        last = groups[-1] if groups else None
        if last is None or last[0].changed != thing.changed or _weight(last) + thing.weight > target * _SLACK:
            groups.append([thing])
        else:
            last.append(thing)
    while len(groups) > max(limit - 1, 1):
        _join(groups)
    return Plan(tuple(map(_layer, groups)))


def _weight(group: Sequence[Thing]) -> float:
    return sum(thing.weight for thing in group)


def _join(groups: list[list[Thing]]) -> None:
    """Make one of two neighbours: such as change equally often if there are any, and the lightest of those."""
    place = min(
        range(len(groups) - 1),
        key=lambda number: (
            groups[number][0].changed != groups[number + 1][0].changed,
            _weight(groups[number]) + _weight(groups[number + 1]),
        ),
    )
    groups[place : place + 2] = [groups[place] + groups[place + 1]]


def _layer(group: Sequence[Thing]) -> PlannedLayer:
    largest = max(group, key=lambda thing: (thing.weight, thing.key))
    name = largest.key if len(group) == 1 else f"{largest.key} and {len(group) - 1} more"
    return PlannedLayer(
        name.encode("utf-8", "replace").decode()[:150],
        tuple(sorted(literal(thing.key) for thing in group if thing.package is not None)),
        tuple(sorted(thing.glob for thing in group if thing.package is None)),
    )
