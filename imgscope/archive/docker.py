"""Reads ``manifest.json``, the table of contents of what ``docker save`` writes.

Follows the Docker image specification v1.2 (*Combined Image JSON + Filesystem Changeset Format*): a list of
``{Config, RepoTags, Layers}``, whose values name members of the archive. Docker 25 and newer write it beside an
OCI layout; podman and skopeo write it too.
"""

from __future__ import annotations

from typing import Any

from ..errors import ArchiveError
from .candidate import MAX_LAYERS, Candidate, LayerRef
from .store import Store, clean_name, is_digest, parse_json

MAX_IMAGES = 10_000


def candidates(store: Store) -> list[Candidate]:
    """Return the images that ``manifest.json`` names, in its order; none where there is no such file.

    Raises ``ArchiveError`` when it is not what Docker writes.
    """
    data = store.json("manifest.json") if store.has("manifest.json") else None
    if data is None:
        return []
    images = parse_json(data, "manifest.json", store.label)
    if isinstance(images, dict) and "layers" in images:
        raise ArchiveError(f"{store.label} is skopeo's own kind of folder; make a layout: skopeo copy dir:… oci:…")
    if not isinstance(images, list) or len(images) > MAX_IMAGES:
        raise ArchiveError(f"{store.label}: manifest.json is not a list of images, as `docker save` writes it")
    return [_candidate(store, image) for image in images]


def _candidate(store: Store, image: Any) -> Candidate:
    config = image.get("Config") if isinstance(image, dict) else None
    if not isinstance(config, str) or not config:
        raise ArchiveError(f"{store.label}: manifest.json has an entry without a Config")
    names = _strings(image.get("RepoTags"))
    layers = _strings(image.get("Layers"))
    if names is None or layers is None or len(layers) > MAX_LAYERS:
        raise ArchiveError(f"{store.label}: manifest.json has an entry whose RepoTags or Layers can't be read")
    sources = image.get("LayerSources")
    if not isinstance(sources, dict):
        sources = {}
    candidate = Candidate(store, config, "config " + config, names=names, config_digest=_digest(config))
    diff_ids = _diff_ids(candidate) if sources else []
    if len(diff_ids) != len(layers):
        diff_ids = [""] * len(layers)
    candidate.layers = tuple(_layer(name, sources.get(diff_id)) for name, diff_id in zip(layers, diff_ids, strict=True))
    return candidate


def _strings(value: Any) -> tuple[str, ...] | None:
    """Return a list of strings, for which null stands too when it is empty."""
    if value is None:
        return ()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _diff_ids(candidate: Candidate) -> list[str]:
    """Return the config's diff_ids; none where it can't be read, which is found later, if it is chosen."""
    try:
        rootfs = candidate.config()[1].get("rootfs")
    except ArchiveError:
        return []
    found = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _layer(name: str, source: Any) -> LayerRef:
    """Describe a layer; ``LayerSources`` (by diff_id) has a descriptor for some, of which the URLs matter."""
    media_type = source.get("mediaType") if isinstance(source, dict) else None
    urls = _strings(source.get("urls")) if isinstance(source, dict) else None
    return LayerRef(name, _digest(name), media_type if isinstance(media_type, str) else None, None, urls or ())


def _digest(name: str) -> str | None:
    """Return the digest that a member's name in ``blobs/`` is."""
    parts = clean_name(name).split("/")
    if len(parts) == 3 and parts[0] == "blobs":
        digest = f"{parts[1]}:{parts[2]}"
        return digest if is_digest(digest) else None
    return None
