"""The window that lists all keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ..keys import Key, identifier, pretty


def keys_table(keys: Iterable[Key], marks: Iterable[tuple[str, str]], chosen: dict[str, str]) -> Table:
    """Lay out all keys by group, then marks and what they mean; ``chosen`` are keys that the config file gives."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column()
    groups: dict[str, list[Key]] = {}
    for key in keys:
        groups.setdefault(key.group, []).append(key)
    for group, some in groups.items():
        grid.add_row(Text(group, style="dim not bold"), Text(""))
        for key in some:
            grid.add_row(Text("  " + pretty(chosen.get(identifier(key.name), key.keys))), Text(key.words))
    grid.add_row(Text("Marks", style="dim not bold"), Text(""))
    for sign, words in marks:
        grid.add_row(Text("  " + sign), Text(words))
    return grid


class HelpScreen(ModalScreen[None]):
    """All keys, by what they are about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss(None)", "Close"),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]

    def __init__(self, keys: Iterable[Key], marks: Iterable[tuple[str, str]], chosen: dict[str, str]) -> None:
        """List the keys, those that were ``chosen`` in place of the usual ones."""
        super().__init__(classes="window")
        self.keys = keys
        self.marks = marks
        self.chosen = chosen

    def compose(self) -> ComposeResult:
        """Make the window."""
        with Vertical(classes="box") as box:
            box.border_title = "Keys"
            with VerticalScroll():
                yield Static(keys_table(self.keys, self.marks, self.chosen))

    def action_scroll(self, step: int) -> None:
        """Scroll the list."""
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)
