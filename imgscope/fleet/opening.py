"""An image of a store, opened for a person: from what the store has of its layers, else from where it was read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..archive.image import LayerBlob, OpenImage
from ..archive.media import claimed_compression
from ..documents import parse
from ..errors import ContentUnavailableError, ImageError, LimitError
from ..reading import ReadOptions
from ..rows import ConfigSecret
from .layers import StoredLayers

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..archive.tar_stores import ScanLayer
    from ..progress import Progress
    from .store.place import Place

_VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """A layer as an image in the store has it: ``blob`` is the digest that it is stored under, if any."""

    layer: str
    blob: str | None
    media_type: str | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class StoredImage:
    """What the store knows of an image, and the reference where it was read. ``config_json`` may be unknown."""

    image: str
    config: str
    platform: str
    reference: str
    layers: tuple[StoredBlob, ...]
    config_json: str | None = None
    secrets: tuple[ConfigSecret, ...] = ()

    @property
    def pinned(self) -> str:
        """A reference to this very image: a registry's tag may point to another by now."""
        place = self.reference.partition("@")[0].removeprefix("registry:")
        if not self.reference.startswith("registry:") or self.image == self.config:
            return self.reference
        name, colon, tag = place.rpartition(":")
        return f"registry:{name if colon and '/' not in tag else place}@{self.image}"


class _Lacking(ImageError):
    """The store does not have all that it takes."""


def open_image(place: Place, image: StoredImage, progress: Progress | None = None, *, again: bool = False) -> Analysis:
    """Analyse an image from the store's indexes if all of its layers are there, else from its reference.

    A note of the analysis says which. With ``again`` the reference is asked whatever the store has. Raises
    ``UsageError`` and ``ImageError``.
    """
    from ..analyzer import analyze

    layers = StoredLayers(place, digests=False)
    if not again:
        found = stored_analysis(layers, image, progress)
        if found is not None:
            found.notes = (*found.notes, f"read from the store; its files' contents come from {image.pinned}")
            return found
    options = ReadOptions(cache=True, contents=True, progress=progress, shared=layers)
    found = analyze(image.pinned, options=options)
    found.image = replace(found.image, reference=image.reference)
    note = f"read from {image.pinned}"
    if image.image not in (found.image.manifest_digest, found.image.id):
        note += ", which is another image than the one in the store by now"
    found.notes = (*found.notes, note)
    return found


def stored_analysis(
    layers: StoredLayers, image: StoredImage, progress: Progress | None = None, *, contents: bool = True
) -> Analysis | None:
    """Analyse an image from the store's indexes alone; ``None`` where these are not all there.

    Without ``contents`` nothing is ever asked of its reference: whoever wants a file's content that was not kept gets
    ``ContentUnavailableError``. Raises ``ImageError`` for an image that can't be put together.
    """
    from ..analyzer import analyze_source

    options = ReadOptions(cache=False, contents=contents, progress=progress, shared=layers)
    try:
        found = analyze_source(_StoredSource(image, options), image.reference, options)
    except _Lacking:
        return None
    # The store's config has no values any more by which a secret could be told.
    secrets = dict.fromkeys((*image.secrets, *found.image.secrets))
    found.image = replace(found.image, secrets=tuple(secrets))
    return found


class _StoredSource:
    """An image whose layers come from the store's indexes, and files' contents from its reference."""

    vouched: str | None = _VERIFIED
    """What is in the store's indexes was checked against both of its digests."""
    remote = False

    def __init__(self, image: StoredImage, options: ReadOptions) -> None:
        self._image = image
        self._options = options

    def describe(self) -> str:
        """Say where it comes from."""
        return "the store"

    def saved(self) -> bytes | None:
        """Return ``None``: it is an image."""
        return None

    def cache_key(self) -> str | None:
        """Return ``None``: the store is the cache."""
        return None

    def names(self) -> tuple[str, ...] | None:
        """Return ``None``."""
        return None

    def open(self, scan_layer: ScanLayer, progress: Progress | None = None) -> OpenImage:
        """Open it. Raises ``_Lacking`` where a layer is not in the store."""
        image = self._image
        config = _config(image)
        layers = []
        for layer in image.layers:
            name = f"{layer.layer}:plain" if layer.blob == layer.layer else layer.layer
            scanned = scan_layer(name, _unread, 0)
            packed = claimed_compression(layer.media_type)
            layers.append(LayerBlob(layer.layer, layer.blob, layer.media_type, layer.bytes, packed, scanned=scanned))
        return OpenImage(
            names=(),
            id=image.config,
            manifest_digest=image.image if image.image != image.config else None,
            platform=image.platform,
            config=config,
            config_bytes=(image.config_json or "").encode(),
            config_digest=None,
            layers=tuple(layers),
            origin="store",
            label=image.reference,
        )

    def reopen(self, progress: Progress | None = None) -> OpenImage:
        """Open the image where it was read, for files' contents. Raises as ``Source.reopen``."""
        from ..sources import find_source

        if not self._options.contents:
            raise ContentUnavailableError("the store has no file contents")
        opened = find_source(self._image.pinned, contents=True).reopen(progress)
        if self._image.image not in (opened.manifest_digest, opened.id):
            opened.close()
            raise ContentUnavailableError(f"{self._image.pinned} is another image by now")
        return opened


def _unread(count: int) -> bytes:
    raise _Lacking("the store lacks a layer")


def _config(image: StoredImage) -> dict[str, Any]:
    """Return the image's config as the store has it. Raises ``_Lacking``."""
    try:
        config = parse((image.config_json or "").encode())
    except (ValueError, LimitError):
        config = None
    if not isinstance(config, dict):
        raise _Lacking("the store lacks the config")
    return config
