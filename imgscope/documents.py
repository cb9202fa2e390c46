"""JSON of strangers, parsed with a bound on what it becomes: a byte or two of it make an object of a hundred bytes."""

from __future__ import annotations

import json
import re
from typing import Any

from .errors import LimitError

MAX_VALUES = 250_000
"""A config has some thousand values, an index of ten thousand manifests a hundred thousand."""
MAX_SMALL = 4 << 20
"""A package's manifest or the like is not longer, in bytes."""
MAX_SMALL_VALUES = 50_000

# Nothing in it can match in two ways, so time is linear whatever the text.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def values(data: bytes) -> int:
    """Return how many values a JSON text holds at most: each but the first follows a ``[``, a ``{`` or a comma."""
    return 1 + data.count(b"[") + data.count(b"{") + data.count(b",")


def parse(data: bytes, limit: int = MAX_VALUES) -> Any:
    """Parse JSON of at most ``limit`` values.

    Raises ``ValueError`` or ``RecursionError`` for what is malformed or too deep, ``LimitError`` for more values.
    """
    # Signs within strings are no values, but there are hardly ever enough of them to have to look.
    if values(data) > limit and values(_STRING.sub(b"", data)) > limit:
        raise LimitError(f"it holds over {limit:,} values")
    return json.loads(data)


def parse_small(data: bytes) -> Any:
    """Parse the JSON of a package's manifest or the like; raises as ``parse``, with smaller limits."""
    if len(data) > MAX_SMALL:
        raise LimitError(f"it is over {MAX_SMALL >> 20} MiB long")
    return parse(data, MAX_SMALL_VALUES)
