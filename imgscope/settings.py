"""What an image config says of how its containers are started: the object ``config`` in it.

Follows the OCI image spec, "Image Configuration" (config.md, *Properties*). Its maker may have written anything, so
what is not of the kind that the spec asks for counts as not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The label that ``imgscope fix`` gives what it builds: no setting of anybody's.
RUN_LABEL = "imgscope.fix"


def settings(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of an image config: ``Env``, ``Cmd``, ``User`` and the rest; empty where it has none."""
    return mapping(config.get("config"))


def environment(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that an image config sets; of one that comes twice the last value counts."""
    value = settings(config).get("Env")
    return dict(word.partition("=")[::2] for word in strings(value)) if isinstance(value, list) else {}


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object of a config; empty for anything else."""
    return value if isinstance(value, Mapping) else {}


def strings(value: object) -> list[str]:
    """Return the strings of a list in a config, or the one that stands in its place; empty for anything else."""
    if isinstance(value, str):
        return [value]
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
