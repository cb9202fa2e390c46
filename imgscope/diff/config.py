"""Compares two image configs: what a container is started with (OCI image spec, config.md)."""

from __future__ import annotations

import json

from ..analysis import Image
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


def compare_configs(old: Image, new: Image) -> list[ConfigDifference]:
    """Return what differs, in the order in which a Dockerfile's reader would look: platform, base, ENV …."""
    a, b = settings(old.config), settings(new.config)
    found: list[ConfigDifference] = []

    def single(field: str, before: object, after: object, key: str | None = None) -> None:
        if before != after:
            found.append(ConfigDifference(field, key, _shown(before), _shown(after)))

    single("platform", old.system, new.system)
    labels_a, labels_b = mapping(a.get("Labels")), mapping(b.get("Labels"))
    for label in _BASE:
        single("base", labels_a.get(label), labels_b.get(label), label.rpartition(".")[2])
    env_a, env_b = environment(old.config), environment(new.config)
    for key in [*env_a, *(key for key in env_b if key not in env_a)]:
        single("ENV", env_a.get(key), env_b.get(key), key)
    for word, field in _SINGLE:
        single(word, a.get(field) or None, b.get(field) or None)
    for word, field in _SETS:
        keys_a, keys_b = mapping(a.get(field)), mapping(b.get(field))
        found += [
            ConfigDifference(word, None, *((key, None) if key in keys_a else (None, key)))
            for key in sorted(keys_a.keys() ^ keys_b.keys())
        ]
    checks_a, checks_b = mapping(a.get("Healthcheck")), mapping(b.get("Healthcheck"))
    for key, unit in _HEALTHCHECK:
        single("HEALTHCHECK", _timed(checks_a.get(key), unit), _timed(checks_b.get(key), unit), key.lower())
    for key in sorted(labels_a.keys() | labels_b.keys()):
        if key not in _BASE:
            single("LABEL", labels_a.get(key), labels_b.get(key), key)
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
