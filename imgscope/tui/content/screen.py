"""A screen with a file's content, or the difference between two versions of it: two layers', or two images'."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.text import Text
from textual import on, work
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
from . import reading, search
from .search import SearchBar, SearchInput


class TextLines(Lines):
    """Lines of text, with numbers; a diff's are coloured."""

    def __init__(self) -> None:
        """Show nothing until ``show``."""
        super().__init__(id="content")
        self.lines: Sequence[str] = ()
        self.shift = 0
        self.kind = "text"
        self.found: frozenset[int] = frozenset()
        """Lines that have what is searched for."""

    def show(self, lines: Sequence[str], kind: str) -> None:
        """Show ``lines`` of a ``text``, ``hex`` or ``diff``."""
        self.lines, self.kind, self.shift, self.found = lines, kind, 0, frozenset()
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
        quiet = self.part("lines--strong" if row in self.found else "lines--quiet")
        if self.kind == "diff":
            style = {"+": "mark--added", "-": "mark--modified", "@": "lines--folder"}.get(self.lines[row][:1])
            return [Segment(clip(text, width), self.part(style) if style else None)]
        if self.kind == "hex":
            return [Segment(text[:10], quiet), Segment(clip(text[10:], width - 10))]
        digits = len(str(len(self.lines)))
        return [Segment(f"{row + 1:>{digits}}  ", quiet), Segment(clip(text, width - digits - 2))]


class Version(NamedTuple):
    """A file as one layer holds it, or (``layer`` is ``None``) as an image has it."""

    label: str
    analysis: Analysis
    path: str
    layer: int | None


class ContentScreen(Screen[None]):
    """Text, bytes or a difference, of one path in one version, which can be changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Back"),
        Binding("slash,ctrl+f", "search", "Search"),
        Binding("n", "next_match(1)", "Next match", show=False),
        Binding("N", "next_match(-1)", "Match before", show=False),
        Binding("v", "content", "Content"),
        Binding("f", "difference", "Difference"),
        Binding("tab,x", "turn", "Text/bytes"),
        Binding("left_square_bracket", "version(-1)", "Older"),
        Binding("right_square_bracket", "version(1)", "Newer"),
        Binding("left,h", "shift(-8)", "Left", show=False),
        Binding("right,l", "shift(8)", "Right", show=False),
    ]

    def __init__(self, path: str, versions: Sequence[Version], place: int, *, diff: bool = False) -> None:
        """Show ``path`` in the version at ``place``, or how it differs from the one before; the oldest is first."""
        super().__init__()
        self.path = path
        self.versions = versions
        self.place = place
        self.diff = diff
        self.as_bytes: bool | None = None
        self._matches: list[int] = []
        self._searched_from = 0

    def compose(self) -> ComposeResult:
        """Make the title, the lines and the keys."""
        yield Static("", id="content-title")
        yield TextLines()
        yield SearchBar()
        keys = [("Esc", "Back", "close"), ("/", "Search", "search"), ("n", "Next", "next_match(1)")]
        keys += [("x", "Text or bytes", "turn")]
        if len(self.versions) > 1:
            keys += [("v", "Content", "content"), ("f", "Difference", "difference")]
            keys += [("[", "Older", "version(-1)"), ("]", "Newer", "version(1)")]
        yield KeyBar([*keys, ("←→", "Shift", "shift(8)")])

    def on_mount(self) -> None:
        """Read the content."""
        self.set_focus(self.query_one(TextLines))
        self._read()

    @property
    def version(self) -> Version:
        """The version that is shown."""
        return self.versions[self.place]

    @work(exclusive=True)
    async def _read(self) -> None:
        """Read what is to be shown, and search it for what was searched for."""
        await self._show()
        bar = self.query_one(SearchBar)
        if bar.has_class("open"):
            self._find(bar.query_one(SearchInput).value, 0)

    async def _show(self) -> None:
        pane = self.query_one(TextLines)
        self._entitle("reading…")
        version = self.version
        try:
            if self.diff and self.place:
                await self._show_difference(pane, self.versions[self.place - 1])
            else:
                content = await asyncio.to_thread(reading.read, version.analysis, version.path, version.layer)
                as_bytes = not content.is_text if self.as_bytes is None else self.as_bytes
                lines: Sequence[str] = reading.HexLines(content.data) if as_bytes else reading.text_lines(content)
                more = f", the first {size(reading.LIMIT)} of more" if content.cut else f", {size(len(content.data))}"
                self._entitle(("bytes" if as_bytes else "text") + (more if content.data else ", empty"))
                pane.show(lines, "hex" if as_bytes else "text")
        except (ImgscopeError, OSError) as error:
            self._entitle("")
            pane.show([escape(str(error))], "text")

    async def _show_difference(self, pane: TextLines, older: Version) -> None:
        new = self.version

        def compare() -> list[str]:
            was, now = (
                reading.read(version.analysis, version.path, version.layer, reading.DIFF_LIMIT)
                for version in (older, new)
            )
            return reading.difference(was, now, f"{older.label}: {older.path}", f"{new.label}: {new.path}")

        lines = await asyncio.to_thread(compare)
        self._entitle(f"from {older.label}")
        pane.show(lines, "diff")

    def _entitle(self, words: str) -> None:
        held = ", also " + ", ".join(other.label for other in self.versions if other is not self.version)
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(clip_left(escape(self.version.path), max(self.size.width - 45, 20)), style="bold")
        text.append(f"  {self.version.label}  {words}", style="dim")
        if len(self.versions) > 1 and not self.diff:
            text.append(held, style="dim")
        self.query_one("#content-title", Static).update(text)

    # -- searching ---------------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Type what to search for."""
        self._searched_from = self.query_one(TextLines).cursor
        self.query_one(SearchBar).open()

    def action_leave_search(self) -> None:
        """Go to the lines; what was found stays marked."""
        self.set_focus(self.query_one(TextLines))

    @on(SearchBar.Changed)
    def _search_changed(self, event: SearchBar.Changed) -> None:
        self._find(event.words, self._searched_from)

    def _find(self, words: str, start: int) -> None:
        """Mark the lines that have ``words``, and go to the first from ``start`` on."""
        pane = self.query_one(TextLines)
        self._matches = search.matching(pane.lines, words)
        pane.found = frozenset(self._matches)
        pane.refresh()
        if self._matches:
            self._go_to_match(bisect_left(self._matches, start))
        else:
            self.query_one(SearchBar).tell("not found" if words else "")

    def _go_to_match(self, place: int) -> None:
        place %= len(self._matches)
        self.query_one(TextLines).cursor = self._matches[place]
        self.query_one(SearchBar).tell(f"{place + 1:,} of {quantity(len(self._matches), 'line')}")

    def action_next_match(self, step: int) -> None:
        """Go to the next line that has what was searched for, or the one before; round the ends."""
        if not self._matches:
            self.notify("Nothing is searched for: / searches.")
            return
        here = self.query_one(TextLines).cursor
        self._go_to_match(bisect_right(self._matches, here) if step > 0 else bisect_left(self._matches, here) - 1)

    def action_close(self) -> None:
        """Leave the search, or go back."""
        bar = self.query_one(SearchBar)
        if bar.has_class("open"):
            bar.close()
            self._find("", 0)
            self.action_leave_search()
        else:
            self.dismiss(None)

    def action_turn(self) -> None:
        """Show text as bytes, or bytes as text."""
        if not self.diff:
            self.as_bytes = self.query_one(TextLines).kind == "text"
            self._read()

    def action_content(self) -> None:
        """Show the content; go back if it is shown."""
        self._turn_to(False)

    def action_difference(self) -> None:
        """Show the difference from the version before; go back if it is shown."""
        self._turn_to(True)

    def _turn_to(self, diff: bool) -> None:
        if self.diff == diff:
            self.dismiss(None)
        elif len(self.versions) < 2:
            self.notify(f"Only {self.version.label} holds this file.")
        else:
            self.diff = diff
            self.place = max(self.place, 1) if diff else self.place
            self._read()

    def action_version(self, step: int) -> None:
        """Show an older or newer version."""
        place = self.place + step
        if self.diff <= place < len(self.versions):
            self.place = place
            self._read()
        else:
            self.notify("There is no later version." if step > 0 else "There is no earlier version.")

    def action_shift(self, step: int) -> None:
        """Show what stands further left or right."""
        pane = self.query_one(TextLines)
        pane.shift = max(0, pane.shift + step)
        pane.refresh()
