"""The list of findings: what each would save, how sure that is, what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType

from ...escape import escape
from ..text import clip, size
from ..widgets import Lines

if TYPE_CHECKING:
    from ...suggest.model import Finding

_STYLES = {"certain": "mark--added", "likely": "mark--modified", "possible": "lines--quiet"}


class FindingsPane(Lines):
    """A line for each finding, the largest first; until they are known, one that says so."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "screen.fix", "How to fix it", show=False, id="fix.here")]

    def __init__(self, *, id: str) -> None:
        """List nothing until ``start``."""
        super().__init__(id=id)
        self.findings: Sequence[Finding] = ()
        self._words = ""

    def say(self, words: str) -> None:
        """Show a line instead of findings."""
        self.findings, self._words = (), words
        self.reload(0)

    def start(self, findings: Sequence[Finding]) -> None:
        """List ``findings``."""
        self.findings = findings
        self._words = "" if findings else "Nothing found that this image does not need."
        self.reload(0)

    @property
    def selected(self) -> Finding | None:
        """The finding under the cursor."""
        return self.findings[self.cursor] if self.cursor < len(self.findings) else None

    def count(self) -> int:
        """Return the number of lines."""
        return len(self.findings) or bool(self._words)

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        return f"{'Saves':>9} {'Code':<6} {'Sure':<9} Finding" if self.findings else ""

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one finding's line."""
        quiet = self.part("lines--quiet")
        if not self.findings:
            return [Segment(clip(self._words, width), quiet)]
        finding = self.findings[row]
        saves = size(finding.bytes) if finding.bytes else "-"
        segments = [
            Segment(f"{saves:>9} ", self.part("mark--wasted") if finding.bytes else quiet),
            Segment(f"{finding.code:<6} ", quiet),
            Segment(f"{finding.certainty:<9} ", self.part(_STYLES[finding.certainty])),
        ]
        room = width - sum(segment.cell_length for segment in segments)
        return [*segments, Segment(clip(escape(finding.title), room))]
