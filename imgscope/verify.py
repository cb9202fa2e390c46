"""Recomputes an image's digests: what the manifest and config claim against the bytes that are there.

Follows the OCI image spec: descriptor digests (descriptor.md, *Digests*) are of stored bytes, a config's
``rootfs.diff_ids`` (config.md) of uncompressed layers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .contents import sequential
from .errors import ArchiveError, UsageError
from .escape import escape

if TYPE_CHECKING:
    from .analysis import Analysis
    from .archive.image import LayerBlob
    from .progress import Progress

READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Check:
    """One digest recomputed. ``expected`` is ``None`` where nothing is claimed, ``actual`` where nothing is there."""

    what: str
    expected: str | None
    actual: str | None

    @property
    def ok(self) -> bool:
        """Tell whether the bytes are what was claimed; what is not claimed can't be wrong."""
        return self.actual is not None and self.expected in (None, self.actual)


def verify(
    reference: str | os.PathLike[str],
    *,
    platform: str | None = None,
    image: str | None = None,
    progress: Progress | None = None,
) -> list[Check]:
    """Recompute the digest of an image's config, and each layer's blob digest and diff_id.

    An engine's image is exported to a private temporary folder for it. Raises ``ImageError`` and ``UsageError``,
    the latter for a saved analysis, which has no bytes to check; a wrong digest is no error but a ``Check``.
    """
    from .sources import find_source

    source = find_source(reference, platform=platform, image=image)
    if source.saved() is not None:
        raise UsageError(f"{reference} is a saved analysis: it has no layers to verify")
    opened = source.reopen(progress)
    try:
        checks = [Check("config", opened.config_digest, "sha256:" + hashlib.sha256(opened.config_bytes).hexdigest())]
        if progress is not None:
            progress.start(sum(blob.size or 0 for blob in opened.layers), "verifying layers")
        done: dict[tuple[int, int], tuple[str, str]] = {}
        for number, blob in enumerate(opened.layers):
            checks += _layer(number, blob, done, progress)
        if progress is not None:
            progress.finish()
        return checks
    finally:
        opened.close()


def confirm(
    analysis: Analysis, *, platform: str | None = None, image: str | None = None, progress: Progress | None = None
) -> None:
    """Verify the image that was analysed, and note in the analysis that its layers are what is claimed.

    Raises ``ArchiveError`` when a digest is wrong, else as ``verify``.
    """
    reference = analysis.image.reference
    if reference == "-":
        raise UsageError("standard input can be read only once: save the archive to a file to have it verified")
    wrong = [
        check
        for check in verify(reference, platform=platform, image=image, progress=progress)
        if not check.ok and check.actual is not None
    ]
    if wrong:
        raise ArchiveError(
            f"{escape(reference)} is damaged or forged: {wrong[0].what} is {wrong[0].actual}, claimed is "
            f"{wrong[0].expected}; imgscope verify tells all"
        )
    analysis.image = replace(analysis.image, verified=(*analysis.image.verified, "layers"))


def _layer(
    number: int, blob: LayerBlob, done: dict[tuple[int, int], tuple[str, str]], progress: Progress | None
) -> list[Check]:
    region = blob.region
    if region is None:
        return [Check(f"layer {number}", blob.digest or blob.diff_id, None)]
    place = (region.fd, region.start)
    if place not in done:
        done[place] = _digests(blob, sequential(region), progress)
    stored, uncompressed = done[place]
    checks = [Check(f"layer {number} blob", blob.digest, stored)] if blob.digest else []
    return [*checks, Check(f"layer {number} diff_id", blob.diff_id, uncompressed)]


def _digests(blob: LayerBlob, read: Callable[[int], bytes], progress: Progress | None) -> tuple[str, str]:
    """Return the digests of a blob as it is stored, and uncompressed."""
    stored = hashlib.sha256()

    def hashing(size: int) -> bytes:
        data = read(size)
        stored.update(data)
        if progress is not None:
            progress.advance(len(data))
        return data

    if blob.compression is None:
        while hashing(READ):
            pass
        return ("sha256:" + stored.hexdigest(),) * 2
    from .compression import reader

    uncompressed = hashlib.sha256()
    source = reader(blob.compression, hashing)
    while data := source.read(READ):
        uncompressed.update(data)
    while hashing(READ):
        pass
    return "sha256:" + stored.hexdigest(), "sha256:" + uncompressed.hexdigest()
