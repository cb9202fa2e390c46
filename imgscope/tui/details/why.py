"""Why: the history of the path under the cursor, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment

from ...escape import escape
from ...report.sizes import size
from ...rows import Event, Layer
from ..layers.pane import one_line
from ..text import clip_left, clip_middle, plain
from ..widgets import Lines

_STYLES = {
    "added": "mark--added",
    "modified": "mark--modified",
    "metadata_only": "mark--metadata",
    "rewritten": "mark--rewritten",
    "removed": "mark--removed",
    "repeated": "mark--rewritten",
}


class WhyPane(Lines):
    """What each layer did to one path: a line for the deed, and one for what caused it."""

    has_cursor: ClassVar[bool] = False

    def __init__(self, *, id: str) -> None:
        """Show nothing until ``show``."""
        super().__init__(id=id)
        self._lines: list[list[tuple[str, str]]] = []

    def show(self, path: str, events: Sequence[Event], layers: Sequence[Layer]) -> None:
        """Show the events of a path."""
        self._entitle(path)
        self._lines = []
        self._add(events, layers)
        held = sum(event.file is not None for event in events)
        self.border_subtitle = f"in {held} layers" if held != 1 else "in 1 layer"
        self.reload()

    def show_several(self, path: str, told: Sequence[tuple[str, Sequence[Event], Sequence[Layer]]]) -> None:
        """Show the events of a path in several images, each under its heading."""
        self._entitle(path)
        self.border_subtitle = ""
        self._lines = []
        for heading, events, layers in told:
            self._lines.append([(heading, "lines--title")])
            self._add(events, layers)
        self.reload()

    def _entitle(self, path: str) -> None:
        self.border_title = plain(f"Why {clip_left(escape(path), max(self.size.width - 12, 20))}")

    def _add(self, events: Sequence[Event], layers: Sequence[Layer]) -> None:
        for event in events:
            instruction = one_line(layers[event.layer].instruction or "(no instruction known)")
            self._lines.append(
                [
                    (f"{event.layer:>4}  ", "lines--quiet"),
                    (f"{event.kind.replace('_', ' '):<14}", _STYLES.get(event.kind, "lines--strong")),
                    (f"{size(event.bytes):>9}  ", ""),
                    (instruction, "lines--quiet"),
                ]
            )
            if event.cause:
                self._lines.append([(" " * 31 + escape(event.cause), "")])

    def say(self, words: str) -> None:
        """Show a line instead."""
        self.border_title, self.border_subtitle = "Why", ""
        self._lines = [[(escape(words), "lines--quiet")]]
        self.reload()

    def count(self) -> int:
        """Return the number of lines."""
        return len(self._lines)

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one line."""
        segments: list[Segment] = []
        for text, style in self._lines[row]:
            room = width - sum(segment.cell_length for segment in segments)
            segments.append(Segment(clip_middle(text, room, 0.6), self.part(style) if style else None))
        return segments
