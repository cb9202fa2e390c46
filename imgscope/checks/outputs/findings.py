"""The findings of a report one by one: what formats that list problems (SARIF, GitLab, annotations) are made from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from ...escape import escape
from ...report.limits import shorten
from ...report.sarif import stable_name
from ...report.sizes import size
from ...steps import short
from ..model import FAIL, WARN, Cause, CheckReport, ImageCheck, RuleResult
from .text import GROWTH

# Rules of which each cause is a finding of its own; of the others the causes only explain.
_EACH = ("forbidden-paths", "forbidden-findings", "max-file-size", "max-new-file-size")


# Rules about the config: the instruction that sets what they look at.
_ABOUT = {"require-non-root": "USER", "forbid-latest-base": "FROM"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: ``level`` is ``error`` or ``warning``, ``line`` the line of the image's place (1 when unknown)."""

    image: ImageCheck
    result: RuleResult
    cause: Cause | None
    level: str
    message: str
    line: int = 1

    @property
    def fingerprint(self) -> str:
        """The same for the same problem in the next run: sizes, lines, tags and layers' numbers don't count."""
        cause = self.cause.name if self.cause else ""
        text = "\0".join((stable_name(self.image.reference), self.result.name, cause))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def findings(report: CheckReport) -> Iterator[Problem]:
    """Yield all findings, the most important first: what failed, what could not be evaluated, what warned."""
    several = len(report.images) > 1
    for image in report.images:
        if image.error:
            yield Problem(image, _no_result(image), None, "error", escape(image.error))
    for image, result in report.found():
        level = "warning" if result.status == WARN else "error"
        prefix = f"{escape(image.reference)}: " if several else ""
        if result.rule in _EACH and result.status in (FAIL, WARN) and result.causes.rows:
            for cause in result.causes.rows:
                message = f"{prefix}{_of_cause(result, cause)}"
                yield Problem(image, result, cause, level, shorten(message), _line(image, cause))
            left = result.causes.total - len(result.causes.rows)
            if left > 0:
                yield Problem(image, result, None, level, f"{prefix}{result.rule}: and {left:,} more")
            continue
        first = next((cause for cause in result.causes.rows if cause.layer is not None), None)
        line = _line(image, first)
        if first is None and result.rule in _ABOUT:
            line = image.place.line_about(image.analysis, _ABOUT[result.rule])
        yield Problem(image, result, None, level, shorten(prefix + explained(result)), line)


def _line(image: ImageCheck, cause: Cause | None) -> int:
    if cause is None:
        return 1
    return cause.line or image.place.line_of(image.analysis, cause.layer)


def _no_result(image: ImageCheck) -> RuleResult:
    from ..model import ERROR, Setting

    return RuleResult(Setting("image"), ERROR, image.error)


def _of_cause(result: RuleResult, cause: Cause) -> str:
    where = f" in layer {cause.layer} ({short(escape(cause.instruction), 120)})" if cause.layer is not None else ""
    detail = f", {escape(cause.detail)}" if cause.detail else ""
    return f"{result.rule}: {escape(cause.name)}, {size(cause.bytes)}{detail}{where}"


def explained(result: RuleResult) -> str:
    """Put a result in a line: what is wrong, and the largest of what brought it there."""
    text = f"{escape(result.name)}: {escape(result.message)}"
    if result.blocking:
        text = f"{escape(result.name)} could not be evaluated: {escape(result.message)}"
    named = [cause for cause in result.causes.rows if cause.name][:3] or list(result.causes.rows[:1])
    parts = []
    for cause in named:
        sign = "+" if result.rule in GROWTH else ""
        where = f"layer {cause.layer}, {short(escape(cause.instruction), 100)}" if cause.layer is not None else ""
        what = escape(cause.name) or where
        parts.append(f"{what} {sign}{size(cause.bytes)}" + (f" ({where})" if cause.name and where else ""))
    if parts:
        text += "; " + "; ".join(parts)
    if result.note:
        text += f"; {result.note}"
    return text
