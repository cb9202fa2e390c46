"""A trend as one HTML file: the chart, its table and the jumps. No script, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape as escape_html

from ...differences.report.words import signed
from ...escape import escape
from ...report.interface import Options
from ..model import Trend
from . import words
from .svg import picture

_STYLE = """
:root{color-scheme:light dark;--g:#fff;--t:#17202b;--m:#4d5a6a;--l:#d3dce7}
@media(prefers-color-scheme:dark){:root{--g:#10151c;--t:#e6ebf2;--m:#a3b0c2;--l:#2d3a4b}}
body{margin:2rem auto;max-width:62rem;padding:0 1rem;background:var(--g);color:var(--t)}
body{font:15px/1.5 system-ui,sans-serif}
svg{width:100%;height:auto}h1{font-size:1.3rem}h2{font-size:1.1rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{padding:.25rem .6rem;text-align:left;border-bottom:1px solid var(--l);overflow-wrap:anywhere}
th{font-weight:600;color:var(--m)}.r{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(trend: Trend, options: Options) -> Iterator[bytes]:
    """Yield the page; see ``report.interface.Render``."""
    yield "\n".join(_lines(trend, options.exact_bytes)).encode("utf-8", "replace") + b"\n"


def _lines(trend: Trend, exact: bool) -> Iterator[str]:
    title = _html(trend.title)
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}: trend</title>'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style></head><body><main>"
    yield f"<h1>{title}</h1><p>{_html(words.heading(trend))}</p>"
    yield picture(trend, exact)
    columns = [("image", False), ("made", False), (trend.measure, True), ("change", True), ("new to pull", True)]
    yield from _table(
        columns,
        (
            (point.name, words.date(point), shown or point.problem or "", change, new)
            for point, shown, change, new in words.cells(trend, exact)
        ),
    )
    for step in trend.jumps:
        yield f"<h2>{_html(words.jump(trend, step, exact))}</h2><p>{_html(step.problem or step.why)}</p>"
        if step.causes:
            rows = ((cause.kind, signed(cause.bytes, exact), cause.what) for cause in step.causes)
            yield from _table([("kind", False), ("bytes", True), ("what", False)], rows)
    if trend.left_out:
        yield f"<p>{words.left_out(trend)}</p>"
    yield "</main></body></html>"


def _table(columns: list[tuple[str, bool]], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    classes = [' class="r"' if number else "" for _, number in columns]
    yield '<div class="scroll" tabindex="0" role="region" aria-label="table"><table><thead><tr>'
    heads = zip(classes, columns, strict=True)
    yield "".join(f'<th scope="col"{class_}>{_html(title)}</th>' for class_, (title, _) in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = zip(classes, row, strict=True)
        yield "<tr>" + "".join(f"<td{class_}>{_html(cell)}</td>" for class_, cell in cells) + "</tr>"
    yield "</tbody></table></div>"


def _html(text: str) -> str:
    return escape_html(escape(text))
