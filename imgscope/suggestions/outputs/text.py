"""Suggestions for people: secrets, what is saved in all, a table of what to change, and then each change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ...escape import escape
from ...report.page import Page, Text
from ...report.sizes import percent, quantity
from ...steps import fitted
from .cards import Card, cards, secrets, sums

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Suggestions

_COLOURS = {"certain": "green", "likely": "yellow", "possible": "dim"}
# Layers of a finding that are shown.
_LAYERS = 4
# What begins a line of a Dockerfile: all else is for a shell.
_DOCKERFILE = ("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "HEALTHCHECK", "LABEL", "ONBUILD", "RUN",
               "SHELL", "USER", "WORKDIR", "#")  # fmt: skip


def render(report: Suggestions, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``outputs.Render``."""
    page = _Suggestions(report, options)
    page.write()
    yield page.bytes()


def language(lines: Sequence[str]) -> str:
    """Say what lines are of: ``Dockerfile``, or ``shell`` for commands that belong into a RUN."""
    return "Dockerfile" if lines[0].lstrip().partition(" ")[0].upper() in _DOCKERFILE else "shell"


class _Suggestions(Page):
    def __init__(self, report: Suggestions, options: Options) -> None:
        super().__init__(options)
        self.report = report
        self.cards = cards(report)

    def write(self) -> None:
        self.head()
        self.totals()
        self.overview()
        for card in self.cards:
            self.card(card)
        self.practice()
        self.proposal()
        notes = self.report.not_evaluated
        matched = self.report.dockerfile
        if matched is not None and matched.belongs and matched.note:
            notes.append(matched.note)
        if self.report.ignored:
            notes.append(f"{quantity(self.report.ignored, 'finding')} left out by comments in the Dockerfile")
        self.notes(notes)

    def head(self) -> None:
        report, image = self.report, self.report.analysis.image
        self.console.print(Text(escape(image.title), style="bold cyan"), no_wrap=True, overflow="ellipsis")
        base = report.base
        if base.layers:
            named = f"{escape(base.name)}, " if base.name else ""
            words = f"  base: {named}{quantity(base.layers, 'layer')} ({escape(base.how)})"
            self.console.print(Text(words, style="dim"), no_wrap=True, overflow="ellipsis")
        if report.with_dockerfile:
            words = f"  Dockerfile: {report.with_dockerfile}"
            self.console.print(Text(words, style="dim"), no_wrap=True, overflow="ellipsis")
        self.console.print()
        matched = report.dockerfile
        if matched is not None and not matched.belongs:
            self.show(Text(matched.note, style="yellow"))
            self.console.print()
        found = secrets(report)
        if found:
            self.show(Text(escape(found), style="bold red"))
            self.console.print()

    def totals(self) -> None:
        if not self.cards:
            self.show(Text("Nothing found that this image does not need.", style="green"))
            return
        whole = self.report.analysis.image.content_bytes
        sure, possible = sums(self.report)
        if not sure and not possible:
            self.show(Text("No bytes to save; what was found matters all the same."))
        if sure:
            line = Text("certain and likely savings: ")
            line.append(self.size(sure), style="bold green")
            line.append(f"  {percent(sure, whole)} of {self.size(whole)}")
            self.show(line)
        if possible:
            words = f"possible{' besides' if sure else ' savings'}: {self.size(possible)}, for you to decide"
            self.show(Text(words, style="dim" if sure else ""))

    def overview(self) -> None:
        if not self.cards:
            return
        self.console.print()
        columns = [("saves", "right"), ("sure", "left"), ("where", "left"), ("rule", "left"), ("finding", "rest")]
        table = self.table(*columns)
        for card in self.cards:
            table.add_row(
                Text(self.size(card.bytes) if card.bytes else "-"),
                Text(card.certainty, style=_COLOURS[card.certainty]),
                Text(card.place, style="dim"),
                Text(card.code),
                Text(escape(card.title)),
            )
        self.show(table)

    def card(self, card: Card) -> None:
        self.console.print()
        row = self.table(("", "left"), ("", "title"), header=False)
        row.add_row(Text(card.code, style="bold"), Text(escape(card.title), style="bold"))
        self.console.print(row)
        head = Text(f"saves {self.size(card.bytes)}, " if card.bytes else "")
        head.append(card.certainty, style=_COLOURS[card.certainty])
        location = card.findings[0].location
        if location is not None:
            lines = f"{location.first}" if location.first == location.last else f"{location.first}-{location.last}"
            head.append(f"  {escape(location.path)}:{lines}", style="cyan")
        self.show(head)
        for fix in card.fixes:
            self.show(Text(escape(fix)))
        for layer in card.layers[:_LAYERS]:
            self.made(layer)
        if len(card.layers) > _LAYERS:
            self.show(Text(f"and {quantity(len(card.layers) - _LAYERS, 'more layer', 'more layers')}", style="dim"))
        self.evidence(card)
        for block in card.lines:
            self.block(block, language(block))
        self.block(card.ignore_lines, ".dockerignore")

    def made(self, layer: int) -> None:
        """Put a layer's instruction on the page, as much of it as there is room for."""
        head = f"layer {layer}  "
        text = fitted(escape(self.report.instruction(layer)), self.console.width - 2 - len(head)) or "(no history)"
        self.show(Text(head + text, style="dim", no_wrap=True, overflow="ellipsis"))

    def evidence(self, card: Card) -> None:
        shown = card.evidence[: self.options.top]
        if not shown:
            return
        table = self.table(("", "right"), ("", "left"), ("", "path"), header=False)
        for row in shown:
            path = escape(row.path) + (f"  ({escape(row.kind)})" if row.kind else "")
            layer = Text(f"layer {row.layer}" if row.layer >= 0 else "", style="dim")
            table.add_row(Text(self.size(row.bytes) if row.bytes else ""), layer, Text(path))
        left = card.evidence_count - len(shown)
        if left > 0:
            table.add_row("", "", Text(f"and {left:,} more", style="dim"))
        self.show(table)

    def block(self, lines: Sequence[str], name: str) -> None:
        if lines:
            self.show(Text(f"{name}:", style="dim"))
            self.code(lines)

    def code(self, lines: Sequence[str]) -> None:
        """Put lines on the page that can be copied as they stand: whole, each in a line of its own, however long."""
        # A here-document ends at its word in the first column only.
        indent = "" if any("<<" in line for line in lines) else "    "
        for line in lines:
            # Tabs stay: in a here-document they may count.
            shown = "\t".join(map(escape, line.split("\t")))
            self.console.print(Text(indent + shown, style="green"), soft_wrap=True)

    def practice(self) -> None:
        notes = [finding for finding in self.report.findings if finding.note]
        if not notes:
            return
        self.heading("Good practice", "saves no bytes")
        for finding in notes:
            table = self.table(("", "left"), ("", "words"), header=False)
            table.add_row(Text(finding.code, style="dim"), Text(escape(f"{finding.title}. {finding.fix}")))
            self.show(table)
            self.code(finding.lines)

    def proposal(self) -> None:
        if self.report.proposal:
            self.heading("In two stages", "a Dockerfile to start from")
            self.code(self.report.proposal)
