"""The file tree: one line for each path that can be seen, drawn from columns when it is seen."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from rich.segment import Segment

from ...layer.index import DIRECTORY, HARDLINK, IMPLIED, IMPLIED_META, SYMLINK
from ..model.marks import CHANGES, Mark, table
from ..model.paths import Paths
from ..model.rows import Rows
from ..model.views import View
from ..text import clip, permissions, shown, size
from ..widgets import Lines

_STYLES = (
    "",
    "",
    "mark--added",
    "mark--modified",
    "mark--metadata",
    "mark--rewritten",
    "mark--removed",
)
_CHANGED = table(CHANGES)
# Folders deeper than this are drawn as if they were this deep, so that names stay in sight.
_DEEPEST = 24


class TreePane(Lines):
    """The merged tree up to a layer, with marks, sizes and where each path comes from."""

    def __init__(self, *, id: str) -> None:
        """Show nothing until ``start``."""
        super().__init__(id=id)
        self.paths: Paths | None = None
        self.rows: Rows | None = None
        self.attributes = True
        self.when_moved: Callable[[], None] | None = None
        """Called at once when the cursor moves, so that what follows it is drawn with it."""

    def watch_cursor(self, before: int, after: int) -> None:
        """Tell at once."""
        super().watch_cursor(before, after)
        if self.when_moved is not None:
            self.when_moved()

    def start(self, paths: Paths, rows: Rows) -> None:
        """Show ``rows`` of ``paths``."""
        self.paths, self.rows = paths, rows
        self.reload()

    # -- where the cursor is -----------------------------------------------------------------------------

    @property
    def view(self) -> View | None:
        """The view that is shown."""
        return self.rows.view if self.rows is not None else None

    @property
    def node(self) -> int:
        """The path that the cursor is on, or -1."""
        if self.rows is None or not 0 <= self.cursor < len(self.rows.nodes):
            return -1
        return self.rows.nodes[self.cursor]

    def go_to(self, node: int) -> bool:
        """Put the cursor on a path, opening what is above it; return whether it is shown."""
        if self.rows is None:
            return False
        row = self.rows.reveal(node)
        if row is None:
            return False
        self.reload(row)
        return True

    def keep(self, node: int) -> None:
        """After the lines changed, put the cursor where ``node`` is now, or near it."""
        if self.rows is not None:
            self.reload(self.rows.row_of(node) if node >= 0 else 0)

    # -- lines -------------------------------------------------------------------------------------------

    def count(self) -> int:
        """Return the number of lines."""
        return len(self.rows.nodes) if self.rows is not None else 0

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
        assert paths is not None and rows is not None and rows.view is not None
        view, node = rows.view, rows.nodes[row]
        mark, entry = view.marks[node], view.entry(node)
        overlay = paths.overlay
        layer, own = overlay.locate(entry)
        index = overlay.layers[layer]
        kind = overlay.kinds[entry]
        quiet = self.part("lines--quiet")
        colour = self.part(_STYLES[mark]) if _STYLES[mark] else None
        end = paths.end[node]
        sign, sign_style = Mark(mark).sign, colour
        if mark == Mark.UNCHANGED and end > node + 1 and self._changed_inside(view, node, end):
            sign, sign_style = "·", self.part("mark--inside")
        segments = [Segment(sign + " ", sign_style)]
        attributes, wasted = self._wide(width)
        if attributes:
            meta = IMPLIED_META if own == IMPLIED else index.meta_table[index.metas[own]]
            owner = f"{meta[1]}:{meta[2]}"
            segments.append(Segment(f"{permissions(kind, meta[0])}  {clip(owner, 9):>9} ", quiet))
        total = view.size(node)
        segments.append(Segment(f"{size(total) if total or kind != SYMLINK else '':>8} ", None if total else quiet))
        if wasted:
            lost = paths.wasted[end] - paths.wasted[node]
            segments.append(Segment(f"{size(lost) if lost else '':>8} ", self.part("mark--wasted")))
        copies = paths.copies[node]
        more = f"×{copies}" if copies > 1 and kind != DIRECTORY else ""
        segments.append(Segment(f"{layer:>5}{more:<4}", quiet))
        return self._name_part(segments, node, kind, index.links.get(own), colour, width)

    def _name_part(
        self, segments: list[Segment], node: int, kind: int, target: bytes | None, colour: object, width: int
    ) -> list[Segment]:
        paths, rows = self.paths, self.rows
        assert paths is not None and rows is not None
        quiet = self.part("lines--quiet")
        depth = min(paths.depth[node], _DEEPEST)
        if depth:
            segments.append(Segment("│ " * depth, quiet))
        name = shown(paths.name(node))
        style = self.part(_STYLES[rows.view.marks[node]]) if colour is not None and rows.view is not None else None
        if kind == DIRECTORY:
            arrow = ("▾ " if rows.opened[node] else "▸ ") if rows.has_names(node) else "  "
            segments.append(Segment(arrow, quiet))
            style = style or self.part("lines--folder")
            name += "/"
        elif rows.has_names(node):
            # A folder gave way to something else, and its former contents are shown as removed.
            segments.append(Segment("▾ " if rows.opened[node] else "▸ ", quiet))
        else:
            segments.append(Segment("  "))
        room = width - sum(segment.cell_length for segment in segments)
        matches = rows.matches
        if matches is not None and matches[node]:
            style = (style + self.part("lines--strong")) if style is not None else self.part("lines--strong")
        segments.append(Segment(clip(name, room), style))
        if target is not None and kind in (SYMLINK, HARDLINK):
            room -= cell_len(name)
            text = (" → " if kind == SYMLINK else " ⇒ /") + shown(target)
            if room > 4:
                segments.append(Segment(clip(text, room), quiet))
        return segments

    @staticmethod
    def _changed_inside(view: View, node: int, end: int) -> bool:
        return any(view.marks.find(mark, node + 1, end) >= 0 for mark in CHANGES)
