"""The engine's images that may be bases: asked for what they are, not exported."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ImgscopeError
from .candidates import Other
from .known import known_bases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..analysis import Analysis
    from .find import Base

# More than these are not asked about, or not compared: each comparison exports an image.
MAX_IMAGES = 200
MAX_CANDIDATES = 5
_NAMES = (
    *("alpine", "debian", "ubuntu", "busybox", "distroless", "wolfi", "chainguard", "fedora", "ubi", "almalinux"),
    "cuda",
)


def others(images: Sequence[LocalImage]) -> list[Other]:
    """Return the engine's images as what may be a base: their histories are asked for where that matters."""
    from ..sources.docker_api import DockerApi

    def words(name: str) -> list[str] | None:
        try:
            return DockerApi.from_environment("IMAGE").history(name) or None
        except ImgscopeError:
            return None

    return [Other(image.name, image.diff_ids, partial(words, image.name)) for image in images]


class LocalImage(NamedTuple):
    """An image of the engine: its first name, the diff_ids of its layers, its size in bytes, its platform."""

    name: str
    diff_ids: tuple[str, ...]
    bytes: int
    platform: str


def local_images() -> list[LocalImage]:
    """Return the engine's images that have a name; none where no engine answers."""
    from ..sources.docker_api import DockerApi

    try:
        engine = DockerApi.from_environment("IMAGE")
        names = engine.names()[:MAX_IMAGES]
        return [image for name in names if (image := _read(name, engine.details(name))) is not None]
    except ImgscopeError:
        return []


def _read(name: str, info: dict[str, Any]) -> LocalImage | None:
    root = info.get("RootFS")
    layers = root.get("Layers") if isinstance(root, dict) else None
    if not isinstance(layers, list) or not layers:
        return None
    platform = "/".join(str(part) for part in (info.get("Os"), info.get("Architecture"), info.get("Variant")) if part)
    size = info.get("Size")
    return LocalImage(name, tuple(map(str, layers)), size if isinstance(size, int) else 0, platform)


def likely_bases(images: Sequence[LocalImage], analysis: Analysis, base: Base) -> list[str]:
    """Return the names of those that look like bases: others stand on them, or they are named as bases are.

    Not the image itself, what is built on it, nor its present base.
    """
    own = tuple(layer.diff_id for layer in analysis.layers)
    present = own[: base.layers]
    known = {row.name.partition(":")[0] for row in known_bases()} | set(_NAMES)
    found: dict[tuple[str, ...], tuple[bool, int, LocalImage]] = {}
    for image in images:
        layers = image.diff_ids
        if layers[: len(own)] == own or layers == present or image.platform != analysis.image.platform:
            continue
        names = {image.name.rpartition("/")[2].partition(":")[0], image.name.partition(":")[0].rpartition("/")[2]}
        upon = sum(len(other.diff_ids) > len(layers) and other.diff_ids[: len(layers)] == layers for other in images)
        if names & known or upon:
            found.setdefault(layers, (not names & known, -upon, image))
    # Those named as bases are, then those that most stand on.
    ranked = sorted(found.values(), key=lambda row: (*row[:2], row[2].bytes, row[2].name))
    return [image.name for _, _, image in ranked[:MAX_CANDIDATES]]
