"""What a pull costs as Markdown: for pull requests, wikis and chat."""

from __future__ import annotations

from collections.abc import Iterator

from ...report.interface import Options
from ...report.markdown import code, prose, table
from ..cost import PullCost
from . import words


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
