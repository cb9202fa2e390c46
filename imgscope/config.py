"""The configuration file of a project: where it is found, and the tables that it has.

That is ``imgscope.toml``, or ``[tool.imgscope]`` in ``pyproject.toml``: the nearest, upward from the working
directory. What a table means is its reader's to say (``check.config``, ``suggest.config``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from .errors import ConfigError
from .escape import escape

FILE = "imgscope.toml"
PROJECT = "pyproject.toml"
TABLES = ("check", "image", "suggest")
"""Tables that may stand in the file beside ``$schema``."""


def find(start: Path) -> Path | None:
    """Return the nearest file, upward from ``start``, that has settings of imgscope."""
    for folder in (start, *start.parents):
        own = folder / FILE
        if own.is_file():
            return own
        project = folder / PROJECT
        if project.is_file() and _mentions(project):
            return project
    return None


def _mentions(project: Path) -> bool:
    """Tell whether a pyproject.toml has [tool.imgscope]; one that is not TOML is somebody else's to mend."""
    try:
        data = project.read_bytes()
        if b"imgscope" not in data:
            return False
        return "imgscope" in tomllib.loads(data.decode()).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError):
        return False


def tables(path: Path, keys_of_check: Collection[str] = ()) -> dict[str, Any]:
    """Read a configuration file's tables. Raises ``ConfigError``, for a table that there is not too.

    ``keys_of_check`` are names that somebody may have forgotten to put under ``[check]``.
    """
    shown = escape(str(path))
    try:
        text = path.read_bytes().decode()
        document: dict[str, Any] = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(f"there is no config {shown}") from None
    except OSError as error:
        raise ConfigError(f"{shown} can't be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{shown} is not valid TOML: {escape(str(error))}") from None
    if path.name == PROJECT:
        document = as_table(
            as_table(document.get("tool", {}), f"{shown}: tool").get("imgscope", {}), f"{shown}: tool.imgscope"
        )
    for key in document:
        if key not in (*TABLES, "$schema"):
            hint = f"; did you mean [check] with {key!r} in it?" if key in keys_of_check else ""
            raise ConfigError(f"{shown}: there is no table {escape(key)!r}{hint or near(key, TABLES)}")
    return document


def as_table(value: Any, where: str) -> dict[str, Any]:
    """Return a value that must be a table. Raises ``ConfigError`` that says ``where`` it stands."""
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a table")
    return value


def near(name: str, known: Iterable[str]) -> str:
    """Return the end of an error: the known name that is nearest, or all of them."""
    options = list(known)
    found = get_close_matches(name.lower().replace("_", "-"), options, 1, 0.5)
    return f"; did you mean {found[0]!r}?" if found else f"; there are {', '.join(options)}"
