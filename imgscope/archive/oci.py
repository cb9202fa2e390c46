"""Reads ``index.json`` of an OCI image layout and follows its descriptors to manifests.

Follows the OCI image spec: image-layout.md (the layout), image-index.md (nested indexes, platforms,
``org.opencontainers.image.ref.name``) and manifest.md. What a document is, is told from its content, since media
types are optional and Docker's own are as common. Attestations (BuildKit's, ``vnd.docker.reference.type``) are
no images and left out; signatures and the like, that other tools write, are known by their layers' media types.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import ArchiveError, ArtifactError, LimitError
from . import platform as platforms
from .candidate import MAX_LAYERS, Candidate, LayerRef, missing
from .digests import Unverifiable, algorithm_of, blob_name, digest_of, is_digest, short
from .keys import MANIFEST, named
from .media import CONFIG_TYPES, is_config, is_document, is_layer, subject
from .platform import Platform
from .store import MAX_ALL_JSON, Store, parse_json, shown

MAX_DEPTH = 8
MAX_MANIFESTS = 10_000
# Layers that all manifests name together: each takes some hundred bytes of memory.
MAX_ALL_LAYERS = 200_000
_REF_NAME = "org.opencontainers.image.ref.name"
# containerd keeps the whole reference here, and only the tag in the annotation of the standard.
_CONTAINERD_NAME = "io.containerd.image.name"


class Descriptor(NamedTuple):
    """What an index says of one of its manifests."""

    digest: str
    names: tuple[str, ...]
    platform: Platform | None
    attestation: bool
    artifact: bool


def candidates(store: Store) -> list[Candidate]:
    """Return the images that ``index.json`` leads to, in its order; none where there is no such file.

    Raises ``ArchiveError`` when an index or a manifest is malformed or not what its digest says.
    """
    data = store.json("index.json") if store.has("index.json") else None
    if data is None:
        return []
    index = named(parse_json(data, "index.json", store.label), MANIFEST)
    if not isinstance(index, dict) or not isinstance(index.get("manifests") or [], list):
        raise ArchiveError(f"{store.label}: index.json is not an OCI image index")
    found: list[Candidate] = []
    walk = _Walk(store, found)
    # An image with several names stands in the index once for each.
    tops: dict[str, list[Descriptor]] = {}
    for item in index.get("manifests") or []:
        found_one = descriptor(item, store.label)
        tops.setdefault(found_one.digest, []).append(found_one)
    for same in tops.values():
        names = tuple(dict.fromkeys(name for one in same for name in one.names))
        walk.follow(same[0]._replace(names=names), names, ())
    _mark_signatures(found)
    return found


def _mark_signatures(found: list[Candidate]) -> None:
    """Mark what is called ``sha256-….sig`` and speaks of an image: it is none itself."""
    here = {digest for candidate in found for digest in (candidate.manifest_digest, *candidate.parents)}
    for candidate in found:
        about = [digest for digest in map(subject, candidate.names) if digest is not None]
        layers = [layer.media_type for layer in candidate.layers]
        if any(digest in here for digest in about) or (about and not any(kind and is_layer(kind) for kind in layers)):
            candidate.artifact = True


class _Walk:
    """One walk through the descriptors; ``found`` grows by a candidate for each manifest."""

    def __init__(self, store: Store, found: list[Candidate]) -> None:
        self.store = store
        self.found = found
        self.visits = 0
        self.seen: set[str] = set()
        self.json_left = MAX_ALL_JSON
        self.layers_left = MAX_ALL_LAYERS

    def follow(self, descriptor: Descriptor, names: tuple[str, ...], parents: tuple[str, ...]) -> None:
        """Add what a descriptor leads to; ``parents`` are the indexes above it, from the top."""
        store, digest = self.store, descriptor.digest
        # What was met already within this image, an index above included, adds nothing.
        if descriptor.attestation or (digest in self.seen and parents):
            return
        if not parents:
            self.seen.clear()
        self.seen.add(digest)
        self.visits += 1
        if self.visits > MAX_MANIFESTS:
            raise ArchiveError(f"{store.label}: over {MAX_MANIFESTS:,} manifests are named")
        name = blob_name(digest)
        group = (*parents, digest)[0]
        found = Candidate(
            store, name, group, names=names, manifest_digest=digest, parents=parents, claimed=descriptor.platform
        )
        if not store.has(name):
            # Engines save a multi-platform image without the platforms that were never pulled.
            found.absent, found.artifact = True, descriptor.artifact
            found.problem = ArchiveError(missing(store, digest, "the manifest"))
            self.found.append(found)
            return
        try:
            document = self.document(name, digest, found)
            if not isinstance(document.get("manifests"), list):
                _manifest(document, found)
        except ArchiveError as error:
            # It only matters when this one is chosen.
            found.problem = error
        else:
            if isinstance(document.get("manifests"), list):
                self.index(document["manifests"], names, (*parents, digest))
                return
        self.layers_left -= len(found.layers)
        if self.layers_left < 0:
            raise LimitError(f"{store.label}: its manifests name over {MAX_ALL_LAYERS:,} layers together")
        self.found.append(found)

    def index(self, items: list[Any], names: tuple[str, ...], parents: tuple[str, ...]) -> None:
        if len(parents) > MAX_DEPTH:
            raise ArchiveError(f"{self.store.label}: image indexes are nested more than {MAX_DEPTH} deep")
        for item in items:
            one = descriptor(item, self.store.label)
            # A name stands at the top; below, it says what an index's author thought of its parts.
            self.follow(one, names or one.names, parents)

    def document(self, name: str, digest: str, found: Candidate) -> dict[str, Any]:
        """Read a manifest or an index. Raises ``ArchiveError``."""
        label = self.store.label
        data = self.store.json(name) or b""
        self.json_left -= len(data)
        if self.json_left < 0:
            raise ArchiveError(f"{label}: its manifests are larger than any image's")
        _check(data, found)
        document = named(parse_json(data, f"the manifest {short(digest)}", label), MANIFEST)
        if not isinstance(document, dict):
            raise ArchiveError(f"{label}: the manifest {short(digest)} is not a JSON object")
        return document


def descriptor(item: Any, label: str) -> Descriptor:
    """Read a descriptor of an index. Raises ``ArchiveError`` for one without a digest."""
    digest = item.get("digest") if isinstance(item, dict) else None
    if not is_digest(digest):
        raise ArchiveError(f"{label}: an image index names a manifest without a digest")
    annotations = item.get("annotations")
    if not isinstance(annotations, dict):
        annotations = {}
    name = annotations.get(_CONTAINERD_NAME) or annotations.get(_REF_NAME)
    platform = platforms.read(item.get("platform"))
    return Descriptor(
        digest,
        (name,) if isinstance(name, str) and name else (),
        platform,
        "vnd.docker.reference.type" in annotations or (platform is not None and platform[:2] == ("unknown", "unknown")),
        is_document(item.get("artifactType") if isinstance(item.get("artifactType"), str) else None),
    )


def _check(data: bytes, found: Candidate) -> None:
    """Compare a document with its digest. Raises ``ArchiveError``."""
    digest = found.manifest_digest or ""
    try:
        actual = digest_of(data, algorithm_of(digest))
    except Unverifiable as error:
        found.unchecked = str(error)
        return
    if actual != digest:
        raise ArchiveError(
            f"{found.store.label}: the manifest {short(digest)} is damaged: its bytes have another digest"
        )


def _manifest(document: dict[str, Any], found: Candidate) -> None:
    """Fill in what an image manifest says. Raises ``ArchiveError`` when it is malformed."""
    label, digest = found.store.label, found.manifest_digest or ""
    config = document.get("config")
    layers = document.get("layers") or []
    if document.get("schemaVersion") == 1 or "fsLayers" in document:
        found.problem = ArchiveError(
            f"{label}: {found.title()} has a manifest of Docker's schema 1, which engines no longer read; pull it again"
        )
        return
    if not isinstance(config, dict) or not is_digest(config.get("digest")) or not isinstance(layers, list):
        if "artifactType" in document or "blobs" in document:
            _artifact(found, document.get("artifactType"), document)
            return
        raise ArchiveError(f"{label}: the manifest {short(digest)} lacks a config or layers: not an image manifest")
    if len(layers) > MAX_LAYERS:
        raise ArchiveError(f"{label}: the manifest {short(digest)} has {len(layers):,} layers: no image has so many")
    found.config_digest = config["digest"]
    found.config_name = blob_name(config["digest"])
    kind = document.get("artifactType")
    media_type = config.get("mediaType") or CONFIG_TYPES[0]
    if not is_config(media_type):
        _artifact(found, kind or media_type, document)
        return
    found.layers = tuple(_layer(layer, label, digest) for layer in layers)
    documents = [layer.media_type for layer in found.layers if is_document(layer.media_type)]
    if (documents and len(documents) == len(found.layers)) or (isinstance(kind, str) and is_document(kind)):
        _artifact(found, kind or documents[0], document)


def _artifact(found: Candidate, kind: Any, document: dict[str, Any]) -> None:
    found.artifact = True
    what = f" ({shown(kind)})" if isinstance(kind, str) else ""
    blobs = document.get("layers") or document.get("blobs")
    found.problem = ArtifactError(
        f"{found.store.label}: {found.title()} is an artifact{what}, not a container image: it has no filesystem",
        kind if isinstance(kind, str) else "",
        found.manifest_digest or "",
        [_part(blob) for blob in (blobs if isinstance(blobs, list) else [])[:MAX_LAYERS] if isinstance(blob, dict)],
    )


def _part(blob: dict[str, Any]) -> tuple[str | None, str | None, int | None, str | None]:
    """Return the media type, digest, bytes and title of an artifact's blob."""
    annotations = blob.get("annotations")
    title = annotations.get("org.opencontainers.image.title") if isinstance(annotations, dict) else None
    size = blob.get("size")
    media_type, digest = blob.get("mediaType"), blob.get("digest")
    return (
        media_type if isinstance(media_type, str) else None,
        digest if is_digest(digest) else None,
        size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        title if isinstance(title, str) else None,
    )


def _layer(item: Any, label: str, manifest: str) -> LayerRef:
    digest = item.get("digest") if isinstance(item, dict) else None
    if not is_digest(digest):
        raise ArchiveError(f"{label}: the manifest {short(manifest)} names a layer without a digest")
    media_type, size, urls = item.get("mediaType"), item.get("size"), item.get("urls")
    return LayerRef(
        blob_name(digest),
        digest,
        media_type if isinstance(media_type, str) else None,
        size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else (),
    )
