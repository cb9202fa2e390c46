"""What to change in the Dockerfile so that what is struck out is left out, as far as that is known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ...escape import escape
from ...report.sizes import quantity, size
from ...secrets import redact
from ..dialogs.window import Window

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ...suggestions.model import Finding, Suggestions


def changes(
    analysis: Analysis, report: Suggestions | None, layers: Collection[int], findings: Sequence[Finding]
) -> list[str]:
    """Return what to change in the Dockerfile: the steps of ``layers`` to leave out, and what ``findings`` propose.

    It is no whole Dockerfile: a history does not tell all that one says, and nothing is invented.
    """
    lines = ["# What changes in the Dockerfile; all other lines stay."]
    for layer in sorted(layers):
        row = analysis.layers[layer]
        shown = redact(" ".join(row.instruction.split())) or "(no instruction known)"
        lines += ["", f"# Leave out, {size(row.content_bytes)} (layer {layer}): {shown}"]
    for finding in findings:
        saves = f", saves {size(finding.bytes)}" if finding.bytes else ""
        lines += ["", f"# {finding.code}{saves}: {finding.title}", f"#   {finding.fix}"]
        if finding.location is not None and finding.lines:
            first, last = finding.location.first, finding.location.last
            where = f"line {first}" if first == last else f"lines {first} to {last}"
            lines.append(f"#   {where} of {finding.location.path} become:")
        elif report is not None and finding.layers and finding.lines:
            shown = " ".join(report.instruction(finding.main_layer or finding.layers[0]).split())
            lines.append(f"#   in place of: {shown}")
        lines += finding.lines
    ignored = list(dict.fromkeys(line for finding in findings for line in finding.ignore_lines))
    if ignored:
        lines += ["", "# In .dockerignore:", *(f"#   {line}" for line in ignored)]
    if report is not None and report.proposal:
        from ...suggestions.stages import answered

        if any(True for _ in answered(findings)):
            lines += ["", "# Or with a build stage, which answers all findings of its kind:", *report.proposal]
    return lines


class DockerfileScreen(Window):
    """What to change in the Dockerfile for what is struck out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "dismiss(None)", "Close"),
        Binding("y", "copy", "Copy the lines", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        """Show ``lines``."""
        self.lines = lines
        super().__init__(title, "y copies the lines")
        self.add_class("wide")

    def content(self) -> ComposeResult:
        """Make the text: code in colour, the rest quiet."""
        text = Text()
        for line in self.lines:
            text.append(escape(line) + "\n", style="dim" if line.startswith("#") else "green")
        yield Static(text)

    def action_copy(self) -> None:
        """Copy the lines."""
        self.app.copy_to_clipboard("\n".join(self.lines) + "\n")
        self.notify(f"Copied: {quantity(len(self.lines), 'line')}")
