"""What a pull costs as Markdown: for pull requests, wikis and chat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...report.interface import Options
from ...report.markdown import block, code, prose, table
from ..cost import PullCost
from . import what_if, words


def render(cost: PullCost, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``report.interface.Render``."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in _lines(cost, options.exact_bytes))


def _lines(cost: PullCost, exact: bool) -> Iterator[str]:
    yield f"# A pull of {code(cost.reference)}"
    yield ""
    yield from (f"- {prose(line)}" for line in words.lines(cost, exact))
    yield ""
    yield from table(
        [*((title, True) for title in words.NUMBERS), ("instruction", False)],
        ((str(layer.index), *words.cells(layer, exact), code(layer.instruction[:120])) for layer in cost.layers),
    )
    for part in what_if.parts(cost, exact):
        yield ""
        yield f"## {part.title.capitalize()}"
        yield ""
        yield from (f"- {prose(line)}" for line in part.lines)
        if part.rows:
            yield ""
            *numbers, last = part.columns
            yield from table([*((title, True) for title in numbers), (last, False)], map(_row, part.rows))
        if part.code:
            yield ""
            yield from block(part.code, "dockerfile")


def _row(cells: Sequence[str]) -> tuple[str, ...]:
    return (*cells[:-1], code(cells[-1]))
