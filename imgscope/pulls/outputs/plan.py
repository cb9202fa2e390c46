"""The plan of layers that a what-if proposes, as the file that ``squash --split`` takes."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import UsageError
from ...report.interface import Options
from ..cost import PullCost


def render(cost: PullCost, options: Options) -> Iterator[bytes]:
    """Yield the plan; see ``report.interface.Render``. Raises ``UsageError`` where nobody asked what if."""
    if cost.what_if is None:
        raise UsageError("a plan is what a what-if makes: ask for that too")
    yield from (line.encode() + b"\n" for line in cost.what_if.plan.toml())
