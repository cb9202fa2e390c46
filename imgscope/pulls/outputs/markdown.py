"""What a pull costs as Markdown: for pull requests, wikis and chat."""

from __future__ import annotations

from collections.abc import Iterator

from ...report.interface import Options
from ...report.markdown import code, prose, table
from ...report.sizes import size
from ..cost import PullCost
from . import words


def render(cost: PullCost, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``outputs.Render``."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in _lines(cost, options.exact_bytes))


def _lines(cost: PullCost, exact: bool) -> Iterator[str]:
    yield f"# A pull of {code(cost.reference)}"
    yield ""
    yield from (f"- {prose(line)}" for line in words.lines(cost, exact))
    yield ""
    yield from table(
        [
            ("#", True),
            ("to pull", True),
            ("unpacked", True),
            ("there at", True),
            ("ready at", True),
            ("instruction", False),
        ],
        (
            (
                str(layer.index),
                ("~" if layer.about else "") + size(layer.bytes, exact),
                ("~" if layer.unpacked_about else "") + size(layer.unpacked_bytes, exact),
                "has it" if layer.present else words.seconds(layer.downloaded),
                "" if layer.present else words.seconds(layer.unpacked),
                code(layer.instruction[:120]),
            )
            for layer in cost.layers
        ),
    )
