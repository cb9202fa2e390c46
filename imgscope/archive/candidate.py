"""One image that an archive names, before anything of its layers is touched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..errors import ArchiveError, ImgscopeError
from . import platform as platforms
from .platform import Platform
from .store import Store, digest_of, parse_json, short, shown

# Docker stops at 127 layers; what a manifest may make us open is bounded all the same.
MAX_LAYERS = 2000


@dataclass(frozen=True, slots=True)
class LayerRef:
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


@dataclass(slots=True)
class Candidate:
    """An image for one platform, as some manifest describes it.

    ``group`` is the same for all platforms of one image in an index. ``claimed`` is the platform by the index;
    ``parents`` the digests of the indexes above. ``problem`` says why it
    can't be analysed (its manifest is absent, it is an artifact); it then only matters when it is chosen.
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
    problem: ImgscopeError | None = None
    _facts: tuple[str, Platform | None] | None = field(default=None, repr=False)

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
        config = parse_json(data, f"the config {shown(self.config_name)}", label)
        if not isinstance(config, dict):
            raise ArchiveError(f"{label}: the config {shown(self.config_name)} is not an image's config")
        self._facts = digest_of(data), platforms.read(config)
        return data, config

    def _known(self) -> tuple[str, Platform | None]:
        """Return what choosing an image needs of its config: the digest of its bytes, and the platform."""
        if self._facts is None:
            try:
                self.config()
            except ImgscopeError:
                self._facts = self.config_digest or self.manifest_digest or "", None
        assert self._facts is not None
        return self._facts

    @property
    def id(self) -> str:
        """Return the digest of the config's bytes; what the manifest claims, where there are none."""
        return self._known()[0]

    @property
    def platform(self) -> Platform | None:
        """Return the platform that the config states, else what the index claims."""
        return self._known()[1] or self.claimed

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


def missing(store: Store, name: str, what: str) -> str:
    """Say that a blob is not there."""
    cut = "" if store.complete else ", and the archive has no end mark: it was probably cut short"
    return f"{store.label} lacks {what}, {shown(name)}{cut}"
