"""A trend as one HTML file: the chart, its table and the jumps. No script, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator

from ...differences.report.words import signed
from ...report.interface import Options
from ...report.small_page import html, page, table
from ..model import Trend
from . import words
from .svg import picture


def render(trend: Trend, options: Options) -> Iterator[bytes]:
    """Yield the page; see ``report.interface.Render``."""
    lines = page(trend.title, "trend", _body(trend, options.exact_bytes))
    yield "\n".join(lines).encode("utf-8", "replace") + b"\n"


def _body(trend: Trend, exact: bool) -> Iterator[str]:
    yield f"<p>{html(words.heading(trend))}</p>"
    yield picture(trend, exact)
    columns = [("image", False), ("made", False), (trend.measure, True), ("change", True), ("new to pull", True)]
    yield from table(
        columns,
        (
            (point.name, words.date(point), shown or point.problem or "", change, new)
            for point, shown, change, new in words.cells(trend, exact)
        ),
    )
    for step in trend.jumps:
        yield f"<h2>{html(words.jump(trend, step, exact))}</h2><p>{html(step.problem or step.why)}</p>"
        if step.causes:
            rows = ((cause.kind, signed(cause.bytes, exact), cause.what) for cause in step.causes)
            yield from table([("kind", False), ("bytes", True), ("what", False)], rows)
    if trend.left_out:
        yield f"<p>{words.left_out(trend)}</p>"
