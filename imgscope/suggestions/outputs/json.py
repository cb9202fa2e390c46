"""Suggestions as JSON, for programs; its fields are in docs/suggest.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...report.portable import dumps
from ..run import by_certainty

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Finding, Suggestions

SCHEMA_VERSION = 1


def render(report: Suggestions, options: Options) -> Iterator[bytes]:
    """Yield the JSON; see ``outputs.Render``."""
    yield dumps(document(report, files=options.files)) + b"\n"


def document(report: Suggestions, *, files: bool = True) -> dict[str, Any]:
    """Return the report as plain values; without the evidence where ``files`` is off."""
    image = report.analysis.image
    fixed = report.fixed
    mended = {} if fixed is None else {
        "fixes": [made._asdict() for made in fixed.made],
        "left": [left._asdict() for left in fixed.left],
    }  # fmt: skip
    return {
        "schema_version": SCHEMA_VERSION,
        "image": {
            "reference": image.reference,
            "id": image.id,
            "content_bytes": image.content_bytes,
            "merged_bytes": image.merged_bytes,
            "wasted_bytes": image.wasted_bytes,
        },
        "base": {"name": report.base.name, "layers": report.base.layers, "how": report.base.how},
        "dockerfile": _dockerfile(report),
        "total_bytes": report.total_bytes,
        "by_certainty": by_certainty(report.findings),
        "findings": [_finding(report, finding, files) for finding in report.findings],
        "skipped": [{"code": code, "reason": reason} for code, reason in report.skipped],
        "ignored": report.ignored,
        "proposal": list(report.proposal),
        **mended,
    }


def _dockerfile(report: Suggestions) -> dict[str, Any] | None:
    """Return which Dockerfile was compared with the image, and whether that is what the image was built from."""
    matched = report.dockerfile
    if matched is None:
        return None
    path = matched.dockerfile.path
    return {"path": path, "named": not report.unasked, "belongs": matched.belongs, "certainty": matched.certainty}


def _finding(report: Suggestions, finding: Finding, files: bool) -> dict[str, Any]:
    rows: dict[str, Any] = {
        "code": finding.code,
        "name": finding.name,
        "title": finding.title,
        "bytes": finding.bytes,
        "alone_bytes": finding.alone_bytes,
        "certainty": finding.certainty,
        "note": finding.note,
        "layers": [{"index": layer, "instruction": report.instruction(layer)} for layer in finding.layers],
        "fix": finding.fix,
        "lines": list(finding.lines),
        "ignore_lines": list(finding.ignore_lines),
        "location": finding.location._asdict() if finding.location else None,
        "url": finding.url,
        "evidence_count": finding.evidence_count,
    }
    if files:
        rows["evidence"] = [
            {"path": row.path, "bytes": row.bytes, "layer": row.layer, "kind": row.kind} for row in finding.evidence
        ]
    return rows
