"""Suggestions for people: what to change, and what each change saves, largest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...escape import escape
from ...report.page import Page
from ...report.sizes import percent, quantity
from ..run import by_certainty

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Finding, Report

_COLOURS = {"certain": "green", "likely": "yellow", "possible": "dim"}
# Lines of a fix, and layers of a finding, that are shown.
_LINES = 12
_LAYERS = 6


def render(report: Report, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``outputs.Render``."""
    page = _Suggestions(report, options)
    page.write()
    yield page.bytes()


class _Suggestions(Page):
    def __init__(self, report: Report, options: Options) -> None:
        super().__init__(options)
        self.report = report

    def write(self) -> None:
        self.totals()
        for finding in self.report.findings:
            if not finding.note:
                self.finding(finding)
        self.practice()
        self.proposal()
        notes = self.report.not_evaluated
        if self.report.dockerfile is not None and self.report.dockerfile.note:
            notes.append(self.report.dockerfile.note)
        if self.report.ignored:
            notes.append(f"{quantity(self.report.ignored, 'finding')} left out by comments in the Dockerfile")
        self.notes(notes)

    def totals(self) -> None:
        from rich.text import Text

        report, image = self.report, self.report.analysis.image
        self.console.print(Text(escape(image.reference), style="bold cyan"), no_wrap=True, overflow="ellipsis")
        base = report.base
        if base.layers:
            named = f"{escape(base.name)}, " if base.name else ""
            self.console.print(
                Text(f"  base: {named}{quantity(base.layers, 'layer')} ({escape(base.how)})", style="dim"),
                no_wrap=True,
                overflow="ellipsis",
            )
        if report.with_dockerfile:
            words = f"  Dockerfile: {report.with_dockerfile}"
            self.console.print(Text(words, style="dim"), no_wrap=True, overflow="ellipsis")
        self.console.print()
        saving = [finding for finding in report.findings if not finding.note]
        if not saving:
            self.show(Text("Nothing found that this image could do without.", style="green"))
            return
        line = Text("all fixes together save ")
        line.append(self.size(report.total_bytes), style="bold green")
        line.append(f"  {percent(report.total_bytes, image.content_bytes)} of {self.size(image.content_bytes)}")
        self.show(line)
        sums = [f"{word} {self.size(count)}" for word, count in by_certainty(report.findings).items() if count]
        if len(sums) > 1:
            self.show(Text(", ".join(sums), style="dim"))

    def finding(self, finding: Finding) -> None:
        from rich.table import Table
        from rich.text import Text

        head = Text(self.size(finding.bytes) if finding.bytes else "-", style="bold")
        head.append("  " + finding.certainty, style=_COLOURS[finding.certainty])
        self.console.print()
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(no_wrap=True)
        row.add_column(no_wrap=True)
        row.add_column(ratio=1)
        row.add_row(Text(finding.code, style="bold"), head, Text(escape(finding.title), style="bold"))
        self.console.print(row)
        self.show(Text(finding.fix))
        if finding.location is not None:
            place = finding.location
            lines = f"{place.first}" if place.first == place.last else f"{place.first}-{place.last}"
            self.show(Text(f"{escape(place.path)}:{lines}", style="cyan"))
        for layer in finding.layers[:_LAYERS]:
            text = f"layer {layer}  {escape(self.report.instruction(layer)) or '(no history)'}"
            self.show(Text(text, style="dim", no_wrap=True, overflow="ellipsis"))
        if len(finding.layers) > _LAYERS:
            self.show(Text(f"and {len(finding.layers) - _LAYERS} more layers", style="dim"))
        self.evidence(finding)
        self.block(finding.lines, "Dockerfile")
        self.block(finding.ignore_lines, ".dockerignore")

    def evidence(self, finding: Finding) -> None:
        from rich.text import Text

        shown = finding.evidence[: min(self.options.top, 5)]
        if not shown:
            return
        columns = [("", "right"), ("", "path")]
        table = self.table(*columns, header=False)
        for row in shown:
            path = escape(row.path) + (f"  ({escape(row.kind)})" if row.kind else "")
            table.add_row(Text(self.size(row.bytes) if row.bytes else ""), Text(path))
        left = finding.evidence_count - len(shown)
        if left > 0:
            table.add_row("", Text(f"and {left:,} more", style="dim"))
        self.show(table)

    def block(self, lines: tuple[str, ...], name: str) -> None:
        from rich.text import Text

        if not lines:
            return
        self.show(Text(name, style="dim"))
        for line in lines[:_LINES]:
            self.show(Text("  " + escape(line), style="green", no_wrap=True, overflow="ellipsis"))
        if len(lines) > _LINES:
            self.show(Text(f"  and {len(lines) - _LINES} more lines", style="dim"))

    def practice(self) -> None:
        from rich.text import Text

        notes = [finding for finding in self.report.findings if finding.note]
        if not notes:
            return
        self.heading("Good practice", "saves no bytes")
        table = self.table(("", "left"), ("", "words"), header=False)
        for finding in notes:
            table.add_row(Text(finding.code, style="dim"), Text(escape(f"{finding.title}. {finding.fix}")))
        self.show(table)

    def proposal(self) -> None:
        from rich.text import Text

        if self.report.proposal:
            self.heading("In two stages", "a Dockerfile to start from")
            for line in self.report.proposal:
                self.show(Text(escape(line), style="green", no_wrap=True, overflow="ellipsis"))
