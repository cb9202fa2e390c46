"""dive's three rules, judged as dive judges them (see compat.dive_ci); what is really wasted stands beside them."""

from __future__ import annotations

import math

from ...compat.dive_ci import HIGHEST_WASTED_BYTES, DiveRules, evaluate
from ...report.sizes import percent, size
from ..model import FAIL, PASS, SKIPPED, Causes, RuleResult, Setting
from ..values import BYTES, SHARE, Limit
from .interface import Subject
from .waste import waste_causes


def dive_results(subject: Subject, rules: DiveRules, origin: str) -> list[RuleResult]:
    """Return dive's verdict, a result for each of its rules, in its order."""
    image = subject.analysis.image
    truly = (
        f"really wasted: {size(image.wasted_bytes)}, {percent(image.wasted_bytes, image.content_bytes)} of the content"
    )
    results = []
    for verdict in evaluate(rules, image.dive):
        unit = BYTES if verdict.rule == HIGHEST_WASTED_BYTES else SHARE
        limit = Limit(verdict.limit, unit) if verdict.limit is not None else None
        setting = Setting(verdict.rule, fail=limit, origin=origin, off=limit is None)
        if verdict.status == "skipped" or limit is None:
            results.append(RuleResult(setting, SKIPPED, "switched off"))
            continue
        failed = verdict.status == "fail"
        actual = verdict.actual if math.isfinite(verdict.actual) else None
        least = verdict.rule == "lowestEfficiency"
        shown = size(int(verdict.actual)) if unit == BYTES else _fraction(verdict.actual)
        allowed = size(int(limit.value)) if unit == BYTES else _fraction(limit.value)
        message = f"{shown} of at {'least' if least else 'most'} {allowed}"
        if verdict.message:
            message = f"{verdict.message}: dive passes such an image"
        results.append(
            RuleResult(
                setting,
                FAIL if failed else PASS,
                message,
                limit,
                actual,
                waste_causes(subject) if failed else Causes(),
                note=truly,
            )
        )
    return results


def _fraction(value: float) -> str:
    """Write a fraction as a percentage, with the digits that dive prints, so that the two can be held side by side."""
    return f"{value * 100:.2f}".rstrip("0").rstrip(".") + " %" if math.isfinite(value) else str(value)
