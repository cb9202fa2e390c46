"""The verdict as JUnit XML: a suite an image, a case a rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...escape import escape
from ...report.limits import shorten
from ...report.sizes import size
from ..model import FAIL, SKIPPED, WARN, CheckReport, ImageCheck, RuleResult
from .findings import explained

if TYPE_CHECKING:
    from junitparser import TestCase

    from ...report.interface import Options

_CAUSES = 50


def render(report: CheckReport, options: Options) -> Iterator[bytes]:
    """Yield the XML; see ``outputs.Render``."""
    from io import BytesIO

    from junitparser import Error, JUnitXml, TestCase, TestSuite

    document = JUnitXml("imgscope check")
    for image in report.images:
        suite = TestSuite(escape(image.reference))
        if image.error:
            case = TestCase("image", classname=escape(image.reference), time=0)
            case.result = [Error(escape(image.error), "image")]
            suite.add_testcase(case)
        for result in image.results:
            suite.add_testcase(_case(image, result, report.strict))
        document.add_testsuite(suite)
    untyped: Any = document
    untyped.update_statistics()
    buffer = BytesIO()
    untyped.write(buffer, pretty=True)
    yield buffer.getvalue()


def _case(image: ImageCheck, result: RuleResult, strict: bool) -> TestCase:
    from junitparser import Error, Failure, Skipped, TestCase

    case = TestCase(escape(result.name), classname=escape(image.reference), time=0)
    text = f"{escape(result.message)}"
    if result.status == FAIL or (strict and result.status == WARN):
        failure = Failure(shorten(explained(result)), result.rule)
        failure.text = "\n".join(_lines(result))
        case.result = [failure]
    elif result.blocking:
        case.result = [Error(f"could not be evaluated: {text}", result.rule)]
    elif result.status == SKIPPED:
        case.result = [Skipped(text)]
    else:
        # A warning passes, as the run does; it is told in the output.
        word = "warning: " if result.status == WARN else ""
        case.system_out = "\n".join([f"{word}{text}", *_lines(result)[1:]])
    return case


def _lines(result: RuleResult) -> list[str]:
    lines = [escape(result.message)]
    for cause in result.causes.rows[:_CAUSES]:
        where = f"layer {cause.layer}: {escape(cause.instruction)}" if cause.layer is not None else ""
        parts = [size(cause.bytes), escape(cause.name), escape(cause.detail), where]
        lines.append("  ".join(part for part in parts if part))
    left = result.causes.total - min(len(result.causes.rows), _CAUSES)
    if left > 0:
        lines.append(f"and {left:,} more")
    if result.note:
        lines.append(result.note)
    return lines
