"""A screen's keys: what they are bound to, and the line at the bottom with those that are needed most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Static

from .keys import Key, actions, identifier, pretty

Shortcut = tuple[str, str, str]
"""A key, what it does in a word, and the action."""


def bindings(keys: tuple[Key, ...]) -> list[BindingType]:
    """Return the bindings of a screen's keys."""
    return [
        Binding(key.keys, key.name, key.words, show=False, id=identifier(key.name)) for key in actions(keys) if key.keys
    ]


def shortcuts(keys: tuple[Key, ...], names: Iterable[str]) -> list[Shortcut]:
    """Return what stands at the bottom for some actions, ``NAME`` or ``NAME=WORD``; none for what ``keys`` lack."""
    by_name = {key.name: key for key in actions(keys)}
    found: list[Shortcut] = []
    for written in names:
        name, _, word = written.partition("=")
        if name in by_name:
            key = by_name[name]
            found.append((pretty(key.keys.split(",")[0]), word or key.short, name))
    return found


class KeyBar(Static):
    """Keys and words; a click does what the key does.

    Textual's own footer makes a widget for each key anew whenever another pane takes the keys; this is one text.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key"}

    def __init__(self, keys: Iterable[Shortcut], always: Iterable[Shortcut] = ()) -> None:
        """Show ``keys`` in this order, as many as there is room for; those that are ``always`` seen at the right."""
        super().__init__(id="keys", markup=False)
        self.keys = list(keys)
        self.always = list(always)

    def show(self, keys: Iterable[Shortcut]) -> None:
        """Show other keys."""
        self.keys = list(keys)
        self.refresh()

    def render(self) -> Text:
        """Write as many keys as there is room for."""
        text, end = Text(no_wrap=True, overflow="crop"), Text()
        for shortcut in self.always:
            end.append_text(self._written(*shortcut))
        for shortcut in self.keys:
            written = self._written(*shortcut)
            if text.cell_len + written.cell_len + end.cell_len > self.size.width:
                break
            text.append_text(written)
        text.pad_right(self.size.width - text.cell_len - end.cell_len)
        return text.append_text(end)

    def _written(self, key: str, word: str, action: str) -> Text:
        style = self.get_component_rich_style("key-bar--key", partial=True)
        meta = Style.from_meta({"action": action})
        return Text.assemble((f" {key}", style + meta), (f" {word} ", meta))

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        action = event.style.meta.get("action")
        if action:
            await self.screen.run_action(action)
