"""Reads what was attested of an image, out of the archive or layout that holds it.

BuildKit puts attestations beside the image into its index: a manifest of platform ``unknown/unknown`` whose
annotation ``vnd.docker.reference.digest`` names the image's manifest, and whose layers are in-toto statements
(BuildKit's "Image attestation storage").
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import ArchiveError
from .digests import blob_name, digest_of, is_digest
from .directory import DirectoryStore
from .store import Store, parse_json
from .tar_stores import TarStore

_OF = "vnd.docker.reference.digest"
_TYPE = "vnd.docker.reference.type"
_PREDICATE = "in-toto.io/predicate-type"
_MAX_DEPTH = 8
_MAX_DOCUMENTS = 1000


def statements(path: str | os.PathLike[str], manifest_digest: str, predicates: Sequence[str]) -> list[dict[str, Any]]:
    """Return the in-toto statements about an image whose predicate is of one of some types.

    ``path`` is a plain tar on disk or a layout's folder, ``manifest_digest`` the image's. What is there but can't be
    read is left out: an image is whole without it. Raises ``ArchiveError`` where ``path`` can't be read at all.
    """
    store = _store(path)
    try:
        return list(_Search(store, manifest_digest, predicates).statements())
    finally:
        store.close()


def _store(path: str | os.PathLike[str]) -> Store:
    if Path(path).is_dir():
        return DirectoryStore(path)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ArchiveError(f"{os.fspath(path)} can't be read: {error.strerror}") from None
    return TarStore(fd, os.fspath(path))


class _Search:
    """One walk through the indexes; documents are bounded in number, their sizes by the store."""

    def __init__(self, store: Store, manifest_digest: str, predicates: Sequence[str]) -> None:
        self.store = store
        self.digest = manifest_digest
        self.predicates = predicates
        self.left = _MAX_DOCUMENTS

    def statements(self) -> Iterator[dict[str, Any]]:
        for manifest in self.manifests(self.document("index.json"), 0):
            for layer in _list(manifest.get("layers")):
                annotations = layer.get("annotations") if isinstance(layer, dict) else None
                if isinstance(annotations, dict) and annotations.get(_PREDICATE) in self.predicates:
                    statement = self.blob(layer)
                    if statement:
                        yield statement

    def manifests(self, index: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
        """Yield the manifests that attest the image."""
        for item in _list(index.get("manifests")) if depth < _MAX_DEPTH else ():
            if not isinstance(item, dict):
                continue
            annotations = item.get("annotations")
            if isinstance(annotations, dict) and _TYPE in annotations:
                if annotations.get(_OF) == self.digest:
                    yield self.blob(item)
            elif "index" in str(item.get("mediaType", "index")) or "manifest.list" in str(item.get("mediaType")):
                yield from self.manifests(self.blob(item), depth + 1)

    def blob(self, descriptor: dict[str, Any]) -> dict[str, Any]:
        digest = descriptor.get("digest")
        return self.document(blob_name(digest), digest) if is_digest(digest) else {}

    def document(self, name: str, digest: str | None = None) -> dict[str, Any]:
        """Read a JSON object; empty for what is no such thing, or not what its digest says."""
        self.left -= 1
        if self.left < 0 or not self.store.has(name):
            return {}
        try:
            data = self.store.json(name) or b""
            if digest is not None and digest_of(data, digest.partition(":")[0]) != digest:
                return {}
            document = parse_json(data, name, self.store.label)
        except (ArchiveError, KeyError):
            return {}
        return document if isinstance(document, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
