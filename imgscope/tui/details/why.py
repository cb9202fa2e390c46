"""Why: the history of the path under the cursor, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from ...analysis import Event, Layer
from ...escape import escape
from ...report.sizes import size
from ..layers.pane import one_line
from ..text import clip_left

_STYLES = {
    "added": "green",
    "modified": "yellow",
    "metadata_only": "magenta",
    "rewritten": "cyan",
    "removed": "red",
    "repeated": "cyan",
}


class WhyPane(VerticalScroll, can_focus=True):
    """What each layer did to one path."""

    def compose(self) -> ComposeResult:
        """Make the text."""
        yield Static("", id="why-text")

    def show(self, path: str, events: Sequence[Event], layers: Sequence[Layer]) -> None:
        """Show the events of a path."""
        self.border_title = f"Why {clip_left(escape(path), max(self.size.width - 12, 20))}"
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        held = 0
        for event in events:
            held += event.file is not None
            text = Text(f"{event.cause}\n" if event.cause else "", style="default")
            text.append(one_line(layers[event.layer].instruction or "(no instruction known)"), style="dim")
            word = event.kind.replace("_", " ")
            grid.add_row(
                Text(str(event.layer), style="dim"),
                Text(word, style=_STYLES.get(event.kind, "")),
                Text(size(event.bytes)),
                Text(escape(text.plain.replace("\n", "\x00")).replace("\\x00", "\n"), spans=text.spans)
                if event.cause
                else text,
            )
        self.border_subtitle = f"in {held} layers" if held != 1 else "in 1 layer"
        self.query_one("#why-text", Static).update(grid)

    def say(self, words: str) -> None:
        """Show a line instead."""
        self.border_title = "Why"
        self.border_subtitle = ""
        self.query_one("#why-text", Static).update(Text(words, style="dim"))
