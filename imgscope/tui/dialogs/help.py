"""The window that lists all keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ..keys import Key, identifier, pretty
from .window import Window

# Two columns of keys need that much room, each.
_COLUMN = 58

Group = tuple[str, list[tuple[str, str]]]
"""A heading, and pairs of keys and what they do."""


def groups(keys: Iterable[Key], marks: Iterable[tuple[str, str]], chosen: dict[str, str]) -> list[Group]:
    """Return keys by what they are about, then marks and their meaning; ``chosen`` are keys of the config file."""
    found: dict[str, list[tuple[str, str]]] = {}
    for key in keys:
        found.setdefault(key.group, []).append((pretty(chosen.get(identifier(key.name), key.keys)), key.words))
    return [*found.items(), ("Marks", list(marks))]


def table(some: Sequence[Group]) -> Table:
    """Lay out groups below each other."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(ratio=1)
    for number, (heading, rows) in enumerate(some):
        if number:
            grid.add_row("", "")
        grid.add_row(Text(heading, style="dim not bold"), "")
        for sign, words in rows:
            grid.add_row(Text("  " + sign), Text(words))
    return grid


def columns(some: Sequence[Group], width: int) -> Table:
    """Lay out groups in two columns of about the same height where there is room, else in one."""
    if width < 2 * _COLUMN:
        return table(some)
    heights = [len(rows) + 2 for _, rows in some]
    cut = min(range(1, len(some)), key=lambda place: abs(sum(heights[:place]) - sum(heights[place:])))
    grid = Table.grid(padding=(0, 3, 0, 0), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(table(some[:cut]), table(some[cut:]))
    return grid


class HelpScreen(Window):
    """All keys, by what they are about."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,f1", "dismiss(None)", "Close")]

    def __init__(self, keys: Iterable[Key], marks: Iterable[tuple[str, str]], chosen: dict[str, str]) -> None:
        """List the keys, those that were ``chosen`` in place of the usual ones."""
        super().__init__("Keys")
        self.add_class("wide")
        self.groups = groups(keys, marks, chosen)

    def content(self) -> ComposeResult:
        """Make the list; how it is laid out depends on the room."""
        yield Static(id="help")

    def on_resize(self) -> None:
        """Lay out the list for the room that there is."""
        text = self.query_one("#help", Static)
        self.call_after_refresh(lambda: text.update(columns(self.groups, text.size.width)))
