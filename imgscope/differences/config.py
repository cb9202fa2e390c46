"""Compares two image configs: what a container is started with (OCI image spec, config.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..analysis import Analysis
from ..secrets import REDACTED
from ..settings import environment, mapping, settings
from .model import ConfigDifference

# Dockerfile's word for a field, and the config's. Those with several keys are compared key by key.
_SINGLE = (
    ("ENTRYPOINT", "Entrypoint"),
    ("CMD", "Cmd"),
    ("SHELL", "Shell"),
    ("USER", "User"),
    ("WORKDIR", "WorkingDir"),
    ("STOPSIGNAL", "StopSignal"),
    ("ONBUILD", "OnBuild"),
)
_SETS = (("EXPOSE", "ExposedPorts"), ("VOLUME", "Volumes"))
_HEALTHCHECK = (("Test", None), ("Interval", "ns"), ("Timeout", "ns"), ("StartPeriod", "ns"), ("Retries", None))
# Where builders write what an image was built on (OCI image spec, annotations.md).
_BASE = ("org.opencontainers.image.base.name", "org.opencontainers.image.base.digest")


# What is added to a value that looks the same, since what differs in it is not shown.
CHANGED = " (another value)"


class _Values:
    """One image's settings by (field, key): as they are shown, and as they are for comparing where that is known."""

    def __init__(self, analysis: Analysis) -> None:
        self.shown = _values(analysis.image.config, analysis.image.system)
        raw = analysis.raw_config
        # A key is named as it is shown: what is secret in it is taken out of both alike.
        real = None if raw is None else list(_values(raw, analysis.image.system).values())
        self.real = (
            dict(zip(self.shown, real, strict=True)) if real is not None and len(real) == len(self.shown) else None
        )

    def same(self, other: _Values, key: tuple[str, str | None]) -> bool:
        """Tell whether both have the same value; of what is hidden and not known that is taken for true."""
        if self.shown.get(key) != other.shown.get(key):
            return False
        return self.real is None or other.real is None or self.real.get(key) == other.real.get(key)

    def unknown(self, other: _Values) -> list[str]:
        """Return the names of what both hide and nobody can compare."""
        if self.real is not None and other.real is not None:
            return []
        same = (key for key, value in self.shown.items() if value == other.shown.get(key) and REDACTED in str(value))
        return [f"{field} {name}" if name else field for field, name in same]


def compare_configs(old: Analysis, new: Analysis) -> list[ConfigDifference]:
    """Return what differs, in the order in which a Dockerfile's reader would look: platform, base, ENV ….

    Secrets are compared where they are known, and not shown.
    """
    a, b = _Values(old), _Values(new)
    found: list[ConfigDifference] = []
    # Fields in order; within one the keys of OLD, then those that are NEW's own; labels and sets by name.
    keys: dict[str, list[tuple[str, str | None]]] = {}
    for key in (*a.shown, *(key for key in b.shown if key not in a.shown)):
        keys.setdefault(key[0], []).append(key)
    for field in _FIELDS:
        of_field = keys.get(field, [])
        for key in sorted(of_field) if field in _SORTED else of_field:
            if a.same(b, key):
                continue
            before, after = _shown(a.shown.get(key)), _shown(b.shown.get(key))
            if field in _BY_NAME:
                before, after = (key[1], None) if key in a.shown else (None, key[1])
                found.append(ConfigDifference(field, None, before, after))
            else:
                if before == after and after is not None:
                    after += CHANGED
                found.append(ConfigDifference(field, key[1], before, after))
    return found


def uncompared(old: Analysis, new: Analysis) -> str | None:
    """Return a note on the secrets that could not be compared: a saved analysis does not hold them."""
    if old.image.id == new.image.id or (old.raw_config is not None and new.raw_config is not None):
        return None
    names = _Values(old).unknown(_Values(new))
    if not names:
        return None
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"whether {', '.join(names[:5])}{more} changed is not known: a saved analysis does not hold secrets"


_BY_NAME = {word for word, _ in _SETS}
_SORTED = {"LABEL", *_BY_NAME}
_FIELDS = (
    "platform",
    "base",
    "ENV",
    *(word for word, _ in _SINGLE),
    *(word for word, _ in _SETS),
    "HEALTHCHECK",
    "LABEL",
)


def _values(config: Mapping[str, Any], platform: str) -> dict[tuple[str, str | None], object]:
    """Return the settings of a config by field and key; what is not set is left out."""
    inner = settings(config)
    labels, checks = mapping(inner.get("Labels")), mapping(inner.get("Healthcheck"))
    found: dict[tuple[str, str | None], object] = {("platform", None): platform}
    for label in _BASE:
        found["base", label.rpartition(".")[2]] = labels.get(label)
    found.update((("ENV", key), value) for key, value in environment(config).items())
    found.update(((word, None), inner.get(field) or None) for word, field in _SINGLE)
    found.update(((word, key), True) for word, field in _SETS for key in mapping(inner.get(field)))
    found.update((("HEALTHCHECK", key.lower()), _timed(checks.get(key), unit)) for key, unit in _HEALTHCHECK)
    found.update((("LABEL", key), value) for key, value in labels.items() if key not in _BASE)
    return found


def _timed(value: object, unit: str | None) -> object:
    """Write nanoseconds as a Dockerfile does; 0 and nothing both mean the default."""
    if not value:
        return None
    if unit == "ns" and isinstance(value, int):
        seconds = value / 1e9
        return f"{seconds:g}s"
    return value


def _shown(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
