"""Reads ``manifest.json``, the table of contents of what ``docker save`` writes.

Follows the Docker image specification v1.2 (*Combined Image JSON + Filesystem Changeset Format*): a list of
``{Config, RepoTags, Layers}``, whose values name members of the archive. Docker 25 and newer write it beside an
OCI layout; podman and skopeo write it too.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import ArchiveError
from .candidate import MAX_LAYERS, Candidate, LayerRef
from .digests import is_digest
from .keys import DESCRIPTOR, DOCKER_ENTRY, named
from .store import Store, clean_name, parse_json

MAX_IMAGES = 10_000
# What engines call a config: its digest, as Docker, podman and go-containerregistry's tools write it. Other tools give
# it any name.
_CONFIG_NAME = re.compile(r"(?:sha256:)?([0-9a-f]{64})\.json|sha256:([0-9a-f]{64})")


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
    image = named(image, DOCKER_ENTRY)
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
    candidate = Candidate(store, config, "config " + config, names=names, config_digest=_config_digest(config))
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
        return candidate.diff_ids()
    except ArchiveError:
        return []


def _layer(name: str, source: Any) -> LayerRef:
    """Describe a layer; ``LayerSources`` (by diff_id) has a descriptor for some, of which the URLs matter."""
    source = named(source, DESCRIPTOR)
    media_type = source.get("mediaType") if isinstance(source, dict) else None
    urls = _strings(source.get("urls")) if isinstance(source, dict) else None
    return LayerRef(name, _digest(name), media_type if isinstance(media_type, str) else None, None, urls or ())


def _config_digest(name: str) -> str | None:
    """Return the digest that a config's name is; ``None`` for a name that is none."""
    found = _CONFIG_NAME.fullmatch(clean_name(name))
    return f"sha256:{found[1] or found[2]}" if found else _digest(name)


def _digest(name: str) -> str | None:
    """Return the digest that a member's name in ``blobs/`` is."""
    parts = clean_name(name).split("/")
    if len(parts) == 3 and parts[0] == "blobs":
        digest = f"{parts[1]}:{parts[2]}"
        return digest if is_digest(digest) else None
    return None
