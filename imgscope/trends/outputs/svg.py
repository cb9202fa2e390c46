"""A trend as a still picture, for READMEs and comments: a bar an image. No script, no link, no font."""

from __future__ import annotations

from collections.abc import Iterator

from ...escape import escape
from ...report.interface import Options
from ...report.sizes import size
from ...report.svg import xml
from ..model import PULL, Trend
from . import words

_WIDTH, _HEIGHT, _TOP, _FOOT, _SIDE = 960, 360, 56, 64, 12
# The widest that a bar is, with the gap beside it; narrower than the other, names are left out.
_WIDEST, _NAMED = 90.0, 22.0
# About how wide a character of the 11px font is.
_CHARACTER = 6.5
_STYLE = """
.g{fill:#eef1f5}.b{fill:#7f9cbd}.n{fill:#b4c4d6}.j{fill:#e8702a}
text{font:11px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#17202b}
.t{font-size:16px;font-weight:600}.m{fill:#4d5a6a}
@media(prefers-color-scheme:dark){.g{fill:#171d26}.b{fill:#5c7899}.n{fill:#3a4a5e}.j{fill:#c95f22}
text{fill:#e6ebf2}.m{fill:#a3b0c2}}
"""


def render(trend: Trend, options: Options) -> Iterator[bytes]:
    """Yield the picture; see ``report.interface.Render``."""
    yield picture(trend, options.exact_bytes).encode("utf-8", "replace") + b"\n"


def picture(trend: Trend, exact: bool = False) -> str:
    """Return the chart as an SVG element: images from left to right, from nothing up to the largest."""
    most = max((trend.size(point) or 0 for point in trend.points), default=0) or 1
    room = (_WIDTH - 2 * _SIDE) / max(len(trend.points), 1)
    step = min(room, _WIDEST)
    base, height = _HEIGHT - _FOOT, _HEIGHT - _FOOT - _TOP - 16
    jumps = {id(jump.after) for jump in trend.jumps}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{_xml(f"{trend.title}: {words.heading(trend)}")}">'
        f"<style>{_STYLE}</style>"
        f'<rect class="g" width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>'
        f'<text class="t" x="{_SIDE}" y="23">{_xml(trend.title[:90])}</text>'
        f'<text class="m" x="{_SIDE}" y="41">{_xml(words.heading(trend))}, {trend.measure}; '
        f"the lower part is new to pull</text>"
    ]
    for number, (point, shown, change, _) in enumerate(words.cells(trend, exact)):
        x, width = _SIDE + number * step, max(step - min(6.0, step / 5), 1.0)
        bytes_ = trend.size(point)
        tall = (bytes_ or 0) / most * height
        kind = "j" if id(point) in jumps else "n"
        title = f"{point.name}: {shown or point.problem or ''}{f' ({change})' if change else ''}"
        parts.append(f"<g><title>{_xml(title)}</title>{_bar(kind, x, base, width, tall)}")
        if trend.measure == PULL and point.new_bytes is not None and kind == "n":
            parts.append(_bar("b", x, base, width, min(point.new_bytes / most * height, tall)))
        if width >= _NAMED:
            middle = x + width / 2
            parts.append(_text(size(bytes_, exact) if bytes_ is not None else "?", middle, base - tall - 5, width))
            parts.append(_text(point.name, middle, base + 15, width))
            parts.append(_text(words.date(point)[5:], middle, base + 29, width, "m"))
        parts.append("</g>")
    return "".join([*parts, "</svg>"])


def _bar(kind: str, x: float, base: float, width: float, tall: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{base - tall:.1f}" width="{width:.1f}" height="{tall:.1f}"/>'


def _text(text: str, x: float, y: float, width: float, kind: str = "") -> str:
    most = int(width / _CHARACTER)
    shown = text if len(text) <= most else text[: max(most - 1, 0)] + "…"
    class_ = f' class="{kind}"' if kind else ""
    return f'<text{class_} x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{_xml(shown)}</text>'


def _xml(text: str) -> str:
    return xml(escape(text))
