"""The verdict as SARIF 2.1.0 (OASIS), within what code scanning of GitHub takes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ... import __version__
from ...escape import escape
from ...layer.names import internal
from ..model import Report
from ..rules import RULES
from .findings import Finding, findings
from .limits import SARIF_RESULTS

if TYPE_CHECKING:
    from ...report.interface import Options

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_DIVES = {
    "lowestEfficiency": "Least efficiency, as dive counts it.",
    "highestWastedBytes": "Most wasted bytes, as dive counts them.",
    "highestUserWastedPercent": "Most wasted bytes as a share of all layers above the first, as dive counts them.",
}


def render(report: Report, options: Options) -> Iterator[bytes]:
    """Yield the SARIF log; see ``outputs.Render``."""
    rows = findings(report)
    shown = list(islice(rows, SARIF_RESULTS))
    left_out = sum(1 for _ in rows)
    known = list(dict.fromkeys(row.result.rule for row in shown))
    notices = [_notice(f"and {left_out:,} more findings than code scanning shows", "warning")] if left_out else []
    notices += [_notice(note, "note") for image in report.images for note in image.notes]
    run = {
        "tool": {
            "driver": {
                "name": "imgscope",
                "version": __version__,
                "semanticVersion": semantic(__version__),
                "rules": [_rule(rule) for rule in known],
            }
        },
        "invocations": [
            {
                # SARIF means by this that the tool ran to its end, not that nothing was found.
                "executionSuccessful": report.verdict != "error",
                "exitCode": report.exit_code,
                "toolExecutionNotifications": notices,
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(row, known.index(row.result.rule)) for row in shown],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    yield json.dumps(log, indent=1).encode() + b"\n"


def semantic(version: str) -> str:
    """Write a version of Python's as SARIF wants it (semver.org)."""
    release = version.split("+", maxsplit=1)[0].split(".dev", maxsplit=1)[0]
    return ".".join([*release.split("."), "0", "0"][:3])


def _notice(text: str, level: str) -> dict[str, Any]:
    return {"message": {"text": escape(text)}, "level": level}


def _rule(name: str) -> dict[str, Any]:
    summary = RULES[name].summary if name in RULES else _DIVES.get(name, "The image could be had and read.")
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in name.split("-")) if "-" in name else name[:1].upper() + name[1:],
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": f"{summary} Set with {name} in imgscope.toml or as an option; see docs/check.md."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["container", "image-size"]},
    }


def _result(row: Finding, index: int) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(os.fsencode(row.image.place.path)), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": row.line},
        }
    }
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
        "message": {"text": row.message},
        "locations": [location],
        # GitHub knows alerts again by the second, and would make it of the line: one alert for all that it holds.
        "partialFingerprints": {
            "imgscope/v1": row.fingerprint,
            "primaryLocationLineHash": f"{row.fingerprint[:16]}:1",
        },
        "properties": properties,
    }
