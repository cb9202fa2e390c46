"""Names and values in two columns, long values wrapped under themselves."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import events

from ..widgets import Lines

Row = tuple[str, str]


class Facts(Lines):
    """A page of facts that scrolls. A name without a value is a heading."""

    has_cursor: ClassVar[bool] = False

    def __init__(self, *, id: str) -> None:
        """Show nothing until ``show``."""
        super().__init__(id=id)
        self._facts: Sequence[Row] = ()
        self._wrapped: list[Row] = []
        self._label = 0
        self._wrapped_to = -1

    def show(self, facts: Sequence[Row]) -> None:
        """Show facts, from the first."""
        self._facts = facts
        self._wrap()
        self.scroll_to(y=0, animate=False, immediate=True)
        self.reload()

    def on_resize(self, event: events.Resize) -> None:
        """Wrap anew."""
        if self.scrollable_content_region.width != self._wrapped_to:
            self._wrap()
        super().on_resize(event)

    def _wrap(self) -> None:
        self._wrapped_to = width = self.scrollable_content_region.width
        self._label = max((len(name) for name, value in self._facts if value), default=0)
        room = max(width - self._label - 2, 10)
        self._wrapped = []
        for name, value in self._facts:
            lines = self._lines_of(value, room) if len(value) > room or not value.isascii() else [value]
            self._wrapped += [(name if number == 0 else "", line) for number, line in enumerate(lines)]

    def _lines_of(self, value: str, width: int) -> list[str]:
        if value.isascii():
            return wrap(value, width, break_on_hyphens=False) or [""]
        return [line.plain.rstrip() for line in Text(value).wrap(self.app.console, width)] or [""]

    def count(self) -> int:
        """Return the number of lines."""
        return len(self._wrapped)

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one line."""
        name, value = self._wrapped[row]
        if not value:
            return [Segment(name, self.part("lines--title"))]
        return [Segment(f"{name:<{self._label}}  ", self.part("lines--quiet")), Segment(value)]
