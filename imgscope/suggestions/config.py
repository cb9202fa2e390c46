"""What ``[suggest]`` of the configuration file sets; options of the command line win."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config import as_table, find, near, tables
from ..errors import ConfigError
from ..escape import escape
from ..units import read_size
from .run import MIN_SIZE

KEYS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "select": ("Only these rules: codes, their beginnings, names.", {"type": "array", "items": {"type": "string"}}),
    "ignore": ("Not these rules.", {"type": "array", "items": {"type": "string"}}),
    "min-size": ("Leave out what saves less: 100kB.", {"type": ["string", "integer"]}),
    "gpu": (
        "The GPUs that there are: sm_80, gfx90a.",
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    ),
    "dockerfile": ("The Dockerfile that the image is built from.", {"type": "string", "minLength": 1}),
    "base": ("The image that it is built on.", {"type": "string", "minLength": 1}),
}
"""Keys of the table: what each means, and its JSON Schema."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The table ``[suggest]``; ``dockerfile`` is beside the file that names it."""

    selected: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    min_size: int = MIN_SIZE
    dockerfile: str | None = None
    base: str | None = None
    gpu: tuple[str, ...] = ()


def load(start: Path) -> Settings:
    """Read the settings of the nearest configuration file, upward from ``start``. Raises ``ConfigError``."""
    path = find(start)
    return Settings() if path is None else read(path)


def read(path: Path) -> Settings:
    """Read the settings of a configuration file. Raises ``ConfigError``."""
    shown = escape(str(path))
    table = as_table(tables(path).get("suggest", {}), f"{shown}: suggest")
    for key in table:
        if key not in KEYS:
            raise ConfigError(f"{shown}: [suggest] has no {escape(key)!r}{near(key, KEYS)}")
    dockerfile, base = (_text(table, key, shown) for key in ("dockerfile", "base"))
    return Settings(
        _words(table, "select", shown),
        _words(table, "ignore", shown),
        _size(table.get("min-size", MIN_SIZE), shown),
        str(path.parent / dockerfile) if dockerfile is not None else None,
        base,
        _words(table, "gpu", shown),
    )


def _words(table: dict[str, Any], key: str, shown: str) -> tuple[str, ...]:
    value = table.get(key, [])
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ConfigError(f'{shown}: suggest.{key} must be a list of rules, as ["IS012", "IS1"]')
    return tuple(words)


def _text(table: dict[str, Any], key: str, shown: str) -> str | None:
    value = table.get(key)
    if value is not None and (not isinstance(value, str) or not value):
        raise ConfigError(f"{shown}: suggest.{key} must be text")
    return value


def _size(value: Any, shown: str) -> int:
    size = read_size(value) if isinstance(value, str) else value
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ConfigError(f"{shown}: suggest.min-size can't be read; write it as 500kB, 10MB or 1GiB")
    return size
