"""Where a filter would find something, were another layer selected."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple

from .paths import Paths


class FilterHits(NamedTuple):
    """What a filter finds in one layer: paths that it brings, and paths that it takes away or replaces."""

    layer: int
    brought: Sequence[int]
    removed: Sequence[int]


def look(paths: Paths, matches: bytearray, column: bytearray | None) -> list[FilterHits]:
    """Return the layers that bring or remove what matches, bottom first.

    ``matches`` are the nodes whose names do; ``column`` says of each entry whether a filter's terms hold for it.
    """
    found: list[FilterHits] = []
    there: set[int] = set()
    for number, delta in enumerate(paths.deltas):
        removed = sorted(there.intersection(delta.gone))
        there.difference_update(removed)
        nodes = list(compress(delta.nodes, map(matches.__getitem__, delta.nodes)))
        brought = nodes
        if column is not None:
            entries = compress(delta.entries, map(matches.__getitem__, delta.nodes))
            brought = list(compress(nodes, map(column.__getitem__, entries)))
            replaced = sorted(there.intersection(nodes).difference(brought))
            there.difference_update(replaced)
            removed += replaced
        there.update(brought)
        if brought or removed:
            found.append(FilterHits(number, brought, removed))
    return found


def nearest(found: Sequence[FilterHits], layer: int) -> tuple[int, Sequence[int], bool] | None:
    """Return the layer to go to from ``layer`` where nothing matches, what is found there, and whether it is removed.

    The last one below that removed something, else the next one above that brings something.
    """
    below = [one for one in found if one.layer < layer and one.removed]
    if below:
        return below[-1].layer, below[-1].removed, True
    above = [one for one in found if one.layer > layer and one.brought]
    if above:
        return above[0].layer, above[0].brought, False
    other = [one for one in found if one.layer != layer and one.brought]
    return (other[-1].layer, other[-1].brought, False) if other else None
