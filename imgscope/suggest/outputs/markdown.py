"""Suggestions as Markdown, for pull requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...report.markdown import block, code, prose, table
from ...report.sizes import percent, size

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Finding, Report


def render(report: Report, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``outputs.Render``."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in _lines(report, options))


def _lines(report: Report, options: Options) -> Iterator[str]:
    image = report.analysis.image

    def written(count: int) -> str:
        return size(count, options.exact_bytes)

    yield f"# Suggestions for {code(image.reference)}"
    yield ""
    if report.with_dockerfile:
        yield f"Dockerfile: {prose(report.with_dockerfile)}"
        yield ""
    saving = [finding for finding in report.findings if not finding.note]
    if saving:
        share = percent(report.total_bytes, image.content_bytes)
        yield f"All fixes together save **{written(report.total_bytes)}**, {share} of {written(image.content_bytes)}."
        yield ""
        yield from table(
            (("rule", False), ("saves", True), ("sure", False), ("what", False)),
            (
                (f"`{finding.code}`", written(finding.bytes), finding.certainty, code(finding.title))
                for finding in saving
            ),
        )
    else:
        yield "Nothing found that this image could do without."
    for finding in saving:
        yield ""
        yield from _finding(report, finding, options)
    notes = [finding for finding in report.findings if finding.note]
    if notes:
        yield ""
        yield "## Good practice"
        yield ""
        yield from (f"- `{finding.code}` {code(finding.title)}: {prose(finding.fix)}" for finding in notes)
    if report.proposal:
        yield ""
        yield "## In two stages"
        yield ""
        yield from block(report.proposal, "dockerfile")
    if report.skipped:
        yield ""
        yield from (f"- {prose(line)}" for line in report.not_evaluated)


def _finding(report: Report, finding: Finding, options: Options) -> Iterator[str]:
    yield f"## {finding.code}: {code(finding.title)}"
    yield ""
    yield prose(finding.fix)
    yield ""
    for layer in finding.layers[:6]:
        yield f"- layer {layer}: {code(report.instruction(layer)[:160])}"
    for row in finding.evidence[: options.top]:
        kind = f" ({code(row.kind)})" if row.kind else ""
        yield f"- {size(row.bytes, options.exact_bytes)} {code(row.path)}{kind}"
    left = finding.evidence_count - min(options.top, len(finding.evidence))
    if left > 0:
        yield f"- and {left:,} more"
    for lines, word in ((finding.lines, "dockerfile"), (finding.ignore_lines, "gitignore")):
        if lines:
            yield ""
            yield from block(lines, word)
