"""The line at the bottom: the keys that are needed most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.widgets import Static


class KeyBar(Static):
    """Keys and words; a click does what the key does.

    Textual's own footer makes a widget for each key anew whenever another pane takes the keys; this is one text.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key"}

    def __init__(self, keys: Iterable[tuple[str, str, str]]) -> None:
        """Show (key, word, action) of ``keys``, in this order; what does not fit is cut off."""
        super().__init__(id="keys", markup=False)
        self.keys = list(keys)

    def render(self) -> Text:
        """Write as many keys as there is room for."""
        key_style = self.get_component_rich_style("key-bar--key", partial=True)
        text = Text(no_wrap=True, overflow="crop")
        for key, word, action in self.keys:
            if text.cell_len + len(key) + len(word) + 3 > self.size.width:
                break
            text.append(f" {key}", key_style + Style.from_meta({"action": action}))
            text.append(f" {word} ", Style.from_meta({"action": action}))
        return text

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the mouse does."""
        action = event.style.meta.get("action")
        if action:
            await self.screen.run_action(action)
