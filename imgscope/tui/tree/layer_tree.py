"""The file tree of a layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip

from ...layer.index import DIRECTORY, HARDLINK, IMPLIED, IMPLIED_META, SYMLINK
from ..model.marks import Mark
from ..model.paths import Paths
from ..model.views import View
from ..text import clip, permissions, shown, size, split_bar
from .pane import TreePane

_BAR = 8
# Columns in the order in which they get room, with their cells; sign, size and layer are always there.
_ATTRIBUTES = 22
_COLUMNS = (("wasted", 9), ("bar", _BAR + 1), ("attributes", _ATTRIBUTES))
_FIXED = 20
# Cells that names have in any case, and those above which a single long name costs no column.
_LEAST, _MOST = 20, 56


class LayerTreePane(TreePane):
    """The merged tree up to a layer, with marks, sizes and where each path comes from."""

    by_head: ClassVar[Mapping[str, str]] = {"Size": "size", "Wasted": "wasted", "Path": "name"}
    _shown: frozenset[str] = frozenset()
    """The columns that there is room for besides size and layer: names come first."""
    dead = False
    """Whether what is dead is shown too: then its bytes are."""
    number = 0
    """Which of the image's layers is the first of those that are shown."""
    _whole = 0
    """Content bytes of the whole image, which bars are shares of."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some lines; the columns depend on the names in sight."""
        self._shown = self._choose(self.scrollable_content_region.width)
        if isinstance(self.paths, Paths):
            view = self.rows.view if self.rows is not None else None
            without = view.without if isinstance(view, View) else None
            self._whole = self.paths.content_bytes if without is None else without.content_bytes
        return super().render_lines(crop)

    def _choose(self, width: int) -> frozenset[str]:
        """Return the columns that leave room for the names of all lines in sight, or for most of them."""
        paths, rows = self.paths, self.rows
        longest = _LEAST
        if paths is not None and rows is not None:
            top = round(self.scroll_y)
            for node in rows.nodes[top : top + self.page]:
                longest = max(longest, 2 * rows.place(node)[1] + len(self.label(node)) + 3)
        room = width - _FIXED - min(longest, _MOST)
        found = set()
        wanted = [(name, cells) for name, cells in _COLUMNS if name != "attributes" or self.attributes is not False]
        asked = "attributes" if self.attributes else "wasted" if self.dead else ""
        if asked:
            # The first to get room, even at the names' cost.
            room = max(room, dict(_COLUMNS)[asked])
            wanted.sort(key=lambda column: column[0] != asked)
        for name, cells in wanted:
            if cells <= room:
                found.add(name)
                room -= cells
        return frozenset(found)

    @property
    def shows_attributes(self) -> bool:
        """Whether mode and owner are shown now."""
        return "attributes" in self._shown

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        text = "  "
        if "attributes" in self._shown:
            text += f"{'Permission':<12}{'Owner':>9} "
        text += f"{'Size':>8} "
        if "wasted" in self._shown:
            text += f"{'Wasted':>8} "
        if "bar" in self._shown:
            text += " " * (_BAR + 1)
        return text + f"{'Layer':>5}      Path"

    def line(self, row: int, width: int) -> list[Segment]:
        """Return what stands on a line."""
        paths, rows = self.paths, self.rows
        assert isinstance(paths, Paths) and rows is not None and isinstance(rows.view, View)
        view, node = rows.view, rows.nodes[row]
        entry = view.entry(node)
        overlay = paths.overlay
        layer, own = overlay.locate(entry)
        index = overlay.layers[layer]
        kind = overlay.kinds[entry]
        quiet = self.part("lines--quiet")
        # What the layer changed is coloured as a whole line.
        changed = self.colour(view.marks[node])
        segments = [self.sign(node)]
        if "attributes" in self._shown:
            meta = IMPLIED_META if own == IMPLIED else index.meta_table[index.metas[own]]
            owner = f"{meta[1]}:{meta[2]}"
            segments.append(Segment(f"{permissions(kind, meta[0])}  {clip(owner, 9):>9} ", changed or quiet))
        total = rows.size(node)
        bare = not total and (kind == SYMLINK or view.marks[node] == Mark.DEAD)
        written = f"{'' if bare else size(total):>8} "
        segments.append(Segment(written, changed or (None if total else quiet)))
        lost = view.wasted(node, rows.part)
        if "wasted" in self._shown:
            segments.append(Segment(f"{size(lost) if lost else '':>8} ", self.part("mark--wasted")))
        if "bar" in self._shown:
            live, dead = split_bar(total, lost, self._whole, _BAR)
            segments += [Segment(live, self.part("lines--bar")), Segment(dead, self.part("mark--wasted"))]
            segments.append(Segment(" " * (_BAR + 1 - len(live) - len(dead))))
        copies = paths.copies[node]
        more = f"×{copies}" if copies > 1 and kind != DIRECTORY else ""
        segments.append(Segment(f"{self.number + layer:>5}{more:<4}", changed or quiet))
        target = index.links.get(own)
        words = ""
        if target is not None and kind in (SYMLINK, HARDLINK):
            words = (" → " if kind == SYMLINK else " ⇒ /") + shown(target)
        return self.name_part(segments, node, kind, words, width)
