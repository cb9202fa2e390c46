"""What ``fleet check`` says, as a document; JUnit, SARIF and GitLab's report are those of ``imgscope check``."""

from __future__ import annotations

from collections import Counter

from ...checks.model import SKIPPED, CheckReport
from ...report.sizes import quantity
from .document import Column, Document, Section


def document(report: CheckReport, top: int = 10) -> Document:
    """Say which images failed, by which rules, and which rules could not be evaluated."""
    verdicts = Counter(image.verdict for image in report.images)
    told = ", ".join(f"{verdicts[each]:,} {each}" for each in ("fail", "warn", "pass") if verdicts[each])
    found = [
        (result.status if result.status != SKIPPED else "not evaluated", image.reference, result.name, result.message)
        for image, result in report.found()
    ]
    skipped = Counter(
        (result.name, result.message)
        for image in report.images
        for result in image.results
        if result.status == SKIPPED and not result.blocking
    )
    shown = f"{top:,} of {len(found):,}; --top shows more" if len(found) > top else ""
    columns = [Column("verdict"), Column("image", "path"), Column("rule"), Column("what", "path")]
    sections = [Section("found", "Rules that were not kept", columns, found[:top], shown)]
    notes = [
        f"{rule} was not evaluated for {quantity(count, 'image')}: {why}"
        for (rule, why), count in sorted(skipped.items(), key=lambda item: (-item[1], item[0]))
    ]
    values = {
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "images": [
            {
                "reference": image.reference,
                "verdict": image.verdict,
                "rules": [
                    {
                        "rule": result.rule,
                        "subject": result.setting.subject,
                        "status": result.status,
                        "blocking": result.blocking,
                        "message": result.message,
                        "actual": result.actual,
                    }
                    for result in image.results
                ],
            }
            for image in report.images
        ],
    }
    lines = [f"{report.verdict.upper()}: {quantity(len(report.images), 'image')} checked: {told}"]
    return Document("fleet check", lines, sections, values, notes)
