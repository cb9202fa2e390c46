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

_CHUNK = 1 << 16
# Half of a pair of surrogates, as JSON may write it: no text that anything can encode.
_HALF = re.compile("[\ud800-\udfff]")
_ESCAPED_HALF = (re.compile(r"\\u[dD][89a-fA-F]"), re.compile(rb"\\u[dD][89a-fA-F]"))


def values(data: bytes) -> int:
    """Return how many values a JSON text holds at most: each but the first follows a ``[``, a ``{`` or a comma."""
    return 1 + data.count(b"[") + data.count(b"{") + data.count(b",")


def _too_many(data: bytes, limit: int) -> bool:
    """Tell whether a JSON text holds over ``limit`` values; signs within strings are none."""
    if values(data) <= limit:
        # Nearly always: there are hardly ever enough signs to have to look for strings.
        return False
    data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    count, inside = 1, 0
    for start in range(0, len(data), _CHUNK):
        parts = data[start : start + _CHUNK].split(b'"')
        # Every other part is a string's; the last goes on in the next chunk.
        count += values(b"".join(parts[inside::2])) - 1
        inside = (inside + len(parts) - 1) % 2
    return count > limit


def parse(data: bytes, limit: int = MAX_VALUES) -> Any:
    """Parse JSON of at most ``limit`` values.

    Raises ``ValueError`` or ``RecursionError`` for what is malformed or too deep, ``LimitError`` for more values.
    """
    if _too_many(data, limit):
        raise LimitError(f"it holds over {limit:,} values")
    return loads(data)


def loads(text: str | bytes, *, strict: bool = True) -> Any:
    """Parse JSON; half of a pair of surrogates becomes U+FFFD, as RFC 8259 (section 8.2) warns of it.

    Raises ``ValueError`` and ``RecursionError``.
    """
    value = json.loads(text, strict=strict)
    if isinstance(text, str):
        odd = _ESCAPED_HALF[0].search(text) is not None or _HALF.search(text) is not None
    else:
        odd = _ESCAPED_HALF[1].search(text) is not None
    return _whole(value) if odd else value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_whole, value))
    return value


def parse_small(data: bytes) -> Any:
    """Parse the JSON of a package's manifest or the like; raises as ``parse``, with smaller limits."""
    if len(data) > MAX_SMALL:
        raise LimitError(f"it is over {MAX_SMALL >> 20} MiB long")
    return parse(data, MAX_SMALL_VALUES)
