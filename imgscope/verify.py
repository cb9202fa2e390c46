"""Recomputes an image's digests: what the manifest and config claim against the bytes that are there.

Follows the OCI image spec: descriptor digests (descriptor.md, *Digests*) are of stored bytes, a config's
``rootfs.diff_ids`` (config.md) of uncompressed layers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .archive.digests import Hash, Unverifiable, algorithm_of, new_hash
from .compression import MAGIC_BYTES, chained, detect, filled
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
    """One digest recomputed.

    ``expected`` is ``None`` where nothing is claimed, ``actual`` where nothing is there, or where the digest can't be
    computed, as ``unchecked`` says.
    """

    what: str
    expected: str | None
    actual: str | None
    unchecked: str = ""

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
    the latter for a saved analysis, which has no bytes to check; a wrong digest is not an error but a ``Check``.
    """
    from .sources import find_source

    source = find_source(reference, platform=platform, image=image)
    if source.saved() is not None:
        raise UsageError(f"{reference} is a saved analysis: it has no layers to verify")
    opened = source.reopen(progress)
    try:
        checks = [_checked("config", opened.config_digest, _Digests([opened.config_digest], opened.config_bytes))]
        if opened.manifest_digest and not opened.manifest_checked:
            checks.insert(0, _checked("manifest", opened.manifest_digest, _Digests([opened.manifest_digest])))
        if progress is not None:
            progress.start(sum(blob.size or 0 for blob in opened.layers), "verifying layers")
        done: dict[_Place, tuple[_Digests, _Digests]] = {}
        for number, blob in enumerate(opened.layers):
            checks += _layer(number, blob, opened.layers, done, progress)
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
    checks = verify(reference, platform=platform, image=image, progress=progress)
    wrong = [check for check in checks if not check.ok and check.actual is not None]
    if wrong:
        raise ArchiveError(
            f"{escape(reference)} is damaged or forged: {wrong[0].what} is {wrong[0].actual}, claimed is "
            f"{wrong[0].expected}; imgscope verify tells all"
        )
    unchecked = [check for check in checks if check.unchecked]
    if unchecked:
        note = f"{unchecked[0].what} is not verified: {unchecked[0].unchecked}"
        analysis.notes = (*analysis.notes, note)
    if not any(check.what.startswith("layer") for check in unchecked):
        analysis.image = replace(analysis.image, verified=(*analysis.image.verified, "layers"))


def wrong_digest(blob: LayerBlob) -> str | None:
    """Recompute the digests of one layer that is at hand; return what is wrong with them, ``None`` for nothing."""
    for check in _layer(0, blob, [blob], {}, None):
        if not check.ok and check.actual is not None:
            return f"its {check.what.rpartition(' ')[2]} is {check.actual}, claimed is {check.expected}"
    return None


class _Digests:
    """The digests of some bytes in all algorithms that are claimed of them, and in sha256."""

    def __init__(self, claims: Iterable[str | None], data: bytes = b"") -> None:
        """Begin with ``data``; ``claims`` are digests."""
        self._states: dict[str, Hash] = {}
        self._unchecked: dict[str, str] = {}
        for algorithm in sorted({algorithm_of(claim) for claim in claims if claim} | {"sha256"}):
            try:
                self._states[algorithm] = new_hash(algorithm)
            except Unverifiable as error:
                self._unchecked[algorithm] = str(error)
        self.update(data)

    def update(self, data: bytes) -> None:
        for state in self._states.values():
            state.update(data)

    def of(self, algorithm: str) -> tuple[str | None, str]:
        """Return the digest in an algorithm, or ``None`` and why it can't be computed."""
        state = self._states.get(algorithm)
        return (f"{algorithm}:{state.hexdigest()}", "") if state else (None, self._unchecked.get(algorithm, ""))


def _checked(what: str, claim: str | None, found: _Digests) -> Check:
    return Check(what, claim, *found.of(algorithm_of(claim) if claim else "sha256"))


def _layer(
    number: int,
    blob: LayerBlob,
    blobs: Sequence[LayerBlob],
    done: dict[_Place, tuple[_Digests, _Digests]],
    progress: Progress | None,
) -> list[Check]:
    place = _place(blob)
    if place is None:
        return [Check(f"layer {number}", blob.digest or blob.diff_id, None)]
    if place not in done:
        # A blob may stand for several layers, with other claims each time.
        same = [other for other in blobs if _place(other) == place]
        with _bytes(blob) as (read, compression):
            done[place] = _digests(compression, same, read, progress)
    stored, uncompressed = done[place]
    checks = [_checked(f"layer {number} blob", blob.digest, stored)] if blob.digest else []
    return [*checks, _checked(f"layer {number} diff_id", blob.diff_id, uncompressed)]


_Place = tuple[int, int] | str


def _place(blob: LayerBlob) -> _Place | None:
    """Return where a layer's bytes are, ``None`` for nowhere."""
    if blob.remote is not None:
        return blob.remote.digest
    return (blob.region.fd, blob.region.start) if blob.region is not None else None


@contextmanager
def _bytes(blob: LayerBlob) -> Iterator[tuple[Callable[[int], bytes], str | None]]:
    """Give what reads a layer's bytes as they are stored, and how they are compressed."""
    if blob.remote is None:
        assert blob.region is not None
        yield sequential(blob.region), blob.compression
        return
    with blob.remote.stream(check=False) as stream:
        head = filled(stream, MAGIC_BYTES)
        yield chained(head, stream), detect(head)


def _digests(
    compression: str | None, same: Sequence[LayerBlob], read: Callable[[int], bytes], progress: Progress | None
) -> tuple[_Digests, _Digests]:
    """Return the digests of a blob as it is stored, and uncompressed."""
    diff_ids = [other.diff_id for other in same]
    plain = compression is None
    stored = _Digests([other.digest for other in same] + (diff_ids if plain else []))

    def hashing(size: int) -> bytes:
        data = read(size)
        stored.update(data)
        if progress is not None:
            progress.advance(len(data))
        return data

    if plain:
        while hashing(READ):
            pass
        return stored, stored
    from .compression import reader

    uncompressed = _Digests(diff_ids)
    source = reader(compression or "", hashing)
    while data := source.read(READ):
        uncompressed.update(data)
    while hashing(READ):
        pass
    return stored, uncompressed
