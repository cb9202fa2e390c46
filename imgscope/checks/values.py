"""Limits as people write them: ``20MB``, ``1.5GiB``, ``+5%``, ``0.95``; and what they are as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import units
from ..errors import ConfigError
from ..escape import escape

BOTH = ("percent", "floor")
"""The keys of a limit that is passed only where a share and a size both are."""

BYTES, COUNT, SHARE, FLAG, PATHS, WORDS = "bytes", "count", "share", "flag", "paths", "rules"

_PERCENT = re.compile(r"\+?\s*([0-9]+(?:[.][0-9]+)?|[.][0-9]+)\s*%")
_MOST = 1 << 63


@dataclass(frozen=True, slots=True)
class Limit:
    """A rule's limit: a number of ``unit`` (``bytes``, ``count``, ``share``), true (``flag``),
    globs (``paths``) or words that name rules of suggest (``rules``).

    A share may have a ``floor`` in bytes: both have to be passed.
    """

    value: Any
    unit: str
    floor: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """How a rule's limit is written: its reader, its name in ``--help``, an example, and its JSON Schema."""

    metavar: str
    example: str
    schema: dict[str, Any]
    read: Callable[[Any], Limit | None]

    def parse(self, value: Any, where: str) -> Limit:
        """Read one value. Raises ``ConfigError`` that says where it stands and how it would be right."""
        limit = self.read(value)
        if limit is None:
            shown = escape(value) if isinstance(value, str) else str(value)
            raise ConfigError(f"{where}: {shown!r} can't be read; write it like {self.example}")
        return limit


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) and value >= 0 else None


def read_size(value: Any) -> Limit | None:
    """Read a number of bytes: decimal units as Docker prints them (20MB, 20m), binary ones that say so (20MiB)."""
    if isinstance(value, str):
        number: float | None = units.read_size(value)
    else:
        number = _number(value)
    return Limit(int(number), BYTES) if number is not None and number < _MOST else None


def read_count(value: Any) -> Limit | None:
    """Read a whole number; as text, thousands may be set off by ``_`` or ``,``."""
    if isinstance(value, str):
        text = value.strip().replace("_", "").replace(",", "")
        return Limit(int(text), COUNT) if re.fullmatch(r"[0-9]{1,18}", text) else None
    number = _number(value)
    return Limit(int(number), COUNT) if number is not None and number == int(number) and number < _MOST else None


def read_percent(value: Any) -> Limit | None:
    """Read a share that is written with its sign: ``5%``."""
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    return Limit(float(match[1]) / 100, SHARE) if match else None


def read_share(value: Any) -> Limit | None:
    """Read a share between nothing and all: ``95%``, or ``0.95``."""
    limit = read_percent(value)
    if limit is None:
        try:
            number = float(value) if isinstance(value, str) else _number(value)
        except ValueError:
            return None
        limit = Limit(float(number), SHARE) if number is not None else None
    return limit if limit is not None and 0 <= limit.value <= 1 else None


def read_amount(value: Any) -> Limit | None:
    """Read a size, or a share of something written with its sign: ``5MB``, ``+5%``; or a share and a floor, both of
    which have to be passed: ``{ percent = "10%", floor = "20MB" }``, as text ``10% and 20MB``.
    """
    if isinstance(value, str) and " and " in value:
        percent, _, floor = value.partition(" and ")
        value = {"percent": percent, "floor": floor}
    if isinstance(value, dict):
        if set(value) != set(BOTH):
            return None
        share, least = read_percent(value["percent"]), read_size(value["floor"])
        return Limit(share.value, SHARE, least.value) if share is not None and least is not None else None
    return read_percent(value) or read_size(value)


def read_flag(value: Any) -> Limit | None:
    """Read ``true``."""
    return Limit(True, FLAG) if value is True else None


def read_globs(value: Any) -> Limit | None:
    """Read globs and names of path sets: one, or a list."""
    globs = [value] if isinstance(value, str) else value
    if not isinstance(globs, list | tuple) or not globs:
        return None
    return Limit(tuple(globs), PATHS) if all(isinstance(glob, str) and glob.strip("/ ") for glob in globs) else None


def read_words(value: Any) -> Limit | None:
    """Read words that name rules of suggest: one, or a list; commas part them too."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        return None
    parts = tuple(part for word in words for part in (piece.strip() for piece in word.split(",")) if part)
    return Limit(parts, WORDS) if parts else None


_POSITIVE = {"type": "number", "minimum": 0}
_DECIMAL = r"([0-9]+([.][0-9]+)?|[.][0-9]+)"
_SIZE = {"type": "string", "pattern": rf"^\s*[+]?\s*{_DECIMAL}\s*([kKmMgGtTpPeE][iI]?)?[bB]?\s*$"}
_PERCENTAGE = {"type": "string", "pattern": rf"^\s*[+]?\s*{_DECIMAL}\s*%\s*$"}
_FRACTION = {"type": "number", "minimum": 0, "maximum": 1}
_FRACTION_TEXT = {"type": "string", "pattern": r"^\s*[+]?(0?[.][0-9]+|[01]([.]0*)?)\s*$"}


def _one_or_more(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


SIZE = Kind("SIZE", "250MB or 1.5GiB", {"anyOf": [_POSITIVE, _SIZE]}, read_size)
NUMBER = Kind(
    "N",
    "30",
    {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^\\s*[_,]*[0-9][0-9_,]*\\s*$"}]},
    read_count,
)
PART = Kind("SHARE", "95% or 0.95", {"anyOf": [_FRACTION, _PERCENTAGE, _FRACTION_TEXT]}, read_share)
_BOTH = {
    "type": "object",
    "properties": {"percent": _PERCENTAGE, "floor": {"anyOf": [_POSITIVE, _SIZE]}},
    "required": list(BOTH),
    "additionalProperties": False,
    "description": "Passed only where both the share and the size are.",
}
_BOTH_TEXT = {"type": "string", "pattern": rf"{_PERCENTAGE['pattern'][:-1]}and {_SIZE['pattern'][1:]}"}
AMOUNT = Kind(
    "SIZE|PERCENT",
    '5MB, 5% or { percent = "5%", floor = "5MB" }',
    {"anyOf": [_POSITIVE, _SIZE, _PERCENTAGE, _BOTH, _BOTH_TEXT]},
    read_amount,
)
SWITCH = Kind("", "true", {"const": True}, read_flag)
GLOBS = Kind(
    "GLOB|SET",
    '["secrets", "/app/.git/**"]',
    _one_or_more({"type": "string", "pattern": "[^/ ]"}),
    read_globs,
)
CODES = Kind("RULE", '["IS001", "IS6"]', _one_or_more({"type": "string", "pattern": "[^, ]"}), read_words)
