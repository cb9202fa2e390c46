"""The waste, rolled up to folders, largest first: what held the bytes, who wrote them, who made them waste and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment

from ...escape import escape
from ...layer.names import internal
from ...report.sizes import quantity
from ...rollup import WasteGroup
from ..text import clip_middle, size
from ..widgets import Lines

_WORDS = {"metadata_only": "metadata"}
# What the list is sorted by, in turn; the first is how it comes.
_ORDERS = ("bytes", "path", "layer")


class WastePane(Lines):
    """A line for each group of wasted copies."""

    by_head: ClassVar[Mapping[str, str]] = {"Wasted": "bytes", "In→By": "layer", "Path": "path"}

    def __init__(self, *, id: str) -> None:
        """List nothing until ``start``."""
        super().__init__(id=id)
        self.groups: Sequence[WasteGroup] = ()
        self.sort = _ORDERS[0]

    def start(self, groups: Sequence[WasteGroup]) -> None:
        """List ``groups``, the largest first."""
        self.groups = groups
        self.reload(0)

    def count(self) -> int:
        """Return the number of groups."""
        return len(self.groups)

    @property
    def selected(self) -> WasteGroup | None:
        """The group under the cursor."""
        return self.groups[self.cursor] if self.cursor < len(self.groups) else None

    def path(self, row: int) -> bytes:
        """Return the folder or file of a line."""
        return internal(self.groups[row].path)

    def order(self) -> str:
        """Sort in the next way, with the cursor on the same group; return what by."""
        here = self.selected
        self.sort = _ORDERS[(_ORDERS.index(self.sort) + 1) % len(_ORDERS)]
        keys = {
            "bytes": lambda group: (-group.bytes, group.path),
            "path": lambda group: (group.path, group.stored_in),
            "layer": lambda group: (group.wasted_by, group.stored_in, -group.bytes, group.path),
        }
        self.groups = sorted(self.groups, key=keys[self.sort])
        self.reload(self.groups.index(here) if here is not None else 0)
        return self.sort

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        return f"{'Wasted':>9} {'In→By':>7}  {'Reason':<12} Path"

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one group's line."""
        group = self.groups[row]
        quiet = self.part("lines--quiet")
        segments = [
            Segment(f"{size(group.bytes):>9} ", self.part("mark--wasted")),
            Segment(f"{f'{group.stored_in}→{group.wasted_by}':>7}  ", quiet),
            Segment(f"{_WORDS.get(group.reason, group.reason):<12} "),
        ]
        room = width - sum(segment.cell_length for segment in segments)
        count = f" ({quantity(group.copies, 'file')})" if group.copies > 1 else ""
        if len(count) > room - 12:
            count = ""
        segments.append(Segment(clip_middle(escape(group.path), room - len(count))))
        return [*segments, Segment(count, quiet)]
