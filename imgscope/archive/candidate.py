"""One image that an archive names, before anything of its layers is touched."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..errors import ArchiveError, ImgscopeError
from ..tar.header import BLOCK
from . import platform as platforms
from .digests import algorithm_of, digest_of, is_digest, short
from .keys import CONFIG, named
from .platform import Platform
from .store import Blob, Store, clean_name, parse_json, shown
from .tar_stores import looks_like_tar

# Docker stops at 127 layers; what a manifest may make us open is bounded all the same.
MAX_LAYERS = 2000


class LayerRef(NamedTuple):
    """A layer as a manifest names it: the blob's name in the store and what is claimed of it."""

    name: str
    digest: str | None = None
    media_type: str | None = None
    size: int | None = None
    urls: tuple[str, ...] = ()

    @property
    def foreign(self) -> bool:
        """Tell whether the blob may rightly be absent (image-spec, *Non-Distributable Layers*)."""
        media_type = self.media_type or ""
        return bool(self.urls) or "foreign" in media_type or "nondistributable" in media_type

    @property
    def encrypted(self) -> bool:
        """Tell whether the blob's bytes are encrypted (OCIcrypt's media types)."""
        return (self.media_type or "").endswith("+encrypted")


@dataclass(slots=True)
class Candidate:
    """An image for one platform, as some manifest describes it.

    ``group`` is the same for all platforms of one image in an index. ``claimed`` is the platform by the index;
    ``parents`` the digests of the indexes above. ``problem`` says why it
    can't be analysed (its manifest is absent, it is an artifact); it then only matters when it is chosen. ``aside``
    tells that a Docker archive has it in its index only, and broken. ``confirmed`` tells that ``manifest.json`` names
    the same layers, ``unchecked`` why the manifest's digest could not be computed.
    """

    store: Store
    config_name: str
    group: str
    layers: tuple[LayerRef, ...] = ()
    names: tuple[str, ...] = ()
    config_digest: str | None = None
    manifest_digest: str | None = None
    parents: tuple[str, ...] = ()
    claimed: Platform | None = None
    artifact: bool = False
    absent: bool = False
    aside: bool = False
    confirmed: bool = False
    unchecked: str = ""
    notes: tuple[str, ...] = ()
    problem: ImgscopeError | None = None
    _facts: tuple[str, Platform | None, bool] | None = field(default=None, repr=False)

    def config(self) -> tuple[bytes, dict[str, Any]]:
        """Return the config's bytes and the config, which are not kept: an archive may name thousands.

        Raises ``ArchiveError`` (or the candidate's ``problem``).
        """
        if self.problem is not None:
            raise self.problem
        label = self.store.label
        data = self.store.json(self.config_name)
        if data is None:
            raise ArchiveError(missing(self.store, self.config_name, "the image's config"))
        config = named(parse_json(data, f"the config {shown(self.config_name)}", label), CONFIG)
        if not isinstance(config, dict):
            raise ArchiveError(f"{label}: the config {shown(self.config_name)} is not an image's config")
        self._facts = digest_of(data), platforms.read(config), bool(config.get("variant"))
        return data, config

    def _known(self) -> tuple[str, Platform | None, bool]:
        """Return what choosing an image needs of its config: the digest of its bytes, the platform, and whether it
        states the variant.
        """
        if self._facts is None:
            try:
                self.config()
            except ImgscopeError:
                self._facts = self.config_digest or self.manifest_digest or "", None, False
        assert self._facts is not None
        return self._facts

    def told(self) -> None:
        """Take what the index claims for what it is, so that nothing of it has to be read to choose it."""
        self._facts = self.manifest_digest or "", self.claimed, True

    @property
    def id(self) -> str:
        """Return the digest of the config's bytes; what the manifest claims, where there are none."""
        return self._known()[0]

    @property
    def platform(self) -> Platform | None:
        """Return the platform that the config states, with what only the index says of it; else the index's."""
        claimed = self.claimed
        _, stated, with_variant = self._known()
        if stated is None or claimed is None or stated[:2] != claimed[:2]:
            return stated or claimed
        variant = stated.variant if with_variant else claimed.variant
        return Platform(*stated[:2], variant, stated.version or claimed.version, stated.features or claimed.features)

    def diff_ids(self) -> list[str]:
        """Return the config's diff_ids (config.md, *rootfs*). Raises ``ArchiveError``."""
        rootfs = self.config()[1].get("rootfs")
        label = self.store.label
        if not isinstance(rootfs, dict):
            raise ArchiveError(f"{label}: {self.title()} is not a container image: its config has no rootfs")
        diff_ids = rootfs.get("diff_ids") or []
        if not isinstance(diff_ids, list) or not all(map(is_digest, diff_ids)):
            raise ArchiveError(f"{label}: the config of {self.title()} has diff_ids that are no digests")
        return diff_ids

    def missing_blob(self) -> str | None:
        """Name the first blob that has to be in the store and is not."""
        if not self.store.has(self.config_name):
            return self.config_name
        windows = self.platform is not None and self.platform.os == "windows"
        for layer in self.layers:
            if not (layer.foreign or windows or self.store.has(layer.name)):
                return layer.name
        return None

    def title(self) -> str:
        """Return what to call it in a list: its name, else its shortened digest."""
        if self.names:
            return shown(self.names[0])
        return short(self.manifest_digest or self.id)


def misplaced(store: Store, layers: Sequence[LayerRef], diff_ids: Sequence[str]) -> int | None:
    """Return the first layer that its name shows to be another than the diff_id at its place says; ``None``: none.

    A blob that is a plain tar has the digest that the config has as its diff_id. So an order, or a layer, that is wrong
    is seen without reading a byte; of compressed blobs nothing can be told.
    """
    known = set(diff_ids)
    for number, (layer, diff_id) in enumerate(zip(layers, diff_ids, strict=False)):
        digest = layer.digest
        if digest is None:
            # Podman and skopeo call a layer by its diff_id; others that look so are something else.
            stem = clean_name(layer.name).removesuffix(".tar").removeprefix("sha256:")
            digest = "sha256:" + stem if "sha256:" + stem in known else None
        if digest in (None, diff_id) or algorithm_of(digest) != algorithm_of(diff_id):
            continue
        if not layer.encrypted and _is_plain_tar(store.blob(layer.name)):
            return number
    return None


def _is_plain_tar(blob: Blob | None) -> bool:
    if blob is None or blob.compression is not None or blob.remote is not None:
        return False
    region = blob.region
    if region is None:
        return not isinstance(blob.scanned, ImgscopeError)
    return not region.length or looks_like_tar(os.pread(region.fd, BLOCK, region.start))


def missing(store: Store, name: str, what: str) -> str:
    """Say that a blob is not there."""
    cut = "" if store.complete else ", and the archive has no end mark: it was probably cut short"
    return f"{store.label} lacks {what}, {shown(name)}{cut}"
