"""The waste, rolled up to folders, largest first: what held the bytes, who wrote them, who made them waste and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment

from ...escape import escape
from ...paths import internal
from ...report.sizes import quantity
from ...rollup import WasteGroup
from ..list_pane import ListPane
from ..text import clip_middle, size

_REASONS = {"metadata_only": "metadata"}


class WastePane(ListPane[WasteGroup]):
    """A line for each group of wasted copies."""

    orders: ClassVar[Mapping[str, Callable[..., object]]] = {
        "bytes": lambda group: (-group.bytes, group.path),
        "path": lambda group: (group.path, group.stored_in),
        "layer": lambda group: (group.wasted_by, group.stored_in, -group.bytes, group.path),
    }
    noun = ("group", "groups")
    by_head: ClassVar[Mapping[str, str]] = {"Wasted": "bytes", "In→By": "layer", "Path": "path"}

    def __init__(self, *, id: str) -> None:
        """List nothing until ``fill``."""
        super().__init__(id=id)
        self._whole: Sequence[WasteGroup] | None = None
        self.gone: frozenset[WasteGroup] = frozenset()
        """Groups of the image as it is that the one without what is struck out does not have."""

    def show_left(self, left: Sequence[WasteGroup] | None) -> None:
        """List what is left besides what is gone; with ``None`` the image's waste as it is."""
        whole = self._whole = self._all if self._whole is None else self._whole
        self.gone = frozenset()
        if left is None:
            self._whole = None
            self.refill(whole)
            return
        # A group of which a part is left is no longer the same: that part is listed, and it is no more.
        self.gone = frozenset(whole).difference(left)
        self.refill(sorted([*left, *self.gone], key=lambda group: (-group.bytes, group.path, group.stored_in)))

    def text(self, item: WasteGroup) -> str:
        """Return the path and the reason."""
        return f"{item.path} {self._reason(item)}"

    def worth(self, item: WasteGroup) -> int:
        """Return the wasted bytes."""
        return item.bytes

    def path(self, row: int) -> bytes:
        """Return the folder or file of a line."""
        return internal(self.items[row].path)

    @staticmethod
    def _reason(group: WasteGroup) -> str:
        return _REASONS.get(group.reason, group.reason)

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        return f"{'Wasted':>9} {'In→By':>7}  {'Reason':<12} Path"

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one group's line."""
        group = self.items[row]
        quiet = self.part("lines--quiet")
        gone = group in self.gone
        segments = [
            Segment(f"{'x' if gone else ''}{size(group.bytes):>{8 if gone else 9}} ", self.part("mark--wasted")),
            Segment(f"{f'{group.stored_in}→{group.wasted_by}':>7}  ", quiet),
            Segment(f"{self._reason(group):<12} "),
        ]
        room = width - sum(segment.cell_length for segment in segments)
        count = f" ({quantity(group.copies, 'file')})" if group.copies > 1 else ""
        if len(count) > room - 12:
            count = ""
        style = self.part("mark--dead") if gone else None
        segments.append(Segment(clip_middle(escape(group.path), room - len(count)), style))
        return [*segments, Segment(count, quiet)]
