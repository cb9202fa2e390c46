"""A window over the panes whose text may be longer than the screen: every key that scrolls lists scrolls it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

from ..keys import movement
from ..text import plain


class Window(ModalScreen[None]):
    """A title, a text that scrolls, and below it the keys that matter; whoever inherits makes the ``content``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss(None)", "Close"),
        *(Binding(keys, f"scroll('{where}')", words, show=False) for where, keys, words in movement()),
    ]

    def __init__(self, title: str, keys: str = "") -> None:
        """Show ``title``, which may be a stranger's, and what ``keys`` do besides those that scroll and close."""
        super().__init__(classes="window text")
        self.heading = title
        self.keys = keys

    def compose(self) -> ComposeResult:
        """Make the window."""
        with Vertical(classes="box") as box:
            box.border_title = plain(self.heading)
            box.border_subtitle = Content(" · ".join(filter(None, (self.keys, "↑↓ PgUp PgDn scroll", "Esc closes"))))
            with VerticalScroll(can_focus=False):
                yield from self.content()

    def content(self) -> ComposeResult:
        """Make what the window shows."""
        yield Widget()

    def action_scroll(self, where: str) -> None:
        """Scroll a line, a page, or to an end."""
        scroll = self.query_one(VerticalScroll)
        page = max(scroll.scrollable_content_region.height - 1, 1)
        steps = {"up": -1, "down": 1, "page_up": -page, "page_down": page}
        if where in steps:
            scroll.scroll_relative(y=steps[where], animate=False, immediate=True)
        else:
            scroll.scroll_to(y=0 if where == "first" else scroll.max_scroll_y, animate=False, immediate=True)
