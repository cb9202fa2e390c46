"""What all main screens have: panes to go round, to give all of the screen, with titles and keys of their own."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.reactive import Reactive
from textual.widget import Widget

from .compositor import PartCompositor
from .files import FileActions
from .key_bar import KeyBar, shortcuts
from .keys import ALWAYS, FOOTERS
from .titles import Titles
from .widgets import Lines

_ORDERS = 9  # More than any list has.


class PaneScreen(FileActions):
    """Panes of lines beside and above one another."""

    panes: ClassVar[tuple[str, ...]] = ()
    """The panes in the order of Tab, by their ids."""
    lower: ClassVar[tuple[str, ...]] = ()
    """Those that share the place of the tree on a narrow terminal."""
    # When the keys go to another pane, Textual draws all of the screen; here the two panes alone.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self) -> None:
        """Show nothing yet."""
        super().__init__()
        self._compositor = PartCompositor()
        self._titles = Titles(self, self.keys, self.lower)

    def key_bar(self) -> KeyBar:
        """Make the line of keys."""
        return KeyBar((), shortcuts(self.keys, ALWAYS))

    def watch_focused(self) -> None:
        """Show the keys of the pane that has them now."""
        name = self.focused.id if self.focused is not None else None
        if name in FOOTERS:
            self.query_one(KeyBar).show(shortcuts(self.keys, FOOTERS[name]))

    # -- going from pane to pane -------------------------------------------------------------------------

    def seen_panes(self) -> list[str]:
        """Return the panes that are seen, in the order of Tab."""
        return list(self.panes)

    def action_pane(self, name: str) -> None:
        """Go to a pane."""
        self.bring(name)
        self.set_focus(self.query_one(f"#{name}"))

    def bring(self, name: str) -> None:
        """Where there is no room for all panes, show this one in the place that it shares with others."""
        self.set_class(name in self.lower, "on-lower")
        if name in self.lower:
            for lower in self.lower:
                self.query_one(f"#{lower}").set_class(name == lower, "chosen")
        if self.has_class("zoom"):
            self._zoom_to(name)
        self._titles.write()

    def action_zoom(self) -> None:
        """Give the pane that has the keys all of the screen, or take it back."""
        self.toggle_class("zoom")
        if self.focused is not None and self.focused.id:
            self._zoom_to(self.focused.id)

    def _zoom_to(self, name: str) -> None:
        """Choose the pane that is seen while one has all of the screen."""
        for pane in self.query(Lines):
            pane.set_class(pane.id == name, "zoomed")
            if pane.id == name and pane.parent is not None:
                for side in ("left", "right"):
                    self.query_one(f"#{side}").set_class(pane.parent.id == side, "zoomed")

    def on_resize(self) -> None:
        """Show the pane that has the keys when the terminal gets small."""
        if self.focused is not None and self.focused.id:
            self.call_after_refresh(self.bring, self.focused.id)

    def entitle(self, name: str, words: str, short: str = "") -> None:
        """Give a pane its title; ``short`` stands on its tab, where several panes share a place."""
        self._titles.put(name, words, short)

    def _go_round(self, step: int) -> None:
        order = self.seen_panes()
        focused = self.focused
        here = next((place for place, name in enumerate(order) if focused is not None and focused.id == name), -1)
        if here < 0 and step < 0:
            here = 0
        self.action_pane(order[(here + step) % len(order)])

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self._go_round(1)

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self._go_round(-1)

    def action_choose(self) -> None:
        """Do what is natural for the line under the cursor."""
        focused = self.focused
        if isinstance(focused, Lines) and focused.count():
            focused.post_message(Lines.Chosen(focused, focused.cursor))

    # -- sorting by the head of a column -----------------------------------------------------------------

    def sorted_by(self, pane: Lines) -> str | None:
        """Return what a pane is sorted by; ``None`` where it is not."""
        return getattr(pane, "sort", None)

    def action_sort(self) -> None:
        """Sort the pane that has the keys in the next way."""
        raise NotImplementedError

    @on(Lines.Headed)
    def _head_clicked(self, event: Lines.Headed) -> None:
        """Sort a list by the column whose head was clicked."""
        pane = event.lines
        wanted = pane.by_head.get(event.head)
        if wanted is None:
            return
        pane.focus()
        self.set_focus(pane)
        # One order after the other, as the key does, until it is the one that is wanted.
        for _ in range(_ORDERS):
            if self.sorted_by(pane) in (wanted, None):
                break
            self.action_sort()
