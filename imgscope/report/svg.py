"""The map as a still picture: a treemap in SVG, for READMEs, comments and summaries. No script, no link, no font.

Rectangles are as large as their bytes; what is wasted is orange and hatched. Tiles are squarified (Bruls, Huizing,
van Wijk: *Squarified Treemaps*, 2000). What is too small to be seen is drawn as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape as escape_xml

from ..escape import escape
from .html.tree import Nodes, nodes_of
from .interface import Options
from .sizes import percent, quantity, size

if TYPE_CHECKING:
    from ..analysis import Analysis

_WIDTH, _HEIGHT, _TOP = 960, 540, 48
_HEAD = 16
# Smaller than this, in square pixels, nothing is drawn for itself; folders smaller than the other are not opened.
_LEAST, _OPEN = 24.0, 900.0
# About how wide a character of the 11px font is, and a bold one of the 16px font.
_CHARACTER, _LARGE = 7.0, 9.8
_STYLE = """
.g{fill:#eef1f5}.f0{fill:#dfe5ed}.f1{fill:#d3dce7}.f2{fill:#c8d3e0}.l{fill:#b4c4d6}.w{fill:#e8702a}
text{font:11px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#17202b}
.t{font-size:16px;font-weight:600}.m{fill:#4d5a6a}
@media(prefers-color-scheme:dark){.g{fill:#171d26}.f0{fill:#1e2631}.f1{fill:#263140}.f2{fill:#2d3a4b}
.l{fill:#415468}.w{fill:#c95f22}text{fill:#e6ebf2}.m{fill:#a3b0c2}}
"""


class Box(NamedTuple):
    """A place in the picture."""

    x: float
    y: float
    width: float
    height: float


def render(analysis: Analysis, options: Options) -> Iterator[bytes]:
    """Yield the picture; see ``interface.Render``."""
    picture = _Picture(nodes_of(analysis, {}))
    image = analysis.image
    name = escape(image.reference)
    facts = f"{size(image.content_bytes)}, {size(image.wasted_bytes)} wasted"
    share = percent(image.wasted_bytes, image.content_bytes)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{xml(name)}: {facts}">'
        f"<style>{_STYLE}</style>"
        '<pattern id="h" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path d="M0 0V7" stroke="#fff" stroke-opacity=".4" stroke-width="2"/></pattern>'
        f'<rect class="g" width="{_WIDTH}" height="{_HEIGHT}" rx="8"/>'
        f'<text class="t" x="12" y="21">{xml(_cut(name, 600, _LARGE))}</text>'
        f'<text class="m" x="12" y="39">{facts} ({share}) in {quantity(len(analysis.layers), "layer")}</text>'
        f'<rect class="w" x="{_WIDTH - 92}" y="30" width="14" height="10"/>'
        f'<rect fill="url(#h)" x="{_WIDTH - 92}" y="30" width="14" height="10"/>'
        f'<text class="m" x="{_WIDTH - 72}" y="39">wasted</text>'
    ).encode("utf-8", "replace")
    picture.folder(0, Box(6, _TOP, _WIDTH - 12, _HEIGHT - _TOP - 6), 0)
    yield "".join(picture.parts).encode("utf-8", "replace")
    yield b"</svg>\n"


def xml(text: str) -> str:
    """Write a text that is safe to print as XML, in an attribute too."""
    return escape_xml(text, {'"': "&quot;"})


def _cut(text: str, room: float, character: float = _CHARACTER) -> str:
    """Cut a text in its middle to about so many pixels; to nothing where too little would be left."""
    count = int(room / character)
    if len(text) <= count:
        return text
    if count < 6:
        return ""
    front = (count - 1) * 3 // 5
    return f"{text[:front]}…{text[len(text) - (count - 1 - front) :]}"


def squarify(values: Sequence[float], box: Box) -> Iterator[Box]:
    """Lay out ``values`` (positive, largest first) in a box, each as large as its share, near to squares."""
    scale = box.width * box.height / (sum(values) or 1)
    x, y, width, height = box
    at = 0
    while at < len(values):
        side = min(width, height)
        row = [values[at] * scale]
        total = row[0]
        worst = _worst(row[0], row[0], total, side)
        for value in values[at + 1 :]:
            area = value * scale
            next_worst = _worst(row[0], area, total + area, side)
            if next_worst > worst:
                break
            row.append(area)
            total += area
            worst = next_worst
        depth = total / side if side else 0.0
        place = 0.0
        for area in row:
            long = area / depth if depth else 0.0
            yield Box(x + place, y, long, depth) if width < height else Box(x, y + place, depth, long)
            place += long
        if width < height:
            y, height = y + depth, max(height - depth, 0.0)
        else:
            x, width = x + depth, max(width - depth, 0.0)
        at += len(row)


def _worst(largest: float, smallest: float, total: float, side: float) -> float:
    """Return the worst ratio of sides in a row of areas ``total`` along ``side``."""
    if not (smallest and total and side):
        return float("inf")
    return max(side * side * largest / (total * total), total * total / (side * side * smallest))


@dataclass(slots=True)
class _Picture:
    nodes: Nodes
    parts: list[str] = field(default_factory=list)
    total: list[int] = field(default_factory=list)
    below: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.total = list(self.nodes.sizes)
        way: list[int] = []
        parents = []
        for node, depth in enumerate(self.nodes.depths):
            del way[depth:]
            parents.append(way[-1] if way else -1)
            way.append(node)
        for node in range(len(parents) - 1, 0, -1):
            if self.total[node]:
                self.total[parents[node]] += self.total[node]
                self.below.setdefault(parents[node], []).append(node)
        for children in self.below.values():
            children.sort(key=lambda node: (-self.total[node], node))

    def folder(self, node: int, box: Box, depth: int) -> None:
        """Draw what lies in a folder."""
        children = self.below.get(node, [])
        if not children or box.width <= 0 or box.height <= 0:
            return
        # Of what is too small the live stands together, and the dead, so that no waste is lost to the eye.
        least = self.total[node] * _LEAST / (box.width * box.height)
        seen = [child for child in children if self.total[child] >= least]
        small = {True: 0, False: 0}
        for child in children[len(seen) :]:
            small[child in self.nodes.ghosts] += self.total[child]
        rows = [(self.total[child], child, child in self.nodes.ghosts) for child in seen]
        rows += [(rest, -1, dead) for dead, rest in small.items() if rest]
        rows.sort(key=lambda row: (-row[0], row[1]))
        for (_, child, dead), place in zip(rows, squarify([row[0] for row in rows], box), strict=True):
            if child >= 0 and self.nodes.types[child] == "d":
                self._open(child, place, depth)
            else:
                self._leaf(child, place, dead)

    def _open(self, node: int, box: Box, depth: int) -> None:
        name = self.nodes.names[node]
        # Folders that hold a single folder are drawn as one.
        while len(inner := self.below.get(node, [])) == 1 and self.nodes.types[inner[0]] == "d":
            node = inner[0]
            name += "/" + self.nodes.names[node]
        self._rect(box, f"f{min(depth, 2)}")
        if box.width * box.height < _OPEN or min(box.width, box.height) < 12:
            pad, head = 0.5, 0.5
        else:
            pad = 2.0
            head = _HEAD if box.height > 34 and self._text(name, box, 12) else pad
        self.folder(node, Box(box.x + pad, box.y + head, box.width - 2 * pad, box.height - head - pad), depth + 1)

    def _leaf(self, node: int, box: Box, dead: bool) -> None:
        self._rect(box, "w" if dead else "l")
        if dead and box.width > 3 and box.height > 3:
            self._rect(box, "", ' fill="url(#h)"')
        if node >= 0 and box.height > 15:
            self._text(self.nodes.names[node], box, 13)
            if box.height > 32:
                self._text(size(self.total[node]), box, 26, whole=True)

    def _rect(self, box: Box, kind: str, more: str = "") -> None:
        x, y, width, height = (round(value, 1) for value in box)
        class_ = f' class="{kind}"' if kind else ""
        # A line of ground between neighbours.
        self.parts.append(
            f'<rect{class_} x="{x + 0.5:g}" y="{y + 0.5:g}" '
            f'width="{max(width - 1, 0.3):g}" height="{max(height - 1, 0.3):g}"{more}/>'
        )

    def _text(self, text: str, box: Box, down: int, *, whole: bool = False) -> bool:
        shown = _cut(text, box.width - 8)
        if not shown or (whole and shown != text):
            return False
        self.parts.append(f'<text x="{box.x + 4:.1f}" y="{box.y + down:.1f}">{xml(shown)}</text>')
        return True
