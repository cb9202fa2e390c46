"""Suggestions as SARIF 2.1.0 (OASIS), with the Dockerfile's lines where they are known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import __version__
from ...check.outputs.findings import stable_name
from ...check.outputs.limits import SARIF_RESULTS
from ...check.outputs.sarif import SCHEMA, semantic
from ...dockerfile.model import Location
from ...escape import escape
from ...report.sizes import size
from ..rules import all_rules

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Finding, Report

_LEVELS = {"certain": "warning", "likely": "warning", "possible": "note"}


def render(report: Report, options: Options) -> Iterator[bytes]:
    """Yield the SARIF log; see ``outputs.Render``."""
    shown = report.findings[:SARIF_RESULTS]
    codes = list(dict.fromkeys(finding.code for finding in shown))
    rules = {rule.code: rule for rule in all_rules()}
    run = {
        "tool": {
            "driver": {
                "name": "imgscope",
                "version": __version__,
                "semanticVersion": semantic(__version__),
                "rules": [
                    {
                        "id": code,
                        "name": "".join(part.capitalize() for part in rules[code].name.split("-")),
                        "shortDescription": {"text": rules[code].summary},
                        "fullDescription": {"text": rules[code].why or rules[code].summary},
                        "properties": {"tags": ["container", "image-size"]},
                    }
                    for code in codes
                ],
            }
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"message": {"text": escape(f"{code}: {reason}")}, "level": "note"}
                    for code, reason in report.skipped
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(report, finding, codes.index(finding.code)) for finding in shown],
    }
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1).encode() + b"\n"


def _result(report: Report, finding: Finding, index: int) -> dict[str, Any]:
    place = finding.location or Location("Dockerfile", 1, 1)
    saves = f" (saves {size(finding.bytes)})" if finding.bytes else ""
    identity = "\0".join((stable_name(report.analysis.image.reference), finding.code, _subject(finding)))
    fingerprint = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": "note" if finding.note else _LEVELS[finding.certainty],
        "message": {"text": escape(f"{finding.title}{saves}. {finding.fix}")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(place.path), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": place.first, "endLine": place.last},
                }
            }
        ],
        # The second is what GitHub tells alerts apart by: without it, findings on one line would be one.
        "partialFingerprints": {"imgscope/v1": fingerprint, "primaryLocationLineHash": f"{fingerprint[:16]}:1"},
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
