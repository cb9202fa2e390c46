"""The packages that differ."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from ...differences.model import PackageDifference
from ...differences.report.words import signed
from ...escape import escape
from ..text import clip, fit
from ..widgets import Lines

_STYLES = {
    "added": "mark--added",
    "removed": "mark--removed",
    "upgraded": "mark--modified",
    "downgraded": "mark--type",
    "modified": "mark--metadata",
}
_SIGNS = {"added": "+", "removed": "-", "upgraded": "^", "downgraded": "v", "modified": "~"}


class PackagesPane(Lines):
    """A line for each package, the largest delta first."""

    def __init__(self, packages: Sequence[PackageDifference], *, id: str) -> None:
        """List ``packages``."""
        super().__init__(id=id)
        self.packages = packages

    def count(self) -> int:
        """Return the number of packages."""
        return len(self.packages)

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        return f"  {'Delta':>9}  {'Package':<{self._names(width)}}  Version"

    @staticmethod
    def _names(width: int) -> int:
        return max(12, min(32, (width - 13) // 2))

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one package's line."""
        package = self.packages[row]
        style, quiet = self.part(_STYLES[package.kind]), self.part("lines--quiet")
        versions = [version for version in (package.version_before, package.version_after) if version is not None]
        if package.kind == "modified":
            versions = [*versions[:1], "other files"]
            words = ", ".join(versions)
        else:
            words = " → ".join(versions)
        segments = [
            Segment(f"{_SIGNS[package.kind]} ", style),
            Segment(f"{signed(package.delta):>9}  ", self._delta(package.delta)),
            Segment(fit(escape(package.name), self._names(width)) + "  "),
        ]
        room = width - sum(segment.cell_length for segment in segments)
        segments.append(Segment(clip(escape(words), room)))
        if room > len(words) + len(package.ecosystem) + 2:
            segments.append(Segment("  " + package.ecosystem, quiet))
        return segments

    def _delta(self, count: int) -> Style:
        return self.part("size--grown" if count > 0 else "size--shrunk" if count else "lines--quiet")
