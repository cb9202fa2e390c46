"""What a pull costs as JSON, for programs; its fields are in docs/pull.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from ...report.interface import Options
from ...report.portable import dumps
from ..cost import PullCost

SCHEMA_VERSION = 1


def render(cost: PullCost, options: Options) -> Iterator[bytes]:
    """Yield the JSON; see ``report.interface.Render``."""
    most = cost.dominating
    document = {
        "schema_version": SCHEMA_VERSION,
        **asdict(cost),
        "dominating": None if most is None else most.index,
    }
    yield dumps(document) + b"\n"
