"""What a report tells besides the figures, found in another process while those are made: what is largest, and about
how large layers would be compressed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from .highlights import HIGHLIGHTS
from .largest import (
    DirectorySize,
    FileSize,
    Largest,
    PackageSize,
    PackageSizes,
    largest_directories,
    largest_files,
)
from .layer.estimate import Estimate, estimate, of_file, shares, total
from .processes import in_another_process
from .rows import Layer
from .tree import Files, Tree

if TYPE_CHECKING:
    from .archive.image import LayerBlob, Region
    from .contents import Contents
    from .layer.index import LayerIndex
    from .overlay.merge import Overlay

# From so many entries, or blocks of a sample, on a second process is worth its start.
MANY_ENTRIES, MANY_BLOCKS = 10_000, 40


class Asides(NamedTuple):
    """What was found: each layer's estimate (``None`` where there is none, or none is needed), and what is largest."""

    estimates: Sequence[Estimate | None]
    largest: Largest


Estimates = Callable[[Sequence["LayerIndex"]], list[Estimate | None]]
"""Waits for the layers' estimates; layers that streamed by were sampled in their indexes."""


@contextmanager
def estimating(blobs: Sequence[LayerBlob]) -> Iterator[Estimates]:
    """Begin to estimate what the layers would be compressed, in another process where that pays: their files are all
    that it needs, so it begins before they are read, and takes what time processors have left meanwhile.
    """
    plain = [number for number, blob in enumerate(blobs) if blob.compression is None and not blob.missing]
    counts = dict(zip(plain, shares([blobs[number].size or 0 for number in plain]), strict=True))
    # Of those that lie in files; one that an image has twice lies there once.
    regions = {blobs[number].region: count for number, count in counts.items()}
    blocks = sum(count for region, count in regions.items() if region is not None)

    def work() -> Iterator[bytes]:
        yield json.dumps([_in_file(region, count) for region, count in regions.items()]).encode()

    with in_another_process(work, worthwhile=blocks >= MANY_BLOCKS, background=True) as rest:

        def wait(indexes: Sequence[LayerIndex]) -> list[Estimate | None]:
            found = json.loads(b"".join(rest()))
            known = {region: Estimate(*pair) if pair else None for region, pair in zip(regions, found, strict=True)}
            return [
                known[blob.region] or _sampled(blob, index, counts[number]) if number in counts else None
                for number, (blob, index) in enumerate(zip(blobs, indexes, strict=True))
            ]

        yield wait


@contextmanager
def asides(overlay: Overlay, contents: Contents, estimates: Estimates) -> Iterator[Callable[[], Asides]]:
    """Begin to look for what is largest, in another process where that pays; the function that is given waits for
    the answer, and for the ``estimates``.
    """

    def work() -> Iterator[bytes]:
        yield json.dumps(asdict(_largest(Merged(Files(Tree(overlay)), contents)))).encode()

    with in_another_process(work, worthwhile=overlay.entry_count >= MANY_ENTRIES) as rest:

        def wait() -> Asides:
            largest = largest_from(json.loads(b"".join(rest())))
            return Asides(estimates(overlay.layers), largest)

        yield wait


def _in_file(region: Region | None, count: int) -> tuple[int, int] | None:
    if region is None:
        return None
    try:
        found = of_file(region.fd, region.start, region.length, count)
    except OSError:
        return None
    return found.bytes, found.error


def _sampled(blob: LayerBlob, index: LayerIndex, count: int) -> Estimate | None:
    """Return the estimate of a layer that was sampled as it streamed by."""
    sample = index.sample[:count]
    return estimate(blob.size or 0, sample) if len(sample) else None


def _largest(image: Merged) -> Largest:
    from .packages.sizes import package_sizes

    tree = image.files.tree
    own = tree.own_sizes()
    directories = largest_directories(tree.directory_sizes(own), HIGHLIGHTS)
    return Largest(largest_files(tree, HIGHLIGHTS, own), directories, package_sizes(image))


class Merged(NamedTuple):
    """What is known of an image before it is analysed: its tree, and where contents are."""

    files: Files
    contents: Contents


def largest_from(raw: dict[str, Any]) -> Largest:
    """Return what was written as JSON. Raises ``KeyError`` or ``TypeError`` where it wasn't."""
    packages = raw["packages"]
    return Largest(
        [FileSize(**row) for row in raw["files"]],
        [DirectorySize(**row) for row in raw["directories"]],
        PackageSizes(**{**packages, "rows": tuple(PackageSize(**row) for row in packages["rows"])}),
    )


def whole(layers: Sequence[Layer]) -> Estimate | None:
    """Return about how many bytes an image's layers are compressed; ``None`` where that is known, or one is not."""
    there = [layer for layer in layers if layer.missing is None]
    if all(layer.compression is not None for layer in there):
        return None
    parts: list[Estimate] = []
    for layer in there:
        known = layer.compressed_estimate
        if layer.compression is not None and layer.blob_bytes is not None:
            known = Estimate(layer.blob_bytes, 0)
        if known is None:
            return None
        parts.append(known)
    return total(parts)
