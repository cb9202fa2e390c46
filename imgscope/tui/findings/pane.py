"""The list of findings: what each would save, how sure that is, what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType

from ...escape import escape
from ..list_pane import ListPane
from ..text import clip, size

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ...suggestions.model import Finding, Suggestions
    from ..model.without import Without

_STYLES = {"certain": "mark--added", "likely": "mark--modified", "possible": "lines--quiet"}


def look_for(analysis: Analysis) -> Suggestions:
    """Ask suggest, with the Dockerfile that lies nearby if the image was built from it. Raises ``ImgscopeError``."""
    from ...dockerfile import nearby
    from ...suggestions import suggest

    found = nearby(analysis)
    if found is None:
        return suggest(analysis)
    report = suggest(analysis, dockerfile=found)
    report.unasked = True
    return report


class FindingsPane(ListPane["Finding"]):
    """A line for each finding, secrets first, then the largest; until they are known, one that says so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "screen.fix(True)", "How to fix it", show=False, id="fix.here"),
        Binding("u", "screen.undo('page_up')", "Undo", show=False, id="undo.findings"),
    ]
    orders: ClassVar[Mapping[str, Callable[..., object]]] = {
        # A secret weighs more than any bytes.
        "bytes": lambda finding: (not finding.secret, finding.note, -finding.bytes),
        "sureness": lambda finding: (list(_STYLES).index(finding.certainty), -finding.bytes),
        "layer": lambda finding: (finding.layers or (1 << 20,), -finding.bytes),
        "code": lambda finding: (finding.code, -finding.bytes),
    }
    by_head: ClassVar[Mapping[str, str]] = {"Saves": "bytes", "Code": "code", "Sure": "sureness"}
    noun = ("finding", "findings")

    def __init__(self, *, id: str) -> None:
        """List nothing until ``start``."""
        super().__init__(id=id)
        self._said = ""
        self._struck: Sequence[Finding] = ()
        self._without: Without | None = None
        self._gone: frozenset[int] = frozenset()

    def strike(self, struck: Sequence[Finding], without: Without | None) -> None:
        """Strike out some findings, and those of which nothing is left in the image ``without`` something."""
        self._struck, self._without = struck, without
        self._find_gone()
        self.refresh()

    def _find_gone(self) -> None:
        gone = list(self._struck)
        if self._without is not None:
            gone += (finding for finding in self._all if self._without.saves_nothing(finding.claims))
        self._gone = frozenset(map(id, gone))

    def say(self, words: str) -> None:
        """Show a line instead of findings."""
        self._said = words
        self.fill(())

    def start(self, findings: Sequence[Finding]) -> None:
        """List ``findings``."""
        self._said = "" if findings else "Nothing found that this image does not need."
        self.fill(findings)
        self._find_gone()

    def is_gone(self, finding: Finding) -> bool:
        """Tell whether a finding is struck out, or all of it is with layers and other findings."""
        return id(finding) in self._gone

    def text(self, item: Finding) -> str:
        """Return the code, the title and how sure it is, and the paths of the evidence."""
        return " ".join((item.code, item.name, item.certainty, item.title, *(row.path for row in item.evidence)))

    def worth(self, item: Finding) -> int:
        """Return the bytes that the fix saves."""
        return item.bytes

    def count(self) -> int:
        """Return the number of lines."""
        return len(self.items) or bool(self._said)

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        return f"{'Saves':>9} {'Code':<6} {'Sure':<9} Finding" if self.items else ""

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one finding's line."""
        quiet = self.part("lines--quiet")
        if not self.items:
            return [Segment(clip(self._said, width), quiet)]
        finding = self.items[row]
        struck = self.is_gone(finding)
        saves = size(finding.bytes) if finding.bytes else "secret" if finding.secret else "-"
        segments = [
            Segment(
                f"{'x' if struck else ''}{saves:>{8 if struck else 9}} ",
                self.part("mark--wasted") if finding.bytes or finding.secret else quiet,
            ),
            Segment(f"{finding.code:<6} ", quiet),
            Segment(f"{finding.certainty:<9} ", self.part(_STYLES[finding.certainty])),
        ]
        room = width - sum(segment.cell_length for segment in segments)
        style = self.part("mark--dead") if struck else None
        return [*segments, Segment(clip(escape(finding.title), room), style)]
