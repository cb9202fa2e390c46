"""Suggestions as Markdown, for pull requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...report.markdown import block, code, prose, table
from ...report.sizes import percent, size
from ...steps import short
from .cards import Card, cards, secrets, sums
from .text import language

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Suggestions


def render(report: Suggestions, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``outputs.Render``."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in _lines(report, options))


def _lines(report: Suggestions, options: Options) -> Iterator[str]:
    image = report.analysis.image

    def written(count: int) -> str:
        return size(count, options.exact_bytes)

    yield f"# Suggestions for {code(image.title)}"
    yield ""
    matched = report.dockerfile
    if matched is not None and not matched.belongs:
        yield f"**{prose(matched.note)}**"
        yield ""
    found = secrets(report, code)
    if found:
        yield f"**Secrets:** {found}"
        yield ""
    if report.with_dockerfile:
        yield f"Dockerfile: {prose(report.with_dockerfile)}"
        yield ""
    shown = cards(report)
    if shown:
        sure, possible = sums(report)
        if sure or not possible:
            share = percent(sure, image.content_bytes)
            yield f"Certain and likely savings: **{written(sure)}**, {share} of {written(image.content_bytes)}."
        if possible:
            yield f"Possible{' besides' if sure else ' savings'}: {written(possible)}, for you to decide."
        yield ""
        yield from table(
            (("saves", True), ("sure", False), ("where", False), ("rule", False), ("finding", False)),
            (
                (written(card.bytes) if card.bytes else "-", card.certainty, card.place, f"`{card.code}`",
                 code(card.title))
                for card in shown
            ),
        )  # fmt: skip
    else:
        yield "Nothing found that this image does not need."
    for card in shown:
        yield ""
        yield from _card(report, card, options)
    notes = [finding for finding in report.findings if finding.note]
    if notes:
        yield ""
        yield "## Good practice"
        yield ""
        for finding in notes:
            yield f"- `{finding.code}` {code(finding.title)}: {prose(finding.fix)}"
            if finding.lines:
                yield ""
                yield from block(finding.lines, language(finding.lines).lower())
                yield ""
    if report.proposal:
        yield ""
        yield "## In two stages"
        yield ""
        yield from block(report.proposal, "dockerfile")
    if report.skipped:
        yield ""
        yield from (f"- {prose(line)}" for line in report.not_evaluated)


def _card(report: Suggestions, card: Card, options: Options) -> Iterator[str]:
    yield f"## {card.code}: {code(card.title)}"
    yield ""
    for fix in card.fixes:
        yield prose(fix)
        yield ""
    for layer in card.layers[:6]:
        yield f"- layer {layer}: {code(short(report.instruction(layer)))}"
    for row in card.evidence[: options.top]:
        kind = f" ({code(row.kind)})" if row.kind else ""
        saved = f"{size(row.bytes, options.exact_bytes)} " if row.bytes else ""
        where = f" in layer {row.layer}" if row.layer >= 0 else ""
        yield f"- {saved}{code(row.path)}{kind}{where}"
    left = card.evidence_count - min(options.top, len(card.evidence))
    if left > 0:
        yield f"- and {left:,} more"
    for lines in card.lines:
        yield ""
        yield from block(lines, language(lines).lower())
    if card.ignore_lines:
        yield ""
        yield from block(card.ignore_lines, "gitignore")
