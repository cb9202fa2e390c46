"""The rows that an analysis is made of: an image and its layers, files and directories, changes, waste.

Sizes are bytes, times nanoseconds since 1970, modes the permission bits of ``st_mode``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .brief import brief
from .history import HistoryStep
from .layer.estimate import Estimate

SCHEMA_VERSION = 1


def titled(reference: str) -> str:
    """Return a reference as reports write it: ``-`` says nothing to who did not type it."""
    return "standard input" if reference == "-" else reference


@brief()
@dataclass(frozen=True, slots=True, repr=False)
class Totals:
    """A number of paths and their content bytes."""

    count: int
    bytes: int


class DiveFigures(NamedTuple):
    """dive's own figures, by dive's definitions: see ``compat.dive``. ``user_wasted_percent`` is a fraction."""

    efficiency: float
    wasted_bytes: int
    user_wasted_percent: float


@brief("index", "content_bytes", "wasted_bytes", "instruction")
@dataclass(frozen=True, slots=True, repr=False)
class Layer:
    """One layer: where it comes from, its bytes, and what it did to the merged tree below it.

    ``blob_bytes`` is the stored size, compressed where the layer is (``None`` where it is not known), ``blob_name``
    what the manifest calls the blob (``blobs/sha256/…``, ``<id>/layer.tar``; ``blob_linked``: that is a link to
    another layer's), ``compressed_estimate`` what it would be compressed, where it is stored as it is. ``wasted_bytes``
    is what this layer made waste, ``stored_waste_bytes`` what it stores that is waste.
    """

    index: int
    diff_id: str | None
    digest: str | None
    media_type: str | None
    compression: str | None
    instruction: str
    created_by: str
    created: str | None
    comment: str
    content_bytes: int
    tar_bytes: int
    blob_bytes: int | None
    entry_count: int
    wasted_bytes: int
    stored_waste_bytes: int
    added: Totals
    modified: Totals
    metadata_only: Totals
    rewritten: Totals
    removed: Totals
    repeated: Totals
    missing: str | None = None
    blob_name: str | None = None
    blob_linked: bool = False
    compressed_estimate: Estimate | None = None


def efficiency(merged_bytes: int, content_bytes: int) -> float:
    """Return merged bytes as a share of content bytes; 1.0 for an image without content."""
    return merged_bytes / content_bytes if content_bytes else 1.0


@brief("reference", "names", "platform", "content_bytes", "merged_bytes", "wasted_bytes", "file_count")
@dataclass(frozen=True, slots=True, repr=False)
class Image:
    """The image as a whole. ``config`` is the image config's JSON without the values of its secrets, and ``secrets``
    says what was taken out; so it is with all that comes of the config. Sizes are in bytes.

    ``verified`` names what was found to have the digest that is claimed for it: ``manifest`` and ``config`` wherever
    they are claimed, ``layers`` (blobs and diff_ids) where that was asked for. ``compressed_estimate`` is what the
    layers' blobs would be together, were all of them compressed; ``None`` where all are. ``platform`` is
    ``os/architecture[/variant]``; ``os_version`` and ``os_features`` are those of the index or the config. Without
    ``layers_read`` figures of contents are not known, and 0 (see ``outline``).
    """

    reference: str
    names: tuple[str, ...]
    id: str
    manifest_digest: str | None
    platform: str
    created: str | None
    config: Mapping[str, Any]
    history: tuple[HistoryStep, ...]
    content_bytes: int
    merged_bytes: int
    wasted_bytes: int
    tar_bytes: int
    blob_bytes: int | None
    file_count: int
    dive: DiveFigures
    verified: tuple[str, ...] = ()
    secrets: tuple[ConfigSecret, ...] = ()
    os_version: str | None = None
    os_features: tuple[str, ...] = ()
    compressed_estimate: Estimate | None = None
    layers_read: bool = True

    @property
    def title(self) -> str:
        """What the image is called in reports: as it was named, or where it came from if that is no name."""
        return titled(self.reference)

    @property
    def system(self) -> str:
        """The platform with the version and features of its operating system, as ``--platform`` takes it."""
        from .archive.platform import read, stated

        whole = read({**stated(self.platform), "os.version": self.os_version, "os.features": list(self.os_features)})
        return self.platform if whole is None or not (self.os_version or self.os_features) else str(whole)

    @property
    def efficiency(self) -> float:
        """Merged bytes as a share of content bytes; 1.0 for an image without content."""
        return efficiency(self.merged_bytes, self.content_bytes)


@dataclass(frozen=True, slots=True)
class ConfigSecret:
    """Something secret in an image's config: what (a variable's name, a kind of token), and where; never its value.

    ``where`` is ``ENV``, ``LABEL``, ``CMD``, …, ``history`` or ``config``; ``layer`` is the one whose instruction holds
    it, if any.
    """

    kind: str
    where: str
    layer: int | None = None


@brief("path", "type", "size", "layer", "layers", "link_target")
class File(NamedTuple):
    """A path of the merged tree, or an entry of a layer.

    ``path`` starts with ``/``; bytes that are not UTF-8 are surrogate escapes. ``mode`` has the 12 permission
    bits. Of an inode's names one is the ``file`` with its size, the others are ``hardlink`` with size 0 and that
    name as ``link_target``. ``layers`` are all that ever held the path, ``layer`` the one it comes from.
    """

    path: str
    type: str
    size: int
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    link_target: str | None
    layer: int
    layers: tuple[int, ...]
    device: tuple[int, int] | None = None
    xattrs: Mapping[str, bytes] | None = None


@brief()
class Waste(NamedTuple):
    """Wasted bytes: the path that held them, the layers that stored them and made them waste, and the reason."""

    path: str
    bytes: int
    stored_in: int
    wasted_by: int
    reason: str


@brief()
@dataclass(frozen=True, slots=True, repr=False)
class WastedPath:
    """All wasted bytes of one path, over all layers; ``count`` copies of it are wasted."""

    path: str
    bytes: int
    count: int


@brief()
class Change(NamedTuple):
    """What a layer did to one path, against the merged tree just below it.

    ``kind`` is ``added``, ``modified``, ``metadata_only``, ``rewritten`` or ``removed``; ``differs`` names what
    is other than before. Sizes are content bytes; ``None`` where the path did not exist.
    """

    path: str
    kind: str
    size_before: int | None
    size_after: int | None
    differs: tuple[str, ...]


@brief("layer", "kind", "file", "cause")
class Event(NamedTuple):
    """One layer's deed to one path: a ``Change``'s kind, or ``repeated``, the entry, and what caused it."""

    layer: int
    kind: str
    file: File | None
    bytes: int
    cause: str | None


@brief("size", "paths")
class Duplicate(NamedTuple):
    """Regular files of the merged tree with equal content; all copies but one could be saved."""

    size: int
    paths: tuple[str, ...]

    @property
    def redundant_bytes(self) -> int:
        """Bytes that the copies take beyond the first."""
        return self.size * (len(self.paths) - 1)
