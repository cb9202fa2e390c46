"""The archive that is written: an OCI image layout with Docker's ``manifest.json``, in one tar.

That is what ``docker save`` writes from version 25 on; Docker of any age, podman and skopeo load it. (OCI image spec,
*Image Layout*; Docker Image Specification v1.2, *Combined Image JSON + Filesystem Changeset Format*.)
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple

from ..archive.digests import digest_of

_PIECE = 1 << 20
_OCI = "application/vnd.oci.image."


class Blob(NamedTuple):
    """A layer that was written to a file from ``start`` on: its diff_id, which is its digest too, and its length."""

    digest: str
    bytes: int
    file: BinaryIO
    start: int


def archive(config: bytes, layers: Sequence[Blob], names: Sequence[str], platform: dict[str, str]) -> Iterator[bytes]:
    """Yield the archive of an image in pieces; ``names`` are its references, as ``docker load`` tags it."""
    described = _descriptor(f"{_OCI}config.v1+json", config)
    manifest = _dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}manifest.v1+json",
            "config": described,
            "layers": [
                {"mediaType": f"{_OCI}layer.v1.tar", "digest": layer.digest, "size": layer.bytes} for layer in layers
            ],
        }
    )
    top = {**_descriptor(f"{_OCI}manifest.v1+json", manifest), "platform": platform}
    tagged = [
        {
            **top,
            "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": _tag(name)},
        }
        for name in names
    ]
    index = {"schemaVersion": 2, "mediaType": f"{_OCI}index.v1+json", "manifests": tagged or [top]}
    docker = [
        {
            "Config": _path(described["digest"]),
            "RepoTags": list(names),
            "Layers": [_path(layer.digest) for layer in layers],
        }
    ]
    small = {
        "oci-layout": _dumps({"imageLayoutVersion": "1.0.0"}),
        "index.json": _dumps(index),
        "manifest.json": _dumps(docker),
        _path(described["digest"]): config,
        _path(top["digest"]): manifest,
    }
    for name, data in sorted(small.items()):
        yield _member(name, len(data))
        yield data + bytes(-len(data) % tarfile.BLOCKSIZE)
    # The same layer twice is one blob.
    for path, layer in sorted({_path(layer.digest): layer for layer in layers}.items()):
        yield _member(path, layer.bytes)
        layer.file.seek(layer.start)
        left = layer.bytes
        while data := layer.file.read(min(_PIECE, left)):
            yield data
            left -= len(data)
        yield bytes(-layer.bytes % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _descriptor(media: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media, "digest": digest_of(data), "size": len(data)}


def _dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape")


def _path(name: str) -> str:
    return "blobs/" + name.replace(":", "/")


def _tag(name: str) -> str:
    last = name.rpartition("/")[2]
    return last.partition(":")[2] or "latest"


def _member(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info.tobuf(tarfile.PAX_FORMAT)
