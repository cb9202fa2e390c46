"""Small images, and every container format that they come in, made by hand so that each detail can be wrong."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from imgscope.archive.open import open_file, open_layout, open_stream
from imgscope.compression import detect, reader

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OCI = "application/vnd.oci.image."
PACK = {"": lambda data: data, "gzip": lambda data: gzip.compress(data, mtime=0), "zstd": zstd.compress}


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(data: bytes) -> str:
    return "blobs/" + digest(data).replace(":", "/")


def layer(**files: bytes | str) -> bytes:
    """A layer's tar with these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            data = content.encode() if isinstance(content, str) else content
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


LAYERS = (layer(bottom="x" * 3000), layer(middle="y" * 2000, bottom="z"), layer(top=b"\xff" * 10))


@dataclass
class Image:
    """An image: its layers' tars and what the config says."""

    layers: tuple[bytes, ...] = LAYERS
    names: tuple[str, ...] = ("app:1.0",)
    platform: str = "linux/amd64"
    extra: dict = field(default_factory=dict)

    @property
    def config(self) -> bytes:
        system, architecture, *variant = self.platform.split("/")
        value = {
            "architecture": architecture,
            "os": system,
            "config": {"Cmd": ["/x"]},
            "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in self.layers]},
            "history": [{"created_by": f"RUN {number}"} for number in range(len(self.layers))],
            **({"variant": variant[0]} if variant else {}),
            **self.extra,
        }
        return json.dumps(value).encode()

    @property
    def id(self) -> str:
        return digest(self.config)


@dataclass
class Link:
    """A link among an archive's members."""

    target: str
    kind: bytes = tarfile.SYMTYPE


Members = dict[str, "bytes | Link"]


def docker_archive(*images: Image, style: str = "legacy", pack: str = "", **entry) -> Members:
    """What `docker save` wrote before 25 (``legacy``), podman and skopeo write (``digest``), and odder ones."""
    members: Members = {}
    manifest = []
    for image in images:
        names = []
        for number, data in enumerate(image.layers):
            name = {
                "legacy": f"{hashlib.sha256(data + number.to_bytes(4, 'big')).hexdigest()}/layer.tar",
                "digest": digest(data)[7:] + ".tar",
                "colon": digest(data),
                "blobs": blob(PACK[pack](data)),
            }[style]
            members[name] = PACK[pack](data)
            names.append(name)
        config = blob(image.config) if style == "blobs" else image.id[7:] + ".json"
        members[config] = image.config
        manifest.append({"Config": config, "RepoTags": list(image.names) or None, "Layers": names, **entry})
    members["manifest.json"] = json.dumps(manifest).encode()
    return members


def manifest_of(image: Image, members: Members, pack: str = "gzip", media: str = "tar+gzip", **changes) -> dict:
    """Add an image's blobs, and return the descriptor of its manifest. ``changes`` replace fields of that."""
    layers = []
    for data in image.layers:
        packed = PACK[pack](data)
        members[blob(packed)] = packed
        layers.append({"mediaType": f"{OCI}layer.v1.{media}", "digest": digest(packed), "size": len(packed)})
    members[blob(image.config)] = image.config
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI + "manifest.v1+json",
        "config": {"mediaType": OCI + "config.v1+json", "digest": image.id, "size": len(image.config)},
        "layers": layers,
        **changes,
    }
    return descriptor(manifest, members, "manifest.v1+json")


def descriptor(value: dict, members: Members, media: str, **more) -> dict:
    """Add a JSON document as a blob and return its descriptor."""
    data = json.dumps(value).encode()
    members[blob(data)] = data
    return {"mediaType": OCI + media, "digest": digest(data), "size": len(data), **more}


def platform_of(text: str) -> dict:
    return dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))


def index_of(*descriptors: dict) -> dict:
    return {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": list(descriptors)}


def attestation(members: Members, subject: dict) -> dict:
    """BuildKit's attestation manifest beside an image's."""
    statement = json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "subject": []}).encode()
    members[blob(statement)] = statement
    config = Image(layers=(), platform="unknown/unknown").config
    members[blob(config)] = config
    value = {
        "schemaVersion": 2,
        "config": {"mediaType": OCI + "config.v1+json", "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": "application/vnd.in-toto+json", "digest": digest(statement), "size": len(statement)}],
    }
    return descriptor(
        value,
        members,
        "manifest.v1+json",
        platform=platform_of("unknown/unknown"),
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject["digest"],
        },
    )


def layout(members: Members, *descriptors: dict) -> Members:
    """Complete an OCI layout with its index."""
    members["index.json"] = json.dumps(index_of(*descriptors)).encode()
    members["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    return members


def oci(image: Image | None = None, *, name: str | None = "1.0", **how) -> Members:
    """An OCI layout of one image."""
    members: Members = {}
    found = manifest_of(image or Image(), members, **how)
    if name:
        found["annotations"] = {"org.opencontainers.image.ref.name": name}
    return layout(members, found)


def write_tar(path: Path, members: Members, *, seed: int | None = None, prefix: str = "") -> Path:
    """Write an archive; with ``seed`` its members come in another order."""
    items = list(members.items())
    if seed is not None:
        random.Random(seed).shuffle(items)
    with tarfile.open(path, "w") as tar:
        for name, content in items:
            info = tarfile.TarInfo(prefix + name)
            if isinstance(content, Link):
                info.type, info.linkname = content.kind, content.target
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def write_directory(path: Path, members: Members) -> Path:
    for name, content in members.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            target.symlink_to(content.target)
        else:
            target.write_bytes(content)
    return path


def scan(name: str, read, size: int = 0) -> str:
    """Stands for the scanner of layers: gives the digest of the uncompressed bytes."""
    head = read(1 << 16)
    kind = detect(head)
    pieces = [head]

    def chained(size):
        return pieces.pop() if pieces else read(size)

    source = reader(kind, chained).read if kind else chained
    state = hashlib.sha256()
    while data := source(1 << 16):
        state.update(data)
    return "sha256:" + state.hexdigest()


def digests(opened) -> list[str | None]:
    """The digest of each layer's uncompressed bytes, by the way that the image was opened."""
    found: list[str | None] = []
    for stored in opened.layers:
        if stored.region is None:
            found.append(stored.scanned)
            continue
        region = stored.region
        data = os.pread(region.fd, region.length, region.start)
        assert len(data) == region.length == stored.size
        assert detect(data) == stored.compression
        found.append(scan("", io.BytesIO(data).read))
    return found


WAYS = ("file", "stream", "directory")


def open_way(way: str, members: Members, tmp_path: Path, *, seed: int | None = None, prefix: str = "", **choice):
    """Open an archive in one of the three ways."""
    if way == "directory":
        return open_layout(write_directory(tmp_path / "image", members), **choice)
    tmp_path.mkdir(exist_ok=True)
    path = write_tar(tmp_path / "image.tar", members, seed=seed, prefix=prefix)
    if way == "file":
        return open_file(path, **choice)
    with path.open("rb") as file:
        return open_stream(file.read, label=str(path), scan_layer=scan, **choice)
