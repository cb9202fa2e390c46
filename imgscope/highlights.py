"""The ranked lists that a report shows, kept so that it needs no tree."""

from __future__ import annotations

from dataclasses import dataclass, field

from .largest import DirectorySize, FileSize
from .rollup import WasteGroup
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
