"""The line under the tree: the whole path that the cursor is on."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from ..text import clip_left


class PathLine(Widget):
    """One line of text, cut at its left end; drawn apart from the tree, so that moving draws little."""

    def __init__(self, *, id: str) -> None:
        """Show nothing yet."""
        super().__init__(id=id)
        self._path = ""

    def show(self, path: str) -> None:
        """Show a path that is escaped already."""
        if path != self._path:
            self._path = path
            self.refresh()

    def render(self) -> Text:
        """Return the path as far as there is room."""
        return Text(clip_left(self._path, self.size.width), no_wrap=True)
