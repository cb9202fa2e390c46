"""A window that asks for a word or a yes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static


class Ask(ModalScreen[tuple[str, str] | None]):
    """Shows a text, a field if ``value`` is given, and buttons; answers (button, value), or ``None`` for Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
    ]

    def __init__(self, title: str, words: str, buttons: Sequence[str], value: str | None = None) -> None:
        """Ask; the first of ``buttons`` is what Enter in the field presses. ``words`` are escaped already."""
        super().__init__(classes="window")
        self.heading = title
        self.words = words
        self.buttons = buttons
        self.value = value

    def compose(self) -> ComposeResult:
        """Make the window."""
        with Vertical(classes="box") as box:
            box.border_title = self.heading
            yield Static(self.words, markup=False)
            if self.value is not None:
                yield Input(self.value, id="answer")
            with Horizontal(classes="buttons"):
                for number, name in enumerate(self.buttons):
                    button = Button(name, id=f"button-{number}", compact=True)
                    button.variant = "default" if number else "primary"
                    yield button

    def on_mount(self) -> None:
        """Let the keys go to the field, or to the last button: the one that does no harm."""
        if self.value is not None:
            self.set_focus(self.query_one(Input))
        else:
            self.set_focus(self.query_one(f"#button-{len(self.buttons) - 1}"))

    def _answer(self, button: str) -> None:
        self.dismiss((button, self.query_one(Input).value if self.value is not None else ""))

    def on_input_submitted(self) -> None:
        """Take Enter for the first button."""
        self._answer(self.buttons[0])

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer, but for a button that cancels."""
        name = str(event.button.label)
        if name == "Cancel":
            self.dismiss(None)
        else:
            self._answer(name)
