"""The file tree of a layer."""

from __future__ import annotations

from rich.segment import Segment

from ...layer.index import DIRECTORY, HARDLINK, IMPLIED, IMPLIED_META, SYMLINK
from ..model.paths import Paths
from ..model.views import View
from ..text import clip, permissions, shown, size
from .pane import TreePane


class LayerTreePane(TreePane):
    """The merged tree up to a layer, with marks, sizes and where each path comes from."""

    def _wide(self, width: int) -> tuple[bool, bool]:
        """Tell whether there is room for mode and owner, and for wasted bytes."""
        attributes = self.attributes and width >= 74
        return attributes, width >= (74 if attributes else 46)

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        attributes, wasted = self._wide(width)
        text = "  "
        if attributes:
            text += f"{'Permission':<12}{'Owner':>9} "
        text += f"{'Size':>8} "
        if wasted:
            text += f"{'Wasted':>8} "
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
        segments = [self.sign(node)]
        attributes, wasted = self._wide(width)
        if attributes:
            meta = IMPLIED_META if own == IMPLIED else index.meta_table[index.metas[own]]
            owner = f"{meta[1]}:{meta[2]}"
            segments.append(Segment(f"{permissions(kind, meta[0])}  {clip(owner, 9):>9} ", quiet))
        total = view.size(node)
        segments.append(Segment(f"{size(total) if total or kind != SYMLINK else '':>8} ", None if total else quiet))
        if wasted:
            lost = paths.wasted[paths.end[node]] - paths.wasted[node]
            segments.append(Segment(f"{size(lost) if lost else '':>8} ", self.part("mark--wasted")))
        copies = paths.copies[node]
        more = f"×{copies}" if copies > 1 and kind != DIRECTORY else ""
        segments.append(Segment(f"{layer:>5}{more:<4}", quiet))
        target = index.links.get(own)
        words = ""
        if target is not None and kind in (SYMLINK, HARDLINK):
            words = (" → " if kind == SYMLINK else " ⇒ /") + shown(target)
        return self.name_part(segments, node, kind, words, width)
