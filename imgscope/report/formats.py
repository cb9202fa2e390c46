"""The one register of formats: which there are for what a command finds, and what renders each.

To add a format: its name here, and a file of that name with a function ``render`` beside the others of its kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from ..errors import UsageError

ANALYSIS = ("text", "json", "markdown", "dive", "html", "svg")
DIFFERENCE = ("text", "json", "markdown", "html")
BASES = ("text", "json", "markdown", "html")
SUGGESTIONS = ("text", "json", "markdown", "sarif", "html")
VERDICT = ("text", "json", "markdown", "junit", "sarif", "gitlab", "github", "html")
REPAIR = ("text", "json", "markdown", "patch")
PULL = ("text", "json", "markdown", "plan")
TREND = ("text", "json", "csv", "markdown", "html", "svg")
FLEET = ("text", "json", "csv", "markdown", "html")
FLEET_ROWS = ("text", "json", "csv")
FLEET_VERDICT = (*FLEET, "junit", "sarif", "gitlab")


def load(package: str, formats: Sequence[str], name: str) -> Any:
    """Return what renders the format ``name``, out of the file of that name in a package.

    Raises ``UsageError`` when there is no such format.
    """
    if name not in formats:
        raise UsageError(f"there is no format {name!r}: choose one of {', '.join(formats)}")
    return import_module(f".{name}", package).render
