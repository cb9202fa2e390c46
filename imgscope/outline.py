"""What an image's manifest and config alone tell: its layers, their stored sizes, how they were made. No layer is read.

An outline is an ``Analysis`` whose figures of contents are not known (``Image.layers_read``). Whoever asks it for rows
all the same has the layers read then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .analysis import Analysis, Body
from .archive.store import shown
from .assembling import assemble
from .compat.dive import figures
from .contents import ImageContents, NoContents
from .highlights import Highlights
from .largest import Largest, PackageSizes
from .layer.index import LayerIndex
from .overlay.changes import Comparison
from .overlay.merge import Overlay
from .rows import DiveFigures, Image, Layer, Totals

if TYPE_CHECKING:
    from .archive.image import OpenImage
    from .errors import ArtifactError

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


def artifact(error: ArtifactError, reference: str, names: tuple[str, ...]) -> Analysis:
    """Return what is known of an artifact, which is no image: its blobs, with their types and sizes, as layers."""
    nothing = Totals(0, 0)
    changes: dict[str, Any] = dict.fromkeys(
        ("added", "modified", "metadata_only", "rewritten", "removed", "repeated"), nothing
    )
    figures_: dict[str, Any] = dict.fromkeys(
        ("content_bytes", "tar_bytes", "entry_count", "wasted_bytes", "stored_waste_bytes"), 0
    )
    layers = [
        Layer(
            index=number,
            diff_id=None,
            digest=digest,
            media_type=media_type,
            compression=None,
            instruction=" ".join(filter(None, (title, media_type))),
            created_by="",
            created=None,
            comment="",
            blob_bytes=size,
            **figures_,
            **changes,
        )
        for number, (media_type, digest, size, title) in enumerate(error.blobs)
    ]
    sizes = [layer.blob_bytes for layer in layers]
    image = Image(
        reference=reference,
        names=names,
        id=error.digest,
        manifest_digest=error.digest,
        platform="",
        created=None,
        config={},
        history=(),
        content_bytes=0,
        merged_bytes=0,
        wasted_bytes=0,
        tar_bytes=0,
        blob_bytes=None if None in sizes else sum(size for size in sizes if size is not None),
        file_count=0,
        dive=DiveFigures(1.0, 0, 0.0),
        verified=("manifest",),
        layers_read=False,
    )

    def refuse() -> Body:
        raise error

    kind = f" ({shown(error.kind)})" if error.kind else ""
    note = f"this is an artifact{kind}, not a container image: it has blobs, and no filesystem"
    contents = NoContents(str(error))
    return Analysis(image, layers, (note,), refuse, contents, Highlights(), largest=Largest([], [], PackageSizes()))
