"""What people are shown of a report, in the order in which they need it; the same for text and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...report.sizes import quantity
from ..model import CERTAINTIES, Certainty, Evidence, Finding

if TYPE_CHECKING:
    from ..model import Suggestions

# Kinds of secrets, and places of some, that one line names.
_KINDS = 4
_NAMED = 2
# What files of these kinds hold, where the kind does not say it.
_HOLDS = {"environment": "passwords", "application settings": "passwords", "WordPress settings": "passwords"}


@dataclass(frozen=True, slots=True)
class Card:
    """One finding, or several of one kind that say the same, as people are shown it."""

    code: str
    title: str
    bytes: int
    certainty: Certainty
    place: str
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]
    evidence_count: int
    layers: tuple[int, ...]
    fixes: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    ignore_lines: tuple[str, ...]


def cards(report: Suggestions) -> list[Card]:
    """Return what there is to do: secrets first, those of one rule as one card; then by what is saved."""
    secrets: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.secret:
            secrets.setdefault(finding.code, []).append(finding)
    rest = [finding for finding in report.findings if not finding.note and not finding.secret]
    return [_card(secrets[code]) for code in sorted(secrets)] + [_card([finding]) for finding in rest]


def _card(findings: Sequence[Finding]) -> Card:
    first = findings[0]
    evidence = tuple(row for finding in findings for row in finding.evidence)
    layers = tuple(dict.fromkeys(layer for finding in findings for layer in finding.layers))
    title = first.title
    if len(findings) > 1:
        kinds = list(dict.fromkeys(row.kind for row in evidence if row.kind))
        more = f" and {len(kinds) - _KINDS} more" if len(kinds) > _KINDS else ""
        where = "" if any(row.layer < 0 for row in evidence) else f" in {quantity(len(_places(evidence)), 'file')}"
        title = f"{len(findings)} kinds of secrets{where}: {', '.join(kinds[:_KINDS])}{more}"
    return Card(
        first.code,
        title,
        sum(finding.bytes for finding in findings),
        min((finding.certainty for finding in findings), key=CERTAINTIES.index),
        place(first),
        tuple(findings),
        evidence,
        sum(finding.evidence_count for finding in findings),
        tuple(sorted(layers)) if len(findings) > 1 else layers,
        tuple(dict.fromkeys(finding.fix for finding in findings)),
        tuple(dict.fromkeys(finding.lines for finding in findings if finding.lines)),
        tuple(dict.fromkeys(line for finding in findings for line in finding.ignore_lines)),
    )


def _places(evidence: Sequence[Evidence]) -> set[str]:
    return {row.path for row in evidence}


def place(finding: Finding) -> str:
    """Write where a finding stands: lines of the Dockerfile, else the layer that holds most of its bytes."""
    at = finding.location
    if at is not None:
        return f"line {at.first}" if at.first == at.last else f"lines {at.first}-{at.last}"
    layer = finding.main_layer
    return "" if layer is None or layer < 0 else f"layer {layer}"


def sums(report: Suggestions) -> tuple[int, int]:
    """Return the bytes that are saved for certain or likely, and those that are possible besides."""
    possible = sum(finding.bytes for finding in report.findings if finding.certainty == "possible")
    return report.total_bytes - possible, possible


def secrets(report: Suggestions, write: Callable[[str], str] = str) -> str:
    """Return one line about all secrets that were found, the image's own files first; empty where there are none.

    ``write`` makes what an image says fit to be shown: paths, names of variables. Without it they are as they are
    stored, and whoever prints the line escapes it.
    """
    rows = [row for finding in report.findings if finding.secret for row in finding.evidence]
    rows = list({(row.path, row.kind): row for row in reversed(rows)}.values())[::-1]
    if not rows:
        return ""
    said = [
        f"{write(row.path)}{f' (layer {row.layer})' if row.layer >= 0 else ''} {_holds(row, write)}"
        for row in rows[:_NAMED]
    ]
    left = len(rows) - len(said)
    if left:
        said.append(f"{left:,} more")
    listed = said[0] if len(said) == 1 else f"{', '.join(said[:-1])}, and {said[-1]}"
    return f"{listed}: rotate or revoke {'it' if len(rows) == 1 and not _plural(rows[0]) else 'them'}"


def _holds(row: Evidence, write: Callable[[str], str]) -> str:
    if not row.kind:
        return "holds a secret"
    if row.layer < 0:
        return f"shows {write(row.kind)}"
    words = _HOLDS.get(row.kind, row.kind)
    shown = words if row.kind in _HOLDS else write(words)
    if _plural(row):
        return f"holds {shown}"
    return f"holds {'an' if words[:1] in 'aeioAEIOS' and words[:3] != 'SSH' else 'a'} {shown}"


def _plural(row: Evidence) -> bool:
    words = _HOLDS.get(row.kind, row.kind)
    return words.endswith(("s", "values"))
