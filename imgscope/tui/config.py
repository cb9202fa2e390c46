"""What a person may choose: theme, keys, and how the tree opens."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..escape import escape
from .characters import CHOICES
from .keys import names

AUTO = "auto"
# Actions by the names that they had before, which config files may still have.
_RENAMED = {"last_pane": "previous_pane", "last_change": "previous_change"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The ``[tui]`` table of the config file: a theme's name or ``auto``, which characters are used, keys by action."""

    theme: str = AUTO
    open_folders: bool = False
    characters: str = AUTO
    keys: dict[str, str] = field(default_factory=dict)


def config_file() -> Path:
    """Return where the config file is looked for: ``$IMGSCOPE_CONFIG``, else the place for such files."""
    named = os.environ.get("IMGSCOPE_CONFIG")
    if named:
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("imgscope") / "config.toml"


def load(path: Path | None = None) -> Settings:
    """Read the settings; a missing file means the usual ones. Raises ``ConfigError``."""
    path = path or config_file()
    shown = escape(str(path))
    try:
        with path.open("rb") as file:
            table = tomllib.load(file).get("tui", {})
    except FileNotFoundError:
        if os.environ.get("IMGSCOPE_CONFIG"):
            raise ConfigError(f"{shown}, which IMGSCOPE_CONFIG names, does not exist") from None
        return Settings()
    except OSError as error:
        raise ConfigError(f"{shown} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{shown} is not valid TOML: {escape(str(error))}") from None
    if not isinstance(table, dict):
        raise ConfigError(f"{shown}: tui must be a table")
    return _settings(table, shown)


def _settings(table: dict[str, Any], shown: str) -> Settings:
    for key in table:
        if key not in ("theme", "open_folders", "characters", "keys"):
            raise ConfigError(
                f"{shown}: [tui] has no setting {escape(key)!r}: there are theme, open_folders, characters and keys"
            )
    theme, opened, keys = table.get("theme", AUTO), table.get("open_folders", False), table.get("keys", {})
    if theme not in themes():
        raise ConfigError(f"{shown}: no theme {escape(str(theme))!r}: choose one of {', '.join(themes())}")
    if not isinstance(opened, bool):
        raise ConfigError(f"{shown}: open_folders must be true or false")
    characters = table.get("characters", AUTO)
    if characters not in CHOICES:
        raise ConfigError(f"{shown}: characters must be one of {', '.join(CHOICES)}")
    known = names()
    if not isinstance(keys, dict):
        raise ConfigError(f"{shown}: tui.keys must be a table")
    keys = {_RENAMED.get(name, name): value for name, value in keys.items()}
    for name, value in keys.items():
        if name not in known:
            raise ConfigError(f"{shown}: no action {escape(name)!r}: there are {', '.join(known)}")
        if not isinstance(value, str):
            raise ConfigError(f'{shown}: the keys of {name} must be text, as "ctrl+f,slash"')
    return Settings(theme, opened, characters, keys)


def themes() -> list[str]:
    """Return the names of all themes, this program's first."""
    from textual.theme import BUILTIN_THEMES

    from .themes import THEMES

    return [AUTO, *(theme.name for theme in THEMES), *BUILTIN_THEMES]


def light_terminal() -> bool:
    """Tell whether the terminal says that its ground is light (``COLORFGBG``, as several set it)."""
    ground = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return ground in ("7", "15")
