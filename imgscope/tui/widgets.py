"""The list that all panes of lines are made of: a line is drawn when it is seen, and never before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip

from .keys import movement


class Bar(ScrollBar):
    """A scroll bar that has nothing laid out anew when it gets another length, as in ``containers``."""

    virtual_size = Reactive(Size(0, 0), repaint=False)


class Lines(ScrollView, can_focus=True):
    """Lines under a heading, one of which the cursor is on.

    Whoever inherits says how many lines there are (``count``) and what stands on one (``line``, ``heading``).
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--cursor",
        "lines--cursor-blurred",
        "lines--heading",
        "lines--quiet",
        "lines--folder",
        "lines--bar",
        "lines--strong",
        "lines--title",
        "mark--added",
        "mark--modified",
        "mark--metadata",
        "mark--rewritten",
        "mark--removed",
        "mark--inside",
        "mark--wasted",
        "mark--dead",
        "mark--type",
        "mark--moved",
        "size--grown",
        "size--shrunk",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(keys, f"cursor('{where}')", words, show=False, id=f"move.{where}") for where, keys, words in movement()
    ]

    cursor: reactive[int] = reactive(0, init=False, repaint=False)
    has_cursor: ClassVar[bool] = True
    """Without one the keys scroll, and there is no heading."""
    by_head: ClassVar[Mapping[str, str]] = {}
    """What a list is sorted by when a column's head is clicked."""
    _ground: Style | None = None

    class Moved(Message):
        """The cursor came to another line."""

        def __init__(self, lines: Lines, row: int) -> None:
            """Tell the list and the line."""
            self.lines = lines
            self.row = row
            super().__init__()

        @property
        def control(self) -> Lines:
            """The list."""
            return self.lines

    class Chosen(Moved):
        """Enter was pressed on a line, or it was clicked when the cursor was on it already."""

    class Headed(Message):
        """The head of a column was clicked."""

        def __init__(self, lines: Lines, head: str) -> None:
            """Tell the list and the word."""
            self.lines = lines
            self.head = head
            super().__init__()

        @property
        def control(self) -> Lines:
            """The list."""
            return self.lines

    # -- to be said by the lists themselves ---------------------------------------------------------------

    def count(self) -> int:
        """Return the number of lines."""
        raise NotImplementedError

    def line(self, row: int, width: int) -> list[Segment]:
        """Return what stands on a line, at most ``width`` cells (more is cut off)."""
        raise NotImplementedError

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        return ""

    # -- drawing -----------------------------------------------------------------------------------------

    def part(self, name: str) -> Style:
        """Return what a component's style says itself, nothing that it inherits."""
        return self.get_component_rich_style(name, partial=True)

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """The scroll bar, made when it is first asked for as Textual's own is."""
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = Bar(name="vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)
        return self._vertical_scrollbar

    @property
    def page(self) -> int:
        """Number of lines that are seen at once."""
        return max(self.scrollable_content_region.height - self.has_cursor, 1)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some lines; what they have in common is looked up once."""
        self._ground = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw the heading, or the line that is scrolled to there."""
        width = self.scrollable_content_region.width
        ground = self._ground or self.rich_style
        if not self.has_cursor:
            row = round(self.scroll_y) + y
            strip = Strip(self.line(row, width)) if 0 <= row < self.count() else Strip.blank(width)
            return strip.adjust_cell_length(width).apply_style(ground)
        if y == 0:
            strip = Strip([Segment(self.heading(width), self.part("lines--heading"))])
            return strip.adjust_cell_length(width).apply_style(ground)
        row = round(self.scroll_y) + y - 1
        if not 0 <= row < self.count():
            return Strip.blank(width, ground)
        strip = Strip(self.line(row, width)).adjust_cell_length(width)
        if row == self.cursor:
            if self._few_colours and self.has_focus:
                return Strip([Segment(strip.text, Style(reverse=True, bold=True))]).apply_style(ground)
            if self._few_colours:
                return strip.apply_style(Style(underline=True)).apply_style(ground)
            ground += self.part("lines--cursor" if self.has_focus else "lines--cursor-blurred")
        return strip.apply_style(ground)

    @property
    def _few_colours(self) -> bool:
        """Tell whether the terminal has too few colours to show the cursor by its ground."""
        if self.app.no_color:
            return True
        if self.app.native_ansi_color:
            return True
        return not self.app.is_headless and self.app.console.color_system in (None, "standard", "windows")

    def reload(self, cursor: int | None = None) -> None:
        """Draw anew after the lines changed; the cursor stays within them."""
        self._measure()
        if not self.has_cursor:
            self.refresh()
            return
        wanted = self.cursor if cursor is None else cursor
        wanted = max(0, min(wanted, self.count() - 1))
        if wanted != self.cursor:
            self.cursor = wanted
        else:
            self._show_cursor()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in sight."""
        self._measure()
        if self.has_cursor:
            self._show_cursor()

    def _measure(self) -> None:
        """Tell Textual how much there is to scroll.

        Through ``virtual_size`` alone all of the screen would be laid out anew.
        """
        region = self.scrollable_content_region
        size = Size(region.width, self.count() + self.has_cursor)
        if size.width == self.virtual_size.width and self.show_vertical_scrollbar:
            self.set_reactive(Lines.virtual_size, size)
            # Never less than there is room for: then there is no bar.
            self.vertical_scrollbar.window_virtual_size = max(size.height, region.height)
            if self.scroll_y > self.max_scroll_y:
                self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)
        else:
            self.virtual_size = size

    def watch_has_focus(self, _has_focus: bool) -> None:
        """Give the frame its other colours, and draw all lines: the cursor's shows where the keys go.

        What the parts of lines look like (the component classes) stays, and to ask the style sheet for each of them
        would take longer than to draw the list. So for once it is told that there are none.
        """
        self.__dict__["_get_component_classes"] = frozenset
        try:
            super().watch_has_focus(_has_focus)
        finally:
            del self.__dict__["_get_component_classes"]

    # -- moving ------------------------------------------------------------------------------------------

    def watch_cursor(self, before: int, after: int) -> None:
        """Draw the two lines that changed and tell others."""
        if not self._show_cursor():
            top = round(self.scroll_y)
            width = self.size.width
            for row in (before, after):
                if 0 <= row - top < self.page:
                    self.refresh(Region(0, row - top + 1, width, 1))
        self.post_message(self.Moved(self, after))

    def _show_cursor(self) -> bool:
        """Scroll so that the cursor is seen; return whether that moved the lines."""
        top, page = round(self.scroll_y), self.page
        if self.cursor < top:
            wanted = self.cursor
        elif self.cursor >= top + page:
            wanted = self.cursor - page + 1
        else:
            return False
        self.scroll_to(y=wanted, animate=False, immediate=True)
        return True

    def action_cursor(self, where: str) -> None:
        """Move the cursor: up, down, a page, or to an end."""
        last = self.count() - 1
        if not self.has_cursor:
            top, page = round(self.scroll_y), self.page
            tops = {"up": top - 1, "down": top + 1, "page_up": top - page, "page_down": top + page, "first": 0}
            self.scroll_to(y=tops.get(where, last), animate=False, immediate=True)
            return
        steps = {
            "up": self.cursor - 1,
            "down": self.cursor + 1,
            "page_up": self.cursor - self.page,
            "page_down": self.cursor + self.page,
            "first": 0,
            "last": last,
        }
        if last >= 0:
            self.cursor = max(0, min(steps[where], last))

    def on_click(self, event: events.Click) -> None:
        """Move to the line; choose it when the cursor is there already."""
        offset = event.get_content_offset(self)
        if offset is None or not self.has_cursor:
            return
        if offset.y == 0:
            head = head_at(self.heading(self.scrollable_content_region.width), offset.x)
            if head:
                self.post_message(self.Headed(self, head))
            return
        row = round(self.scroll_y) + offset.y - 1
        if 0 <= row < self.count():
            if row == self.cursor:
                self.post_message(self.Chosen(self, row))
            self.cursor = row


def head_at(heading: str, x: int) -> str:
    """Return the column's name at a cell: numbers stand to the right, so what is before a name belongs to it."""
    words = list(re.finditer(r"\S+", heading))
    return next((word.group() for word in words if x < word.end()), words[-1].group() if words else "")
