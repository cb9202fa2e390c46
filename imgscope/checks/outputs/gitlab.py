"""The verdict as GitLab's Code Quality report: an array of issues."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...escape import escape
from ...report.limits import GITLAB_ISSUES
from ...report.portable import dumps
from ..model import CheckReport
from .findings import Problem, findings

if TYPE_CHECKING:
    from ...report.interface import Options


def render(report: CheckReport, options: Options) -> Iterator[bytes]:
    """Yield the JSON array; see ``outputs.Render``."""
    # GitLab joins issues with the same fingerprint to one: a path in two layers is one issue.
    rows: dict[str, Problem] = {}
    for row in findings(report):
        rows.setdefault(row.fingerprint, row)
    issues = [_issue(row) for row in rows.values()]
    left_out = len(issues) - GITLAB_ISSUES
    if left_out > 0:
        del issues[GITLAB_ISSUES - 1 :]
        last = {"description": f"and {left_out + 1:,} more findings", "fingerprint": "0" * 32, "severity": "info"}
        issues.append({**issues[-1], **last})
    yield dumps(issues, base64=False) + b"\n"


def _issue(row: Problem) -> dict[str, Any]:
    severity = "minor"
    if row.level == "error":
        severity = "critical" if row.result.rule == "forbidden-paths" else "major"
    return {
        "description": row.message,
        "check_name": row.result.rule,
        "fingerprint": row.fingerprint,
        "severity": severity,
        "location": {"path": escape(row.image.place.path), "lines": {"begin": row.line}},
    }
