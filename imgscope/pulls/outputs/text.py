"""What a pull costs, for people."""

from __future__ import annotations

from collections.abc import Iterator

from ...escape import escape
from ...report.interface import Options
from ...report.page import Instruction, Page, Text
from ..cost import PullCost
from . import what_if, words


def render(cost: PullCost, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``report.interface.Render``."""
    page = _Pull(cost, options)
    page.write()
    yield page.bytes()


class _Pull(Page):
    def __init__(self, cost: PullCost, options: Options) -> None:
        super().__init__(options)
        self.cost = cost

    def write(self) -> None:
        cost = self.cost
        self.console.print(Text(escape(cost.reference), style="bold cyan"), no_wrap=True, overflow="ellipsis")
        for number, line in enumerate(words.lines(cost, self.options.exact_bytes)):
            self.show(Text(escape(line), style="dim" if number == 1 else ""))
        self.console.print()
        columns = [(title, "right") for title in words.NUMBERS]
        columns += [] if self.narrow else [("", "left")]
        table = self.table(*columns, ("instruction", "rest"))
        for layer in cost.layers:
            row: list[Text | str] = [Text(str(layer.index), style="dim"), *words.cells(layer, self.options.exact_bytes)]
            if not self.narrow:
                row.append(Text(self.bar(round(layer.seconds * 1000), round(cost.seconds * 1000), 8), style="cyan"))
            table.add_row(*row, Instruction(escape(layer.instruction), "dim" if layer.present else ""))
        self.show(table)
        for part in what_if.parts(cost, self.options.exact_bytes):
            self._part(part)

    def _part(self, part: what_if.Part) -> None:
        self.heading(part.title)
        for line in part.lines:
            self.show(Text(line))
        if part.rows:
            *numbers, last = part.columns
            table = self.table(*((title, "right") for title in numbers), (last, "words"))
            for row in part.rows:
                table.add_row(*(Text(cell) for cell in row))
            self.show(table)
        for line in part.code:
            self.console.print(Text(f"    {escape(line)}", style="green"), soft_wrap=True)
