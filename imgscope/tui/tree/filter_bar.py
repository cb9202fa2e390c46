"""The line in which a filter is typed: of the tree, or of the list that had the keys."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.widgets import Input, Static

from ..containers import Row
from ..model.filter import MODES

_HINTS = {"tree": "text, *.glob, /path/**, regex$, >10MB, type:link, owner:0, mode:setuid, older:2y"}


class FilterInput(Input):
    """The field; arrows lead into the tree."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,enter", "screen.leave_filter", "To what is found", show=False),
        Binding("escape", "screen.clear_filter", "Clear", show=False),
        Binding("ctrl+t,f2", "screen.filter_mode", "Mode", show=False),
    ]
    # It is as wide as there is room for, whatever is typed: a letter lays nothing out anew.
    virtual_size = Reactive(Size(0, 0), repaint=False)


class FilterBar(Row):
    """Says how a pattern is understood, takes it, and tells how much it matches."""

    class Changed(Message):
        """The pattern, or how it is to be understood, is another."""

        def __init__(self, text: str, mode: str) -> None:
            """Tell both."""
            self.text = text
            self.mode = mode
            super().__init__()

    def __init__(self, *, id: str) -> None:
        """Start empty, with patterns understood by their look."""
        super().__init__(id=id)
        self.mode = MODES[0]
        self.target = "tree"
        """The pane that is filtered."""
        self._told = "", False
        self._how = "Filter"

    def compose(self) -> ComposeResult:
        """Make the label, the field and the count."""
        yield Static("Filter", id="filter-mode", markup=False)
        yield FilterInput(placeholder=_HINTS["tree"], id="filter-input", compact=True)
        yield Static("", id="filter-count", markup=False)

    @property
    def text(self) -> str:
        """What is typed."""
        return self.query_one(FilterInput).value

    def open(self, target: str = "tree") -> None:
        """Show the line and take the keys, to filter the pane ``target``."""
        self.target = target
        self.query_one(FilterInput).placeholder = _HINTS.get(target, "words, all of which are to be there")
        self.understood("")
        self.add_class("open")
        # At once: what is typed after the key that opened this must not be taken for commands.
        self.screen.set_focus(self.query_one(FilterInput))

    def close(self) -> None:
        """Empty the line and hide it."""
        self.remove_class("open")
        self.query_one(FilterInput).value = ""
        self.understood("")
        self.tell("")

    def next_mode(self) -> None:
        """Understand the pattern in the next way."""
        self.mode = MODES[(MODES.index(self.mode) + 1) % len(MODES)]
        self.post_message(self.Changed(self.text, self.mode))

    def understood(self, mode: str) -> None:
        """Say how the pattern is understood."""
        if self.target == "tree":
            how = mode if self.mode == "auto" or not mode else f"{mode}!"
            how = how or ("Filter" if self.mode == "auto" else self.mode)
        else:
            how = self.target.capitalize()
        if how != self._how:
            self._how = how
            self.query_one("#filter-mode", Static).update(how)

    def tell(self, words: str, wrong: bool = False) -> None:
        """Say how many paths match, or what is wrong with the pattern."""
        label = self.query_one("#filter-count", Static)
        if (words, wrong) != self._told:
            label.update(words, layout=cell_len(words) != cell_len(self._told[0]))
            self._told = words, wrong
            label.set_class(wrong, "wrong")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what is typed."""
        event.stop()
        self.post_message(self.Changed(event.value, self.mode))
