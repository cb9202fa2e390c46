"""The verdict as SARIF 2.1.0 (OASIS), within what code scanning of GitHub takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...escape import escape
from ...paths import internal
from ...report.limits import SARIF_RESULTS
from ...report.sarif import fingerprints, log, message, notice, place, rule
from ..model import CheckReport
from ..rules import RULES
from .findings import Problem, findings

if TYPE_CHECKING:
    from ...report.interface import Options

_DIVES = {
    "lowestEfficiency": "Least efficiency, as dive counts it.",
    "highestWastedBytes": "Most wasted bytes, as dive counts them.",
    "highestUserWastedPercent": "Most wasted bytes as a share of all layers above the first, as dive counts them.",
}


def render(report: CheckReport, options: Options) -> Iterator[bytes]:
    """Yield the SARIF log; see ``outputs.Render``."""
    rows = findings(report)
    shown = list(islice(rows, SARIF_RESULTS))
    left_out = sum(1 for _ in rows)
    known = list(dict.fromkeys(row.result.rule for row in shown))
    notices = [notice(f"and {left_out:,} more findings than code scanning shows", "warning")] if left_out else []
    notices += [notice(note, "note") for image in report.images for note in image.notes]
    yield log(
        [_rule(name) for name in known],
        {
            # SARIF means by this that the tool ran to its end, not that nothing was found.
            "executionSuccessful": report.verdict != "error",
            "exitCode": report.exit_code,
            "toolExecutionNotifications": notices,
        },
        [_result(row, known.index(row.result.rule)) for row in shown],
    )


def _rule(name: str) -> dict[str, Any]:
    summary = RULES[name].summary if name in RULES else _DIVES.get(name, "The image could be had and read.")
    return rule(
        name,
        name,
        summary,
        summary,
        help={"text": f"{summary} Set with {name} in imgscope.toml or as an option; see docs/check.md."},
        defaultConfiguration={"level": "error"},
    )


def _result(row: Problem, index: int) -> dict[str, Any]:
    location = place(row.image.place.path, row.line)
    if row.cause is not None and row.cause.path:
        location["logicalLocations"] = [
            {
                "fullyQualifiedName": f"{escape(row.image.reference)}:{escape(row.cause.path)}",
                "decoratedName": quote(internal(row.cause.path)),
                "kind": "resource",
            }
        ]
    properties = {"image": escape(row.image.reference), "status": row.result.status}
    if row.cause is not None and row.cause.layer is not None:
        properties |= {"layer": str(row.cause.layer), "instruction": escape(row.cause.instruction)}
    return {
        "ruleId": row.result.rule,
        "ruleIndex": index,
        "level": row.level,
        "message": message(row.message),
        "locations": [location],
        "partialFingerprints": fingerprints(row.fingerprint),
        "properties": properties,
    }
