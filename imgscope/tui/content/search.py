"""Finds words in a file's lines, and the line in which they are typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from .reading import HexLines

# Lines with matches that are counted.
MOST = 100_000


def matching(lines: Sequence[str], words: str) -> list[int]:
    """Return the lines that have ``words``, at most ``MOST``; small letters match large ones too.

    Of a hex dump the bytes are searched: for the words, and, where they are pairs of hex digits, for those bytes.
    """
    if not words:
        return []
    if isinstance(lines, HexLines):
        return _matching_bytes(lines, words)
    folded = words == words.lower()
    found: list[int] = []
    for row, line in enumerate(lines):
        if words in (line.lower() if folded else line):
            found.append(row)
            if len(found) == MOST:
                break
    return found


def _matching_bytes(lines: HexLines, words: str) -> list[int]:
    data = lines.data.lower() if words == words.lower() else lines.data
    found: set[int] = set()
    wanted = [(data, words.encode("utf-8", "surrogateescape"))]
    try:
        wanted.append((lines.data, bytes.fromhex(words)))
    except ValueError:
        pass
    for where, what in wanted:
        place = where.find(what) if what else -1
        while place >= 0 and len(found) < MOST:
            found.add(lines.row_of(place))
            # The first of a line is enough.
            place = where.find(what, (lines.row_of(place) + 1) * lines.width)
    return sorted(found)


class SearchInput(Input):
    """The field; Enter and the arrow lead to the lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,enter", "screen.leave_search", "To the lines", show=False),
        Binding("escape", "screen.close", "Close", show=False),
    ]


class SearchBar(Horizontal):
    """Takes what is searched for, and tells how many lines have it."""

    class Changed(Message):
        """What is searched for is another."""

        def __init__(self, words: str) -> None:
            """Tell the words."""
            self.words = words
            super().__init__()

    def compose(self) -> ComposeResult:
        """Make the label, the field and the count."""
        yield Static("Search", classes="search-label", markup=False)
        yield SearchInput(id="search-input", compact=True)
        yield Static("", id="search-count", markup=False)

    def open(self) -> None:
        """Show the line and take the keys."""
        self.add_class("open")
        # At once: what is typed after the key that opened this must not be taken for commands.
        self.screen.set_focus(self.query_one(SearchInput))

    def close(self) -> None:
        """Empty the line and hide it."""
        self.remove_class("open")
        self.query_one(SearchInput).value = ""

    def tell(self, words: str) -> None:
        """Say how many lines have it."""
        self.query_one("#search-count", Static).update(words)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what is typed."""
        event.stop()
        self.post_message(self.Changed(event.value))
