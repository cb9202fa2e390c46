"""The line under the tree in which a filter is typed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from ..model.filter import MODES


class FilterInput(Input):
    """The field; arrows lead into the tree."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,enter", "screen.pane('tree')", "To the tree", show=False),
        Binding("escape", "screen.clear_filter", "Clear", show=False),
        Binding("ctrl+t,f2", "screen.filter_mode", "Mode", show=False),
    ]


class FilterBar(Horizontal):
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

    def compose(self) -> ComposeResult:
        """Make the label, the field and the count."""
        yield Static("Filter", id="filter-mode", markup=False)
        yield FilterInput(placeholder="text, *.glob, /path/**, or regex$", id="filter-input", compact=True)
        yield Static("", id="filter-count", markup=False)

    @property
    def text(self) -> str:
        """What is typed."""
        return self.query_one(FilterInput).value

    def open(self) -> None:
        """Show the line and take the keys."""
        self.add_class("open")
        # At once: what is typed after the key that opened this must not be taken for commands.
        self.screen.set_focus(self.query_one(FilterInput))

    def close(self) -> None:
        """Empty the line and hide it."""
        self.remove_class("open")
        self.query_one(FilterInput).value = ""
        self.tell("")

    def next_mode(self) -> None:
        """Understand the pattern in the next way."""
        self.mode = MODES[(MODES.index(self.mode) + 1) % len(MODES)]
        self.post_message(self.Changed(self.text, self.mode))

    def understood(self, mode: str) -> None:
        """Say how the pattern is understood."""
        how = mode if self.mode == "auto" or not mode else f"{mode}!"
        self.query_one("#filter-mode", Static).update(how or ("Filter" if self.mode == "auto" else self.mode))

    def tell(self, words: str, wrong: bool = False) -> None:
        """Say how many paths match, or what is wrong with the pattern."""
        label = self.query_one("#filter-count", Static)
        label.update(words)
        label.set_class(wrong, "wrong")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what is typed."""
        event.stop()
        self.post_message(self.Changed(event.value, self.mode))
