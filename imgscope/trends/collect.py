"""Finds the images of a trend, reads what is needed of each, and has the largest jumps compared."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import ImgscopeError, UsageError
from ..escape import escape
from ..globs import is_glob
from ..reference import split_tag
from .model import CONTENT, ORDERS, PULL, Cause, Jump, Point, Trend, said_below

if TYPE_CHECKING:
    from typing import Unpack

    from ..analysis import Analysis
    from ..differences import Difference
    from ..reading import ReadKeywords, ReadOptions
    from ..rows import Layer

# Tags of a repository that are looked at where nobody says how many.
LIMIT = 30
# Causes of each kind that a jump is told with.
_CAUSES = 3
# A step of less than this share is no jump.
_JUMP = 0.005

_REGISTRY = re.compile(r"registry:|docker://")
_OTHER = re.compile(r"(?:docker|podman|oci|docker-archive|oci-archive|dir|docker-daemon|containers-storage):(?!//)")


@dataclass(frozen=True, slots=True)
class _Images:
    """What the user named: references with the names of their points, and how many tags were left out."""

    title: str
    named: list[tuple[str, str]]
    left_out: int = 0
    tags: bool = False


def trend(
    *images: str,
    by: str | None = None,
    limit: int | None = None,
    explain: int = 1,
    content: bool = False,
    options: ReadOptions | None = None,
    **how: Unpack[ReadKeywords],
) -> Trend:
    """Follow an image's size over its tags.

    ``images`` are references, as for ``analyze``, in their order, or one repository in a registry (``host/app``, with
    a glob of tags as in ``host/app:1.*``): its last ``limit`` tags. ``by`` orders them: ``tag`` (by version; a
    repository's default), ``time`` (when they were made) or ``given``. The ``explain`` largest jumps are compared file
    by file, for which both images are read. What a registry has is measured by what its manifests say (``to pull``);
    with ``content`` layers are read, and content is measured. Raises ``UsageError``, and ``ImageError`` where none
    of the images can be read: what is wrong with one of several is its point's ``problem``.
    """
    from ..reading import ReadOptions

    if by is not None and by not in ORDERS:
        raise UsageError(f"there is no order {by!r}: choose one of {', '.join(ORDERS)}")
    chosen = ReadOptions.of(options, how)
    found = _find(images, limit or LIMIT, chosen)
    points = _points(found, chosen, content, by or ("tag" if found.tags else "given"))
    whole = [point for point in points if point.problem is None]
    measure = CONTENT if content or any(point.pull_bytes is None for point in whole) else PULL
    told = Trend(found.title, measure, points, left_out=found.left_out)
    jumps = sorted(
        (step for step in told.steps() if abs(step[2]) > _JUMP * (told.size(step[0]) or 1)),
        key=lambda step: (-abs(step[2]), step[1].name),
    )
    return replace(told, jumps=tuple(_jump(*step, chosen) for step in jumps[:explain]))


def _find(images: Sequence[str], limit: int, options: ReadOptions) -> _Images:
    if not images:
        raise UsageError("a trend is that of some images: name them, or a repository in a registry")
    repositories = [image for image in images if _is_repository(image)]
    if not repositories:
        return _Images(_common(images), [(image, image) for image in images])
    if len(images) > 1:
        raise UsageError(
            f"{escape(repositories[0])} names a repository, of which all tags are followed: "
            "name it alone, or each image with its tag"
        )
    from ..cache import Cache
    from ..progress import working
    from ..sources.options import Options
    from ..sources.registry.tags import ask

    sources = Options.of(options.source, options.jobs, options.login)
    with working(options.progress, f"asking for the tags of {escape(repositories[0])}"):
        found = ask(repositories[0], limit=limit, memory=Cache() if options.cache else None, options=sources)
    named = [(tag.name, f"registry:{found.repository}:{tag.name}") for tag in found.tags]
    return _Images(found.repository, named, found.count - len(found.tags), tags=True)


def _is_repository(image: str) -> bool:
    """Tell whether a name is that of a repository: a registry's, without a tag or with a glob of tags."""
    bare = _REGISTRY.sub("", image, count=1)
    if bare == image and (image == "-" or _OTHER.match(image) or os.path.lexists(image)):
        return False
    last = bare.rpartition("/")[2]
    return "@" not in last and (":" not in last or is_glob(last.partition(":")[2]))


def _common(images: Sequence[str]) -> str:
    """Return what the images are called together."""
    names = {repository for image in images if (repository := split_tag(image)[0]) != image}
    return names.pop() if len(names) == 1 else ", ".join(images[:3]) + (", …" if len(images) > 3 else "")


def _points(found: _Images, options: ReadOptions, content: bool, order: str) -> tuple[Point, ...]:
    from ..analyzer import analyze

    reading = options.but(layers=content)
    read: list[tuple[Point, Sequence[Layer]]] = []
    problem: ImgscopeError | None = None
    for name, reference in found.named:
        try:
            with analyze(reference, options=reading) as analysis:
                read.append((_point(name, reference, analysis), analysis.layers))
        except ImgscopeError as error:
            problem = error
            read.append((Point(name, reference, problem=str(error)), ()))
    if problem is not None and all(point.problem is not None for point, _ in read):
        raise problem
    if order == "time":
        # Those of which nobody knows when they were made come first, in the order in which they were named.
        read.sort(key=lambda pair: pair[0].created or "")
    points: list[Point] = []
    before: Sequence[Layer] | None = None
    for point, layers in read:
        if point.problem is None:
            new = _new_bytes(before, layers) if before is not None else point.pull_bytes
            point, before = replace(point, new_bytes=new), layers
        points.append(point)
    return tuple(points)


def _point(name: str, reference: str, analysis: Analysis) -> Point:
    image = analysis.image
    sizes = [_stored(layer) for layer in analysis.layers]
    return Point(
        name=name,
        reference=reference,
        created=image.created,
        digest=image.manifest_digest or image.id,
        layers=len(sizes),
        pull_bytes=None if None in sizes else sum(size or 0 for size in sizes),
        about=any(layer.compression is None and layer.compressed_estimate is not None for layer in analysis.layers),
        content_bytes=image.content_bytes if image.layers_read else None,
    )


def _stored(layer: Layer) -> int | None:
    """Return about how many bytes a layer is compressed; an outline takes a blob for what it is stored as."""
    if layer.compressed_estimate is not None:
        return layer.compressed_estimate.bytes
    return layer.blob_bytes


def _new_bytes(old: Sequence[Layer], new: Sequence[Layer]) -> int | None:
    from ..differences.layers import lacking

    sizes = [_stored(layer) for layer, missing in zip(new, lacking(old, new), strict=True) if missing]
    return None if None in sizes else sum(size or 0 for size in sizes)


def _jump(before: Point, after: Point, gained: int, options: ReadOptions) -> Jump:
    from ..differences import diff
    from ..differences.report.words import why

    try:
        with diff(before.reference, after.reference, options=options.but(layers=True)) as difference:
            text = "in content, " + why(difference).replace("NEW", after.name).replace("OLD", before.name)
            return Jump(before, after, gained, text, tuple(_causes(difference)))
    except ImgscopeError as error:
        return Jump(before, after, gained, problem=str(error))


def _causes(difference: Difference) -> list[Cause]:
    from ..differences.report.words import instruction, outline

    layers = [
        Cause("layer", instruction(layer), _gained(pair.old, pair.new))
        for pair in difference.layers
        if pair.status not in ("shared", "same") and (layer := pair.new or pair.old) is not None
    ]
    shown = [row for _, _, row in outline(difference.files.directories(), 2 * _CAUSES)]
    changed = [(row.path, row.delta) for row in shown]
    directories = [Cause("files", path, delta) for path, delta in changed if not said_below(path, delta, changed)]
    packages = [
        Cause("package", " ".join(filter(None, (row.name, row.version_after or row.version_before))), row.delta)
        for row in difference.packages
    ]
    found: list[Cause] = []
    for rows in (layers, directories, packages):
        moved = [row for row in rows if row.bytes]
        found += sorted(moved, key=lambda row: (-abs(row.bytes), row.what))[:_CAUSES]
    return found


def _gained(old: Layer | None, new: Layer | None) -> int:
    return (new.content_bytes if new else 0) - (old.content_bytes if old else 0)
