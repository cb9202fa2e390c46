"""A screen with a file's content, or the difference between two layers' versions of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from ...analysis import Analysis
from ...errors import ImgscopeError
from ...escape import escape
from ...report.sizes import quantity, size
from ..key_bar import KeyBar
from ..text import clip, clip_left
from ..widgets import Lines
from . import reading


class TextLines(Lines):
    """Lines of text, with numbers; a diff's are coloured."""

    def __init__(self) -> None:
        """Show nothing until ``show``."""
        super().__init__(id="content")
        self.lines: Sequence[str] = ()
        self.shift = 0
        self.kind = "text"

    def show(self, lines: Sequence[str], kind: str) -> None:
        """Show ``lines`` of a ``text``, ``hex`` or ``diff``."""
        self.lines, self.kind, self.shift = lines, kind, 0
        self.reload(0)

    def count(self) -> int:
        """Return the number of lines."""
        return len(self.lines)

    def heading(self, width: int) -> str:
        """Return how much there is."""
        return quantity(len(self.lines), "line")

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one line with its number."""
        text = self.lines[row][self.shift :]
        quiet = self.part("lines--quiet")
        if self.kind == "diff":
            style = {"+": "mark--added", "-": "mark--modified", "@": "lines--folder"}.get(self.lines[row][:1])
            return [Segment(clip(text, width), self.part(style) if style else None)]
        if self.kind == "hex":
            return [Segment(text[:10], quiet), Segment(clip(text[10:], width - 10))]
        digits = len(str(len(self.lines)))
        return [Segment(f"{row + 1:>{digits}}  ", quiet), Segment(clip(text, width - digits - 2))]


class ContentScreen(Screen[None]):
    """Text, bytes or a difference, of one path in one layer, which can be changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,v,f", "close", "Back"),
        Binding("tab,x", "turn", "Text/bytes"),
        Binding("left_square_bracket", "version(-1)", "Older"),
        Binding("right_square_bracket", "version(1)", "Newer"),
        Binding("left,h", "shift(-8)", "Left", show=False),
        Binding("right,l", "shift(8)", "Right", show=False),
    ]

    def __init__(self, analysis: Analysis, path: str, layers: Sequence[int], layer: int, *, diff: bool = False) -> None:
        """Show ``path`` as ``layer`` holds it, or what it changed; ``layers`` are all that hold a file there."""
        super().__init__()
        self.analysis = analysis
        self.path = path
        self.held_by = list(layers)
        self.version = layer
        self.diff = diff
        self.as_bytes: bool | None = None

    def compose(self) -> ComposeResult:
        """Make the title, the lines and the keys."""
        yield Static("", id="content-title")
        yield TextLines()
        yield KeyBar(
            [
                ("Esc", "Back", "close"),
                ("x", "Text or bytes", "turn"),
                ("[", "Older", "version(-1)"),
                ("]", "Newer", "version(1)"),
                ("←→", "Shift", "shift(8)"),
            ]
        )

    def on_mount(self) -> None:
        """Read the content."""
        self.set_focus(self.query_one(TextLines))
        self._read()

    def _older(self) -> int | None:
        place = self.held_by.index(self.version)
        return self.held_by[place - 1] if place else None

    @work(exclusive=True)
    async def _read(self) -> None:
        pane = self.query_one(TextLines)
        self._entitle("reading…")
        older = self._older()
        try:
            if self.diff and older is not None:
                await self._show_difference(pane, older)
            else:
                content = await asyncio.to_thread(reading.read, self.analysis, self.path, self.version)
                as_bytes = not content.is_text if self.as_bytes is None else self.as_bytes
                lines: Sequence[str] = reading.HexLines(content.data) if as_bytes else reading.text_lines(content)
                more = f", the first {size(reading.LIMIT)} of more" if content.cut else f", {size(len(content.data))}"
                self._entitle(("bytes" if as_bytes else "text") + (more if content.data else ", empty"))
                pane.show(lines, "hex" if as_bytes else "text")
        except (ImgscopeError, OSError) as error:
            self._entitle("")
            pane.show([escape(str(error))], "text")

    async def _show_difference(self, pane: TextLines, older: int) -> None:
        def compare() -> list[str]:
            old, new = (
                reading.read(self.analysis, self.path, layer, reading.DIFF_LIMIT) for layer in (older, self.version)
            )
            return reading.difference(old, new, f"layer {older}: {self.path}", f"layer {self.version}: {self.path}")

        lines = await asyncio.to_thread(compare)
        self._entitle(f"from layer {older}")
        pane.show(lines, "diff")

    def _entitle(self, words: str) -> None:
        held = f", held by layers {', '.join(map(str, self.held_by))}" if len(self.held_by) > 1 else ""
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(clip_left(escape(self.path), max(self.size.width - 45, 20)), style="bold")
        text.append(f"  layer {self.version}{held}  {words}", style="dim")
        self.query_one("#content-title", Static).update(text)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)

    def action_turn(self) -> None:
        """Show text as bytes, or bytes as text."""
        if not self.diff:
            self.as_bytes = self.query_one(TextLines).kind == "text"
            self._read()

    def action_version(self, step: int) -> None:
        """Show an older or newer layer's version."""
        place = self.held_by.index(self.version) + step
        lowest = 1 if self.diff else 0
        if lowest <= place < len(self.held_by):
            self.version = self.held_by[place]
            self._read()
        else:
            self.notify("No layer further on holds this path." if step > 0 else "No layer before holds this path.")

    def action_shift(self, step: int) -> None:
        """Show what stands further left or right."""
        pane = self.query_one(TextLines)
        pane.shift = max(0, pane.shift + step)
        pane.refresh()
