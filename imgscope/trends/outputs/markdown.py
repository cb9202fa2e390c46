"""A trend as Markdown: for pull requests, wikis and chat."""

from __future__ import annotations

from collections.abc import Iterator

from ...differences.report.words import signed
from ...report.interface import Options
from ...report.markdown import code, prose, table
from ..model import Trend
from . import words


def render(trend: Trend, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``report.interface.Render``."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in _lines(trend, options))


def _lines(trend: Trend, options: Options) -> Iterator[str]:
    yield f"# {code(trend.title)}"
    yield ""
    yield f"{words.heading(trend)} {code(words.sparkline([trend.size(point) for point in trend.points]))}"
    yield ""
    yield from table(
        [("image", False), ("made", False), (trend.measure, True), ("change", True), ("new to pull", True)],
        (
            (code(point.name), code(words.date(point)) if point.created else "", shown, change, new)
            for point, shown, change, new in words.cells(trend, options.exact_bytes)
        ),
    )
    for step in trend.jumps:
        yield from ("", f"## {code(words.jump(trend, step, options.exact_bytes))}", "")
        yield prose(step.problem or step.why)
        if step.causes:
            yield ""
            yield from table(
                [("", False), ("bytes", True), ("", False)],
                ((cause.kind, signed(cause.bytes, options.exact_bytes), code(cause.what)) for cause in step.causes),
            )
    problems = [point for point in trend.points if point.problem]
    if problems or trend.left_out:
        yield from ("", "## Notes", "")
        yield from (f"- {code(point.name)}: {code(point.problem or '')}" for point in problems)
        yield from (f"- {line}" for line in [words.left_out(trend)] if line)
