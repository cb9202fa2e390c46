"""What changed from one version of an image to another, and what the next one costs where the layers are planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..differences.claims import believed
from ..differences.files import METADATA, TIMES, Comparison
from ..layer.index import DIRECTORY
from ..layering import assign
from ..packages import read_packages
from ..paths import parents, split

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..layering import Assignment, Plan
    from ..layering.things import Things
    from ..packages import Package


@dataclass(slots=True)
class Version:
    """Another version of an image, held against it.

    ``changed`` are the paths whose content, type, mode or owner is not the same, or that only one of both has;
    ``timed`` those of which only the time differs. ``folders`` are directories with another mode or owner. ``layers``
    are the image's own that hold something changed.
    """

    analysis: Analysis
    owners: Mapping[bytes, Package]
    changed: set[bytes] = field(default_factory=set)
    timed: set[bytes] = field(default_factory=set)
    folders: set[bytes] = field(default_factory=set)
    layers: set[int] = field(default_factory=set)

    def things(self, found: Things, owners: Mapping[bytes, Package]) -> set[str]:
        """Return the things of the image (whose packages are ``owners``) that are not the same in this version."""
        keys = {found.key_of(path, known) for path in self.changed for known in (owners, self.owners)}
        return {key for key in keys if key is not None}

    def first_changed(self, plan: Plan, new: Assignment, *, times: bool) -> int:
        """Return the lowest planned layer that is not the same to the byte in both versions.

        With ``times`` as they are, else as if a file's time alone never differed. The last layer, which describes all
        directories, always counts as changed.
        """
        old = assign(self.analysis.files.tree.overlay, self.owners, plan).by_path()
        now = new.by_path()
        rest = len(plan.layers)
        lowest = rest
        for path in sorted(self.changed | (self.timed if times else set())):
            lowest = min(lowest, old.get(path, rest), now.get(path, rest))
        for path, number in now.items():
            before = old.get(path, number)
            if number != before:
                lowest = min(lowest, number, before)
            elif number < lowest and self.folders and not self.folders.isdisjoint(parents((split(path)[0],))):
                lowest = number
        return lowest


def held_against(old: Analysis, new: Analysis) -> Version:
    """Compare a version with the image. Raises ``ImageError`` where contents can't be read."""
    found = Version(old, read_packages(old).owners)
    comparison = Comparison(old, new, believed(old, new).shared, moved=False)
    kinds = comparison.new.overlay.kinds
    for row in comparison.rows:
        folder = row.new is not None and kinds[row.new] == DIRECTORY
        if row.kind == TIMES:
            found.timed.add(row.path)
        elif folder and row.kind == METADATA:
            found.folders.add(row.path)
        else:
            found.changed.add(row.path)
    found.layers = comparison.touched()[1]
    return found
