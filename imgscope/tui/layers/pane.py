"""The layers: what made each, how big it is, what it wasted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType

from ...escape import escape
from ...rows import Layer
from ...steps import fitted
from ..model.without import Without
from ..text import bar, clip_middle, size
from ..widgets import Lines

# Of an instruction that is cut, so much is its beginning.
_HEAD = 0.6


def one_line(instruction: str) -> str:
    """Return an instruction on one line, escaped."""
    return escape(" ".join(instruction.split()))


def brief(instruction: str, width: int) -> str:
    """Return an instruction on one line, cut in its middle: what is copied where, and the last command, stay."""
    return clip_middle(fitted(one_line(instruction), width), width, _HEAD)


class LayersPane(Lines):
    """A line for each layer; the one under the cursor is the one whose tree is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "screen.undo('page_up')", "Undo", show=False, id="undo.layers")
    ]

    def __init__(self, layers: Sequence[Layer], *, id: str, first: int | None = None) -> None:
        """List ``layers``, the first at the top; the one that made most waste is selected, else the largest.

        With ``first`` that one is selected.
        """
        super().__init__(id=id)
        self.image_layers = layers
        self.without: Without | None = None
        """What the image is shown without: layers that are struck out, and bytes that fixes save."""
        self.base: int | None = None
        """The last layer of the tree that is compared with; ``None``: the one below the selected."""
        self._largest = max((layer.content_bytes for layer in layers), default=0)
        if first is None or not 0 <= first < len(layers):
            most = max(layers, key=lambda layer: (layer.wasted_bytes, layer.content_bytes), default=None)
            first = most.index if most is not None else 0
        self.set_reactive(LayersPane.cursor, first)

    def count(self) -> int:
        """Return the number of layers."""
        return len(self.image_layers)

    def compare_from(self, base: int | None) -> None:
        """Show which layers are compared."""
        self.base = base
        self.refresh()

    def show_without(self, without: Without | None) -> None:
        """Show what is left of the layers."""
        self.without = without
        self.refresh()

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        text = f"{'#':>6}{'Size':>9} " + " " * (8 if width >= 44 else 0)
        return text + (f"{'Wasted':>8}  " if width >= 54 else " ") + "Instruction"

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one layer's line."""
        layer, without = self.image_layers[row], self.without
        quiet = self.part("lines--quiet")
        struck = without is not None and row in without.layers
        held = layer.content_bytes if without is None else without.layer_bytes[row]
        made = layer.wasted_bytes if without is None else without.made_waste[row]
        segments = [Segment(self._sign(row), self.part("mark--modified"))]
        segments.append(
            Segment(f"x{row:>3}" if struck else f"{row:>4}", self.part("mark--wasted") if struck else quiet)
        )
        segments.append(Segment(f"{size(held):>9} ", None if held else quiet))
        if width >= 44:
            share = held / self._largest if self._largest else 0.0
            segments.append(Segment(bar(share, 7) + " ", self.part("lines--bar")))
        if width >= 54:
            segments.append(Segment(f"{size(made) if made else '':>8}  ", self.part("mark--wasted")))
        else:
            segments.append(Segment(" "))
        room = width - sum(segment.cell_length for segment in segments)
        text = f"not analysed: {layer.missing}" if layer.missing else layer.instruction or "(no instruction known)"
        words = brief(text, room)
        if struck:
            return [*segments, Segment(words, self.part("mark--dead"))]
        first, space, rest = words.partition(" ")
        segments.append(Segment(first + space, self.part("lines--folder") if first.isupper() else None))
        segments.append(Segment(rest))
        return segments

    def _sign(self, row: int) -> str:
        """Return dive's mark of what is compared: the layers above the base and up to the selected."""
        base = self.cursor - 1 if self.base is None else self.base
        low, high = sorted((base, self.cursor))
        if row == self.base:
            return "◆ "
        return "┃ " if low < row <= high else "  "

    def watch_cursor(self, before: int, after: int) -> None:
        """Draw all lines: the marks of what is compared move too."""
        super().watch_cursor(before, after)
        self.refresh()
