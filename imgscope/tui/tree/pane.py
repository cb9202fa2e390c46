"""A file tree: one line for each path that can be seen, drawn from columns when it is seen."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from ...layer.index import DIRECTORY
from ..model.columns import Columns
from ..model.marks import CHANGES, Mark
from ..model.rows import Rows
from ..text import clip_middle, shown
from ..widgets import Lines

_STYLES = (
    "",
    "",
    "mark--added",
    "mark--modified",
    "mark--metadata",
    "mark--rewritten",
    "mark--removed",
    "mark--type",
    "mark--moved",
    "lines--quiet",
    "mark--dead",
)
# Of a line that stands for many folders so many names are written, the last.
_NAMES = 64
# Folders deeper than this are drawn as if they were this deep, so that names stay in sight.
_DEEPEST = 24


class TreePane(Lines):
    """Paths with folders that open; whoever inherits says what else stands on a line (``line``, ``heading``)."""

    def __init__(self, *, id: str) -> None:
        """Show nothing until ``start``."""
        super().__init__(id=id)
        self.paths: Columns | None = None
        self.rows: Rows | None = None
        self.attributes: bool | None = None
        """Whether details such as the mode are shown; ``None``: where there is room."""
        self.when_moved: Callable[[], None] | None = None
        """Called at once when the cursor moves, so that what follows it is drawn with it."""

    def watch_cursor(self, before: int, after: int) -> None:
        """Tell at once."""
        super().watch_cursor(before, after)
        if self.when_moved is not None:
            self.when_moved()

    def start(self, paths: Columns, rows: Rows) -> None:
        """Show ``rows`` of ``paths``."""
        self.paths, self.rows = paths, rows
        self.reload()

    # -- where the cursor is -----------------------------------------------------------------------------

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

    # -- folders -----------------------------------------------------------------------------------------

    def fold(self) -> None:
        """Open or close the folder under the cursor."""
        if self.rows is not None and self.node >= 0 and self.rows.toggle(self.cursor):
            self.reload()

    def step_in(self) -> None:
        """Open the folder under the cursor, or go to the first path in it."""
        rows, node = self.rows, self.node
        if rows is None or node < 0:
            return
        if not rows.opened[node]:
            self.fold()
        elif rows.has_names(node):
            self.cursor += 1

    def step_out(self) -> None:
        """Close the folder under the cursor, or go to the one that it lies in."""
        rows, node = self.rows, self.node
        if rows is None or node < 0:
            return
        if rows.opened[node] and rows.has_names(node):
            self.fold()
        elif (above := rows.above(node)) >= 0:
            self.reload(rows.row_of(above))

    @property
    def shows_attributes(self) -> bool:
        """Whether details such as the mode are shown now."""
        return self.attributes is not False

    # -- lines -------------------------------------------------------------------------------------------

    def count(self) -> int:
        """Return the number of lines."""
        return len(self.rows.nodes) if self.rows is not None else 0

    def name_part(self, segments: list[Segment], node: int, kind: int, target: str, width: int) -> list[Segment]:
        """Add to a line's columns the folders above, the name, and, where there is room, ``target``."""
        paths, rows = self.paths, self.rows
        assert paths is not None and rows is not None and rows.view is not None
        quiet = self.part("lines--quiet")
        depth = min(rows.place(node)[1], _DEEPEST)
        if depth:
            segments.append(Segment("│ " * depth, quiet))
        name = self.label(node)
        style = self.colour(rows.view.marks[node])
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
        if matches is not None and matches.find(1, rows.place(node)[0], node + 1) >= 0:
            style = (style + self.part("lines--strong")) if style is not None else self.part("lines--strong")
        segments.append(Segment(clip_middle(name, room), style))
        room -= cell_len(name)
        if target and room > 4:
            segments.append(Segment(clip_middle(target, room), quiet))
        return segments

    def label(self, node: int) -> str:
        """Return the names on a line: of folders that hold nothing but the next, and of that one."""
        paths, rows = self.paths, self.rows
        assert paths is not None and rows is not None
        first = rows.place(node)[0]
        names = [paths.name(node)]
        while node != first and len(names) < _NAMES:
            node = paths.parent[node]
            names.append(paths.name(node))
        if node != first:
            names.append("…".encode())
        return shown(b"/".join(reversed(names)))

    def colour(self, mark: int) -> Style | None:
        """Return the colour of a mark."""
        name = _STYLES[mark]
        return self.part(name) if name else None

    def sign(self, node: int) -> Segment:
        """Return the mark of a path, or the one of a folder that has changes in it."""
        assert self.rows is not None and self.rows.view is not None and self.paths is not None
        marks, end = self.rows.view.marks, self.paths.end[node]
        mark = marks[node]
        if mark == Mark.UNCHANGED and end > node + 1 and self._changed_inside(marks, node, end):
            return Segment("· ", self.part("mark--inside"))
        return Segment(Mark(mark).sign + " ", self.colour(mark))

    @staticmethod
    def _changed_inside(marks: bytearray, node: int, end: int) -> bool:
        return any(marks.find(mark, node + 1, end) >= 0 for mark in CHANGES)
