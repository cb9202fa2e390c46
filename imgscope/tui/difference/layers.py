"""The layers of two images beside each other: what they share, and what has to be pulled."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment

from ...differences.model import LayerPair
from ...differences.report.words import status
from ..layers.pane import brief
from ..text import size
from ..widgets import Lines

STYLES = {
    "shared": "lines--quiet",
    "same": "lines--quiet",
    "changed": "mark--modified",
    "edited": "mark--modified",
    "reordered": "mark--moved",
    "new": "mark--added",
    "gone": "mark--removed",
}


class PairsPane(Lines):
    """A line for each layer of NEW beside the one of OLD that it answers to, and for those that are gone."""

    def __init__(self, pairs: Sequence[LayerPair], broken: LayerPair | None, *, id: str) -> None:
        """List ``pairs``; ``broken`` is the one that ends the sharing, which is selected."""
        super().__init__(id=id)
        self.pairs = pairs
        self.broken = next((row for row, pair in enumerate(pairs) if pair is broken), None)
        self.set_reactive(PairsPane.cursor, self.broken if self.broken is not None else max(len(pairs) - 1, 0))

    def count(self) -> int:
        """Return the number of lines."""
        return len(self.pairs)

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        text = f"  {'Old':>3} {'New':>3} {'':<9} "
        return text + (f"{'Pulled':>8} {'Changed':>8}  " if width >= 50 else "") + "Instruction"

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one pair's line."""
        pair = self.pairs[row]
        word = status(pair)
        style, quiet = self.part(STYLES[word]), self.part("lines--quiet")
        old = "" if pair.old is None else str(pair.old.index)
        new = "" if pair.new is None else str(pair.new.index)
        segments = [
            Segment("◆ " if row == self.broken else "  ", self.part("mark--modified")),
            Segment(f"{old:>3} {new:>3} ", quiet),
            Segment(f"{word:<9} ", style),
        ]
        if width >= 50:
            stored = pair.new.blob_bytes if pair.new is not None and pair.pulled else None
            pulled = "" if not pair.pulled else "?" if stored is None else size(stored)
            news = size(pair.really_new) if pair.really_new else ""
            segments += [Segment(f"{pulled:>8} "), Segment(f"{news:>8}  ", self.part("mark--modified"))]
        layer = pair.new or pair.old
        assert layer is not None
        room = width - sum(segment.cell_length for segment in segments)
        words = brief(layer.instruction or "(no instruction known)", room)
        first, space, rest = words.partition(" ")
        quiet_line = quiet if word in ("shared", "same") else None
        segments.append(Segment(first + space, quiet_line or (self.part("lines--folder") if first.isupper() else None)))
        segments.append(Segment(rest, quiet_line))
        return segments
