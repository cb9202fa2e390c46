"""What an image's manifest and config alone tell: its layers, their stored sizes, how they were made. No layer is read.

An outline is an ``Analysis`` whose figures of contents are not known (``Image.layers_read``). Whoever asks it for rows
all the same has the layers read then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .analysis import Analysis, Body
from .analyzer import assemble
from .compat.dive import figures
from .contents import ImageContents
from .highlights import Highlights
from .largest import Largest, PackageSizes
from .layer.index import LayerIndex
from .overlay.changes import Comparison
from .overlay.merge import Overlay

if TYPE_CHECKING:
    from .archive.image import OpenImage

IMAGE_FIGURES = ("content_bytes", "merged_bytes", "wasted_bytes", "tar_bytes", "file_count", "efficiency", "dive")
LAYER_FIGURES = (
    "content_bytes",
    "tar_bytes",
    "entry_count",
    "wasted_bytes",
    "stored_waste_bytes",
    "added",
    "modified",
    "metadata_only",
    "rewritten",
    "removed",
    "repeated",
)


def outline(
    opened: OpenImage, reference: str, read: Callable[[], Body], reopen: Callable[[], OpenImage] | None
) -> Analysis:
    """Return what is known of an image before its layers are read; ``read`` reads them once rows are wanted."""
    indexes = [LayerIndex(children={b"": {}}) for _ in opened.layers]
    overlay = Overlay(indexes)
    contents = ImageContents(lambda: read().overlay.layers, opened.layers, reopen, opened.close)
    empty = Body(overlay, Comparison(overlay, None, b""))
    told = assemble(opened, reference, figures(overlay, []), empty, contents)
    image = replace(
        told.image,
        layers_read=False,
        verified=tuple(what for what in told.image.verified if what != "layers"),
        compressed_estimate=None,
    )
    note = "the layers were not read: what is in them is not known, only what the manifest and the config say"
    return Analysis(
        image,
        told.layers,
        (*told.notes, note),
        read,
        contents,
        Highlights(),
        raw_config=told.raw_config,
        largest=Largest([], [], PackageSizes()),
    )
