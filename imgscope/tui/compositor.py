"""Puts the panes together to what the screen shows, looking only at what is drawn anew.

For each frame Textual asks every widget that touches the changed part of the screen for all of its lines, and cuts each
at every other widget's edge: panes that did not change, and containers that nobody sees behind their panes. Here only
the pieces of lines that changed are asked for, from front to back, and each only until something stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip

Span = tuple[int, int, int]
"""A line, and from which cell up to which (exclusive) it is drawn."""


class PartCompositor(Compositor):
    """Textual's compositor, with another way to draw."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """Draw what is marked as changed; ``None`` if nothing is."""
        regions, screen = self._dirty_regions.copy(), self.size.region
        self._dirty_regions.clear()
        spans = list(self._regions_to_spans(filter(None, map(screen.intersection, regions))))
        return ChopsUpdate(self._pieces(spans), spans, [cuts[1:] for cuts in self.cuts]) if spans else None

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        """Draw the lines of a region that are asked for: how all of the screen is drawn."""
        lines = crop.intersection(self.size.region).line_range
        return self._pieces((y, crop.x, crop.right) for y in lines if is_rendered_line(y))

    def _pieces(self, spans: Iterable[Span]) -> Sequence[Mapping[int, Strip]]:
        """Return for each line of the screen its pieces by their first cell; those outside ``spans`` are ``None``."""
        cuts = self.cuts
        found: list[dict[int, Strip]] = [dict.fromkeys(line[:-1]) for line in cuts]  # type: ignore[misc]
        missing: dict[int, set[int]] = {}
        for y, first, stop in spans:
            line = cuts[y]
            missing.setdefault(y, set()).update(start for start, end in pairwise(line) if start < stop and end > first)
        for widget, (region, clip) in self.visible_widgets.items():
            x, y, width, height = region.intersection(clip)
            stop = x + width
            rows = [row for row in range(y, y + height) if any(x <= start < stop for start in missing.get(row, ()))]
            if not rows:
                continue
            top, bottom = rows[0], rows[-1]
            strips = widget.render_lines(Region(x - region.x, top - region.y, width, bottom - top + 1))
            for row in rows:
                starts = [cut for cut in cuts[row] if x <= cut < stop]
                ends = [cut - x for cut in (*starts[1:], stop)]
                for start, piece in zip(starts, strips[row - top].divide(ends), strict=False):
                    if start in missing[row]:
                        missing[row].remove(start)
                        found[row][start] = piece
                if not missing[row]:
                    del missing[row]
        return found
