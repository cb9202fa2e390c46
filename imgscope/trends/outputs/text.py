"""A trend for people: a row an image with a bar, the line of all of them, and what the jumps were."""

from __future__ import annotations

from collections.abc import Iterator

from ...differences.report.words import signed
from ...escape import escape
from ...report.interface import Options
from ...report.page import Page, Text
from ..model import PULL, Trend
from . import words


def render(trend: Trend, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``report.interface.Render``."""
    page = _Trend(trend, options)
    page.write()
    yield page.bytes()


class _Trend(Page):
    def __init__(self, trend: Trend, options: Options) -> None:
        super().__init__(options)
        self.trend = trend

    def write(self) -> None:
        trend = self.trend
        self.console.print(Text(escape(trend.title), style="bold cyan"), no_wrap=True, overflow="ellipsis")
        line = words.sparkline([trend.size(point) for point in trend.points]) if self.options.unicode else ""
        self.show(Text(f"{words.heading(trend)}  {line}".rstrip(), no_wrap=True))
        self.points()
        for step in trend.jumps:
            self.heading("Jump", escape(words.jump(trend, step, self.options.exact_bytes)))
            self.show(Text(escape(step.problem or step.why)))
            table = self.table(("", "left"), ("", "right"), ("", "rest"), header=False)
            for cause in step.causes:
                table.add_row(cause.kind, signed(cause.bytes, self.options.exact_bytes), escape(cause.what))
            if step.causes:
                self.show(table)
        notes = [f"{point.name}: {point.problem}" for point in trend.points if point.problem]
        self.notes([*notes, *filter(None, [words.left_out(trend)])])

    def points(self) -> None:
        trend = self.trend
        self.console.print()
        most = max((trend.size(point) or 0 for point in trend.points), default=0)
        # Long names are folded, so that no figure gives way to them.
        long = max(len(point.name) for point in trend.points) > self.options.width // 3
        columns = [
            ("image", "path" if long else "left"),
            ("made", "left"),
            (trend.measure, "right"),
            ("change", "right"),
        ]
        columns += [] if self.narrow else [("new to pull", "right"), ("", "left")]
        table = self.table(*columns)
        for point, shown, change, new in words.cells(trend, self.options.exact_bytes):
            name = Text(escape(point.name))
            made = Text(words.date(point), style="dim")
            style = "yellow" if change.startswith("+") else "green" if change.startswith("-") else ""
            row: list[str | Text] = [
                name,
                made,
                f"{'~' if point.about and trend.measure == PULL else ''}{shown}",
                Text(change, style=style),
            ]
            if not self.narrow:
                row += [Text(new, style="dim"), Text(self.bar(trend.size(point) or 0, most, 16), style="cyan")]
            table.add_row(*row)
        self.show(table)
