"""The wasted files, largest first: what held the bytes, who wrote them, who made them waste and how."""

from __future__ import annotations

from array import array

from rich.segment import Segment

from ...analysis import Body
from ...escape import escape
from ...layer.names import public
from ...overlay.changes import WASTE_REASONS
from ..text import clip_left, size
from ..widgets import Lines

_WORDS = {"metadata_only": "metadata"}


class WastePane(Lines):
    """A line for each wasted copy."""

    def __init__(self, *, id: str) -> None:
        """List nothing until ``start``."""
        super().__init__(id=id)
        self.body: Body | None = None
        self._rows = array("i")

    @staticmethod
    def ranked(body: Body) -> array[int]:
        """Return the hidden rows of ``body`` that waste bytes, largest first, ties by path."""
        hidden = body.overlay.hidden
        rows = [row for row, lost in enumerate(hidden.wasted) if lost]
        rows.sort(key=hidden.names.__getitem__)
        rows.sort(key=hidden.directories.__getitem__)
        rows.sort(key=hidden.wasted.__getitem__, reverse=True)
        return array("i", rows)

    def start(self, body: Body, rows: array[int]) -> None:
        """List the waste of ``body``, as ``ranked`` gives it."""
        self.body, self._rows = body, rows
        self.reload(0)

    def count(self) -> int:
        """Return the number of wasted copies."""
        return len(self._rows)

    def path(self, row: int) -> bytes:
        """Return the path of a line."""
        assert self.body is not None
        return self.body.overlay.waste_path(self._rows[row])

    def layers_of(self, row: int) -> tuple[int, int]:
        """Return the layer that stored a line's bytes, and the one that made them waste."""
        assert self.body is not None
        overlay = self.body.overlay
        hidden, number = overlay.hidden, self._rows[row]
        return overlay.layer_of(overlay.inode(hidden.entries[number])), hidden.by[number]

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        return f"{'Wasted':>9} {'In→By':>7}  {'Reason':<12} Path"

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one copy's line."""
        assert self.body is not None
        number = self._rows[row]
        stored, by = self.layers_of(row)
        reason = WASTE_REASONS[self.body.comparison.kinds[number]]
        quiet = self.part("lines--quiet")
        segments = [
            Segment(f"{size(self.body.overlay.hidden.wasted[number]):>9} ", self.part("mark--wasted")),
            Segment(f"{f'{stored}→{by}':>7}  ", quiet),
            Segment(f"{_WORDS.get(reason, reason):<12} "),
        ]
        room = width - sum(segment.cell_length for segment in segments)
        segments.append(Segment(clip_left(escape(public(self.path(row))), room)))
        return segments
