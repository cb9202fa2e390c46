"""What a page may hold, each part as its command has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ...base_images.compare import Bases
    from ...checks.model import CheckReport
    from ...differences.model import Difference
    from ...suggestions.model import Suggestions


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one page: of an image its analysis, and what other commands found of the same image.

    ``difference`` leads from an older image to this one. A ``verdict`` may be on images that can't be had, so there
    may be no analysis.
    """

    analysis: Analysis | None = None
    suggestions: Suggestions | None = None
    verdict: CheckReport | None = None
    difference: Difference | None = None
    bases: Bases | None = None

    @property
    def title(self) -> str:
        """What the page is of, as a person would say it (not yet safe to print)."""
        if self.difference is not None:
            return f"{self.difference.old.image.reference} → {self.difference.new.image.reference}"
        if self.analysis is not None:
            return self.analysis.image.reference
        return self.verdict.images[0].reference if self.verdict is not None and self.verdict.images else ""
