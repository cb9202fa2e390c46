"""Names of JSON fields as engines read them: in any case.

Engines are written in Go, whose ``encoding/json`` takes a field by its name whatever its case; where a document has a
field twice, the last one counts. Builders that are no Docker write ``config`` for ``Config`` and are understood; so
documents are given the names of their specifications before they are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

# A field's name, and the shape of what is in it (of each item, where that is a list); ``None`` for plain values.
Shape: TypeAlias = Mapping[str, "Shape | None"]


def _fields(names: str, **inner: Shape) -> Shape:
    return {**dict.fromkeys(names.split()), **inner}


_PLATFORM = _fields("architecture os os.version os.features variant")
_DESCRIPTOR = _fields("mediaType digest size urls annotations artifactType data", platform=_PLATFORM)
_SETTINGS = _fields(
    "Hostname User ExposedPorts Env Entrypoint Cmd Volumes WorkingDir Labels StopSignal StopTimeout ArgsEscaped "
    "OnBuild Shell",
    Healthcheck=_fields("Test Interval Timeout StartPeriod StartInterval Retries"),
)
CONFIG = _fields(
    "created author architecture os os.version os.features variant",
    config=_SETTINGS,
    rootfs=_fields("type diff_ids"),
    history=_fields("created created_by author comment empty_layer"),
)
"""An image config (config.md)."""
MANIFEST = _fields(
    "schemaVersion mediaType artifactType annotations fsLayers blobs",
    config=_DESCRIPTOR,
    layers=_DESCRIPTOR,
    manifests=_DESCRIPTOR,
    subject=_DESCRIPTOR,
)
"""An image manifest or an index (manifest.md, image-index.md): which of them, what is in it tells."""
DOCKER_ENTRY = _fields("Config RepoTags Layers LayerSources")
"""One image of ``manifest.json``."""
DESCRIPTOR = _DESCRIPTOR
"""A descriptor (descriptor.md)."""


def named(value: Any, shape: Shape) -> Any:
    """Return a JSON value with the fields of ``shape`` under their own names; all else as it is.

    Lists are gone through item by item.
    """
    if isinstance(value, list):
        return [named(item, shape) for item in value]
    if not isinstance(value, dict):
        return value
    folded: dict[str, str] | None = None
    found: dict[str, Any] = {}
    fields: dict[str, Any] = value
    for key, item in fields.items():
        name = key
        if key not in shape:
            folded = {_fold(known): known for known in shape} if folded is None else folded
            name = folded.get(_fold(key), key)
        inner = shape.get(name)
        found.pop(name, None)
        found[name] = item if inner is None else named(item, inner)
    return found


def _fold(name: str) -> str:
    # Go folds a letter to all that are one with it in some case: of ASCII's, that is the long s too.
    return name.lower().replace("ſ", "s")
