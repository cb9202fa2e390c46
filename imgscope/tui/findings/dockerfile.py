"""The Dockerfile that leaves out what is struck out, as far as that is known: the image's own instructions, mended."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
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
    from ...suggest.model import Finding, Report


def dockerfile(
    analysis: Analysis, report: Report | None, layers: Collection[int], findings: Sequence[Finding]
) -> list[str]:
    """Return the lines: instructions above the base, those of ``layers`` left out, with what ``findings`` propose.

    Nothing is invented: where a finding has no lines, its advice stands as a comment.
    """
    lines = list(_instructions(analysis, report, set(layers), findings))
    ignored = list(dict.fromkeys(line for finding in findings for line in finding.ignore_lines))
    if ignored:
        lines += ["", "# In .dockerignore:", *(f"#   {line}" for line in ignored)]
    if report is not None and report.proposal:
        from ...suggest.stages import BUILD

        if any(finding.code in BUILD for finding in findings):
            lines += ["", "# Or with a build stage, which answers all findings of its kind:", *report.proposal]
    return lines


def _instructions(
    analysis: Analysis, report: Report | None, layers: set[int], findings: Sequence[Finding]
) -> Iterator[str]:
    base = report.base if report is not None else None
    own = base.layers if base is not None else 0
    start = min(own, *layers) if layers else own
    if base is not None and base.name and start == own > 0:
        yield f"FROM {base.name}"
    elif start:
        yield f"# on top of the image's first {quantity(start, 'layer')}:"
    told: set[int] = set()
    at = next((place for place, step in enumerate(analysis.image.history) if step.layer == start), 0)
    steps = [(step.instruction, step.layer) for step in analysis.image.history[at:]]
    known = {layer for _, layer in steps}
    steps += [(layer.instruction, layer.index) for layer in analysis.layers[start:] if layer.index not in known]
    for number, finding in enumerate(findings):
        if not any(layer in known and layer >= start for layer in finding.layers):
            told.add(number)
            yield from _advice(finding)
    for instruction, layer in steps:
        shown = redact(" ".join(instruction.split())) or "(no instruction known)"
        if layer in layers:
            yield f"# left out, {size(analysis.layers[layer].content_bytes)}: {shown}"
            continue
        changed = False
        for number, finding in enumerate(findings):
            if layer is None or layer not in finding.layers:
                continue
            if number in told:
                yield f"# see {finding.code} above:"
                continue
            told.add(number)
            yield from _advice(finding)
            changed = changed or bool(finding.lines)
        yield f"# instead of: {shown}" if changed else shown if instruction else f"# {shown}"


def _advice(finding: Finding) -> Iterator[str]:
    saves = f", saves {size(finding.bytes)}" if finding.bytes else ""
    yield f"# {finding.code}{saves}: {finding.title}"
    yield f"#   {finding.fix}"
    yield from finding.lines


class DockerfileScreen(Window):
    """The Dockerfile without what is struck out."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "dismiss(None)", "Close"),
        Binding("y", "copy", "Copy the lines", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        """Show ``lines``."""
        self.lines = lines
        super().__init__(title, "y copies it")
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
