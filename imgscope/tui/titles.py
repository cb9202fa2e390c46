"""The titles of a screen's panes: with the digit that leads to each, as tabs where several share a place."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.screen import Screen

from .keys import Key, pretty
from .text import clip, plain


class Titles:
    """What stands above each pane of a screen."""

    def __init__(self, screen: Screen[None], keys: Sequence[Key], lower: Sequence[str]) -> None:
        """Write nothing yet; ``lower`` are the panes that share the tree's place on a narrow terminal."""
        self._screen = screen
        self._lower = lower
        self._digits = {
            key.name.removeprefix("pane('").removesuffix("')"): pretty(key.keys.split(",")[0])
            for key in keys
            if key.name.startswith("pane('")
        }
        self._titles: dict[str, tuple[str, str]] = {}
        self._written: dict[str, Content] = {}

    def put(self, name: str, words: str, short: str = "") -> None:
        """Give a pane its title; ``short`` stands on its tab, where several panes share a place."""
        self._titles[name] = (words, short or words)
        self.write()

    def write(self) -> None:
        """Write all titles, as there is room for now."""
        screen = self._screen
        narrow, short = screen.has_class("-narrow"), screen.has_class("-short")
        shared = ("tree", *self._lower) if narrow else self._lower if short else ()
        for name, (words, _) in self._titles.items():
            if name in shared:
                title = self._tabs(shared, name)
            else:
                title = plain(f"{self._digits.get(name, '')} {words}".strip())
            # A pane is drawn anew, all of it, whenever it is given a title, be it the one that it has.
            before = self._written.get(name)
            if before is None or not title.is_same(before):
                self._written[name] = title
                screen.query_one(f"#{name}").border_title = title

    def _tabs(self, shared: Sequence[str], chosen: str) -> Content:
        """Write the titles of panes that share a place in one line; the chosen one's is cut to what is left."""
        others = [f"{self._digits.get(name, '')} {self._titles.get(name, ('', ''))[1]}" for name in shared]
        room = self._screen.query_one(f"#{chosen}").size.width - sum(len(text) + 3 for text in others) - 6
        parts: list[Content | tuple[str, str]] = []
        for name, text in zip(shared, others, strict=True):
            if parts:
                parts.append((" │ ", "dim"))
            words, short = self._titles.get(name, ("", ""))
            if name == chosen:
                cut = clip(words, max(room + cell_len(short), cell_len(short)))
                parts.append(plain(f"{self._digits.get(name, '')} {cut}"))
            else:
                parts.append((text, "not bold dim"))
        return Content.assemble(*parts)
