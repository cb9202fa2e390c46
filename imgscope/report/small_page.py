"""A small HTML page of tables: no script, and nothing is fetched. What an image says is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape as escape_html

from ..escape import escape

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


def page(title: str, kind: str, body: Iterable[str]) -> Iterator[str]:
    """Yield a page's lines: ``title`` heads it, ``body`` are lines of HTML."""
    shown = html(title)
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{shown}: {html(kind)}</title>'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style></head><body><main>"
    yield f"<h1>{shown}</h1>"
    yield from body
    yield "</main></body></html>"


def table(columns: Sequence[tuple[str, bool]], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a table's lines; a column is (title, whether it is a number)."""
    classes = [' class="r"' if number else "" for _, number in columns]
    yield '<div class="scroll" tabindex="0" role="region" aria-label="table"><table><thead><tr>'
    heads = zip(classes, columns, strict=True)
    yield "".join(f'<th scope="col"{class_}>{html(title)}</th>' for class_, (title, _) in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = zip(classes, row, strict=True)
        yield "<tr>" + "".join(f"<td{class_}>{html(cell)}</td>" for class_, cell in cells) + "</tr>"
    yield "</tbody></table></div>"


def html(text: str) -> str:
    """Return text as HTML that shows it, made safe to print."""
    return escape_html(escape(text))
