"""Sizes as people write them: ``20MB``, ``1.5GiB``."""

from __future__ import annotations

import re

from .errors import UsageError
from .escape import escape

_SIZE = re.compile(r"\+?\s*([0-9]+(?:[.][0-9]+)?|[.][0-9]+)\s*([a-z]*)", re.IGNORECASE)
_UNITS = {"": 1, "b": 1} | {
    prefix + ending: base**power
    for power, prefix in enumerate("kmgtpe", 1)
    for ending, base in (("", 1000), ("b", 1000), ("i", 1024), ("ib", 1024))
}


def read_size(text: str) -> int | None:
    """Read a number of bytes: decimal units as Docker prints them (20MB, 20m), binary ones that say so (20MiB).

    ``None`` for what is not a size.
    """
    match = _SIZE.fullmatch(text.strip())
    factor = _UNITS.get(match[2].lower()) if match else None
    if match is None or factor is None:
        return None
    return int(match[1]) * factor if match[1].isdigit() else int(float(match[1]) * factor)


def parse_size(text: str, option: str) -> int:
    """Read the value of an option. Raises ``UsageError``."""
    size = read_size(text)
    if size is None:
        raise UsageError(f"{option} {escape(text)}: not a size; write it as 500kB, 10MB or 1GiB")
    return size
