"""Suggestions as SARIF 2.1.0 (OASIS), with the Dockerfile's lines where they are known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...dockerfile.model import Location
from ...escape import escape
from ...report.limits import SARIF_RESULTS
from ...report.sarif import fingerprints, log, message, notice, place, rule, stable_name
from ...report.sizes import size
from ..rules import all_rules

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Finding, Suggestions

_LEVELS = {"certain": "warning", "likely": "warning", "possible": "note"}


def render(report: Suggestions, options: Options) -> Iterator[bytes]:
    """Yield the SARIF log; see ``outputs.Render``."""
    shown = report.findings[:SARIF_RESULTS]
    codes = list(dict.fromkeys(finding.code for finding in shown))
    rules = {rule.code: rule for rule in all_rules()}
    yield log(
        [rule(code, rules[code].name, rules[code].summary, rules[code].why or rules[code].summary) for code in codes],
        {
            "executionSuccessful": True,
            "toolExecutionNotifications": [
                notice(f"{code} was not evaluated: {reason}", "note") for code, reason in report.skipped
            ],
        },
        [_result(report, finding, codes.index(finding.code)) for finding in shown],
    )


def _result(report: Suggestions, finding: Finding, index: int) -> dict[str, Any]:
    location = finding.location or Location("Dockerfile", 1, 1)
    saves = f" (saves {size(finding.bytes)})" if finding.bytes else ""
    identity = "\0".join((stable_name(report.analysis.image.reference), finding.code, _subject(finding)))
    fingerprint = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": "note" if finding.note else _LEVELS[finding.certainty],
        "message": message(f"{finding.title}{saves}. {finding.fix}"),
        "locations": [place(*location)],
        "partialFingerprints": fingerprints(fingerprint),
        "properties": {
            "bytes": finding.bytes,
            "certainty": finding.certainty,
            "layers": list(finding.layers),
            "paths": [escape(row.path) for row in finding.evidence[:20]],
        },
    }


def _subject(finding: Finding) -> str:
    """Tell findings of one rule apart by something that stays from build to build: where the largest one lies."""
    return finding.evidence[0].path.rpartition("/")[0] if finding.evidence else ""
