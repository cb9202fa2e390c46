"""An image in a registry as ``archive`` wants it: documents and blobs under the names of an OCI layout.

Only what is asked for is fetched: of an index the one manifest that the platform means, where the index tells.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ...archive.digests import Unverifiable, algorithm_of, blob_name, digest_of, is_digest
from ...archive.image import Remote
from ...archive.keys import MANIFEST, named
from ...archive.media import claimed_compression
from ...archive.narrow import narrow
from ...archive.store import MAX_ALL_JSON, Blob, clean_name, parse_json
from ...errors import ArchiveError
from .blobs import RemoteBlob
from .client import Client, Document
from .names import KIND

if TYPE_CHECKING:
    from ..interface import Memory

_REF_NAME = "org.opencontainers.image.ref.name"


def remembered(memory: Memory | None, digest: str) -> bytes | None:
    """Return a manifest that was had before, if it is still what its digest says."""
    data = memory.get(KIND, f"manifest:{digest}") if memory is not None else None
    try:
        return data if data is not None and digest_of(data, algorithm_of(digest)) == digest else None
    except Unverifiable:
        return None


class RegistryStore:
    """One image of one repository."""

    complete = True

    def __init__(
        self,
        client: Client,
        top: Document,
        names: tuple[str, ...],
        platform: str | None,
        memory: Memory | None = None,
        keep: bool = False,
    ) -> None:
        """Begin with what the name led to. Raises ``PlatformError``, ``ArchiveError``, ``RegistryError``."""
        self.label = client.registry
        self._client = client
        self._memory = memory
        self._keep = keep
        self._documents: dict[str, bytes] = {}
        self._left = MAX_ALL_JSON
        self._descriptors: dict[str, dict[str, Any]] = {}
        self._configs: set[str] = set()
        self._blobs: dict[str, RemoteBlob] = {}
        self._learn(top.digest, top.data)
        descriptor = narrow(self, top.digest, names, platform)
        # An image with several names is one that stands in the index once for each.
        items = [{**descriptor, "annotations": {_REF_NAME: name}} for name in names] or [descriptor]
        self._documents["index.json"] = json.dumps({"schemaVersion": 2, "manifests": items}).encode()

    def names(self) -> list[str]:
        """Return what is at the top of a layout."""
        return ["index.json"]

    def has(self, name: str) -> bool:
        """Tell whether there is something of that name: what a manifest names is there, but for foreign layers."""
        name = clean_name(name)
        if name in self._documents:
            return True
        digest = _digest(name)
        if digest is None:
            return False
        descriptor = self._descriptors.get(digest, {})
        return not _foreign(descriptor) or self._client.has_blob(digest)

    def json(self, name: str) -> bytes | None:
        """Return a manifest, an index or a config; fetched once. Raises ``ArchiveError`` and ``RegistryError``."""
        name = clean_name(name)
        known = self._documents.get(name)
        if known is not None:
            return known
        digest = _digest(name)
        if digest is None:
            return None
        if digest in self._configs:
            data = self._client.small(digest, "the image's config")
        else:
            data = remembered(self._memory, digest) or self._client.manifest(digest).data
        self._learn(digest, data)
        return data

    def _learn(self, digest: str, data: bytes) -> None:
        """Keep a document, and what it says of others. Raises ``ArchiveError``."""
        self._left -= len(data)
        if self._left < 0:
            raise ArchiveError(f"{self.label}: its manifests are larger than any image's")
        self._documents[blob_name(digest)] = data
        if digest in self._configs:
            return
        if self._memory is not None:
            self._memory.put(KIND, f"manifest:{digest}", data)
        document = named(parse_json(data, "the manifest", self.label), MANIFEST)
        if not isinstance(document, dict) or isinstance(document.get("manifests"), list):
            return
        config = document.get("config")
        if isinstance(config, dict) and is_digest(config.get("digest")):
            self._configs.add(config["digest"])
        layers = document.get("layers")
        for layer in layers if isinstance(layers, list) else ():
            if isinstance(layer, dict) and is_digest(layer.get("digest")):
                self._descriptors[layer["digest"]] = layer

    def blob(self, name: str) -> Blob | None:
        """Return a layer's blob, which is not fetched yet. Raises ``ArchiveError`` where its size is not stated."""
        digest = _digest(clean_name(name))
        descriptor = self._descriptors.get(digest or "")
        if digest is None or descriptor is None or not self.has(name):
            return None
        size = descriptor.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise ArchiveError(f"{self.label}: the manifest doesn't state the size of the layer {digest[:19]}")
        remote = self._blobs.get(digest)
        if remote is None:
            remote = self._blobs[digest] = RemoteBlob(
                self._client, digest, size, self._keep, _annotations(descriptor), self._memory
            )
        found: Remote = remote
        return Blob(name, size, claimed_compression(descriptor.get("mediaType")), remote=found)

    def identity(self) -> None:
        """Return nothing: there are no files."""

    def close(self) -> None:
        """Close the connections, and free copies."""
        for blob in self._blobs.values():
            blob.close()
        self._client.close()


def _digest(name: str) -> str | None:
    """Return the digest that a blob's name in a layout stands for."""
    folder, _, rest = name.partition("/")
    digest = rest.replace("/", ":", 1)
    return digest if folder == "blobs" and is_digest(digest) else None


def _annotations(descriptor: dict[str, Any]) -> dict[str, str]:
    found = descriptor.get("annotations")
    return {key: value for key, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def _foreign(descriptor: dict[str, Any]) -> bool:
    media_type = descriptor.get("mediaType")
    return bool(descriptor.get("urls")) or "foreign" in str(media_type) or "nondistributable" in str(media_type)
