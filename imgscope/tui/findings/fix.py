"""The window that tells how to fix a finding: in words, as Dockerfile lines, and what shows it to be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ...escape import escape
from ...report.sizes import quantity, size
from ..dialogs.window import Window

if TYPE_CHECKING:
    from ...suggestions.model import Finding, Suggestions

# Rows of evidence that are listed; Enter in the pane shows all of them in the tree.
_EVIDENCE = 12


def fix_text(report: Suggestions, finding: Finding) -> Text:
    """Write all that is known of a finding."""
    text = Text()
    saves = f"saves {size(finding.bytes)}" if finding.bytes else "good practice" if finding.note else "saves no bytes"
    if finding.alone_bytes > finding.bytes:
        saves += f" ({size(finding.alone_bytes)} by itself)"
    text.append(f"{finding.code} {finding.name}, {finding.certainty}, {saves}\n\n", style="dim")
    text.append(escape(finding.fix) + "\n")
    for layer in finding.layers:
        text.append(f"\nlayer {layer}  ", style="dim")
        text.append(escape(report.instruction(layer)))
    if finding.layers:
        text.append("\n")
    for heading, lines in (("Dockerfile", finding.lines), (".dockerignore", finding.ignore_lines)):
        if lines:
            text.append(f"\n{heading}\n", style="bold")
            for line in lines:
                text.append(f"  {escape(line)}\n", style="green")
    if finding.location is not None:
        first, last = finding.location.first, finding.location.last
        where = f"{first}" if first == last else f"{first} to {last}"
        text.append(f"\nat {escape(str(finding.location.path))}, line {where}\n", style="dim")
    if report.with_dockerfile:
        text.append(f"\nDockerfile: {report.with_dockerfile}\n", style="dim")
    if finding.evidence:
        text.append(f"\nEvidence: {quantity(finding.evidence_count, 'path')}\n", style="bold")
        for row in finding.evidence[:_EVIDENCE]:
            saved = f"{size(row.bytes) if row.bytes else '':>9}  " if finding.bytes else "  "
            text.append(saved + (f"layer {row.layer:<3} " if row.layer >= 0 else ""), style="dim")
            text.append(f"{escape(row.path)}{f'  {escape(row.kind)}' if row.kind else ''}\n")
        if finding.evidence_count > _EVIDENCE:
            indent = " " * (11 if finding.bytes else 2)
            text.append(f"{indent}and {finding.evidence_count - _EVIDENCE:,} more\n", style="dim")
    text.append(f"\nmore: {finding.url}", style="dim")
    return text


class FixScreen(Window):
    """How to fix one finding."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "dismiss(None)", "Close"),
        Binding("y", "copy", "Copy the lines", show=False),
    ]

    def __init__(self, report: Suggestions, finding: Finding) -> None:
        """Tell of ``finding``."""
        self.report = report
        self.finding = finding
        super().__init__(escape(finding.title), "y copies the lines" if self._lines() else "")

    def content(self) -> ComposeResult:
        """Make the text."""
        yield Static(fix_text(self.report, self.finding))

    def _lines(self) -> tuple[str, ...]:
        return self.finding.lines or self.finding.ignore_lines

    def action_copy(self) -> None:
        """Copy the Dockerfile lines, or those for .dockerignore."""
        if self._lines():
            self.run_worker(self._copy(), group="copy")

    async def _copy(self) -> None:
        from ..files import copy_and_tell

        await copy_and_tell(self, "\n".join(self._lines()), f"Copied: {quantity(len(self._lines()), 'line')}")
