"""The ranked lists that a report shows, made once and kept, so that it needs no tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest
from itertools import compress

from .largest import DirectorySize, FileSize
from .overlay.changes import OF_KIND, WASTE_REASONS, Comparison
from .paths import join, public, split
from .rollup import WasteGroup, roll_up
from .rows import Totals, Waste, WastedPath

# How many rows of each list are kept at hand.
HIGHLIGHTS = 200


@dataclass(slots=True)
class Highlights:
    """The ranked lists and sums that a report shows, kept so that it needn't build the tree again.

    Of ``waste_groups`` too the largest alone are kept; ``group_count`` is how many there are.
    """

    waste_by_reason: dict[str, Totals] = field(default_factory=dict)
    top_waste: list[Waste] = field(default_factory=list)
    top_wasted_paths: list[WastedPath] = field(default_factory=list)
    top_directories: list[DirectorySize] = field(default_factory=list)
    waste_count: int = 0
    top_files: list[FileSize] = field(default_factory=list)
    waste_groups: list[WasteGroup] = field(default_factory=list)
    group_count: int = 0

    def with_largest(self, directories: Sequence[DirectorySize], files: Sequence[FileSize]) -> Highlights:
        """Return these with what is largest in the merged tree."""
        return replace(self, top_directories=list(directories), top_files=list(files))


def ranked_waste(comparison: Comparison, limit: int | None = None) -> list[Waste]:
    """Return the wasted copies, largest first (ties by path): ``limit`` of them, and those that tie with the last."""
    hidden = comparison.overlay.hidden
    least = 1
    if limit is not None:
        # Ties at the cut are told apart by path, so they all have to be looked at.
        least = max(min(nlargest(limit, hidden.wasted), default=1), 1)
    rows = [row for row, wasted in enumerate(hidden.wasted) if wasted >= least]
    found = [_waste_row(comparison, row) for row in rows]
    found.sort(key=lambda waste: (-waste.bytes, waste.path, waste.stored_in))
    return found


def _waste_row(comparison: Comparison, row: int) -> Waste:
    overlay = comparison.overlay
    hidden = overlay.hidden
    return Waste(
        public(overlay.waste_path(row)),
        hidden.wasted[row],
        overlay.layer_of(overlay.inode(hidden.entries[row])),
        hidden.by[row],
        WASTE_REASONS[comparison.kinds[row]],
    )


def of_waste(comparison: Comparison, limit: int) -> Highlights:
    """Return an image's waste as sums and ranked lists of at most ``limit`` rows; what is largest is left out."""
    overlay, kinds = comparison.overlay, comparison.kinds
    hidden = overlay.hidden
    by_reason: dict[str, list[int]] = {}
    rows = list(compress(range(len(hidden)), hidden.wasted))
    for kind in set(kinds):
        of_kind = list(filter(None, compress(hidden.wasted, kinds.translate(OF_KIND[kind]))))
        if of_kind:
            reason = by_reason.setdefault(WASTE_REASONS[kind], [0, 0])
            reason[0] += len(of_kind)
            reason[1] += sum(of_kind)
    groups = roll_up(comparison)
    return Highlights(
        {reason: Totals(*pair) for reason, pair in sorted(by_reason.items(), key=lambda item: (-item[1][1], item[0]))},
        ranked_waste(comparison, limit)[:limit],
        _wasted_paths(comparison, rows, limit),
        waste_count=len(rows),
        waste_groups=groups[:limit],
        group_count=len(groups),
    )


def _wasted_paths(comparison: Comparison, rows: Sequence[int], limit: int) -> list[WastedPath]:
    """Return the paths that waste most, their copies added up; ``rows`` are those that waste anything."""
    overlay = comparison.overlay
    hidden = overlay.hidden
    # A path has at most as many copies as there are layers (and repetitions), so rows that so many times are less than
    # what surely ranks can't rank either.
    copies = len(overlay.layers) + sum(len(layer.repeated) for layer in overlay.layers)
    ranked = nlargest(limit * copies, hidden.wasted)
    floor = ranked[-1] if ranked and len(ranked) == limit * copies else 0
    linked = bool(overlay.home)
    sums: dict[tuple[bytes, bytes], int] = {}
    counts: dict[tuple[bytes, bytes], int] = {}
    for row in rows:
        wasted = hidden.wasted[row]
        if wasted * copies < floor:
            continue
        key = split(overlay.waste_path(row)) if linked else (hidden.directories[row], hidden.names[row])
        if key in sums:
            sums[key] += wasted
            counts[key] = counts.get(key, 1) + 1
        else:
            sums[key] = wasted
    least = sorted(sums.values(), reverse=True)[:limit][-1] if sums else 0
    paths = sorted((-size, join(*key), counts.get(key, 1)) for key, size in sums.items() if size >= least)
    return [WastedPath(public(path), -size, count) for size, path, count in paths[:limit]]
