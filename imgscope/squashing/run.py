"""Writes an image anew, and proves that its containers see the same."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..archive.digests import digest_of
from ..archive.platform import stated
from ..brief import brief
from ..errors import ContentUnavailableError, ImageError, UsageError
from ..escape import escape
from ..layer.contents import copied
from ..layering import Plan, assign, read_plan
from ..layering.plan import MAX_LAYERS
from ..output import OutputError, whole_file
from ..overlay.merge import Overlay
from . import select
from .archive import Blob, archive
from .layertar import layer_tar
from .names import given, tagged

if TYPE_CHECKING:
    from typing import Unpack

    from ..analysis import Analysis
    from ..analyzer import AnyImage
    from ..contents import ImageContents
    from ..layer.contents import FileBytes
    from ..progress import Progress
    from ..reading import ReadKeywords, ReadOptions


@brief("diff_id", "content_bytes", "tar_bytes", "made_of")
@dataclass(frozen=True, slots=True)
class SquashedLayer:
    """A layer of the new image: its diff_id, content bytes, the length of its tar, and the old layers (first, last)
    that it stands for. ``kept`` tells that it is the very layer of the old image; ``name`` is the plan's."""

    diff_id: str
    content_bytes: int
    tar_bytes: int
    made_of: tuple[int, int]
    kept: bool = False
    name: str | None = None


@brief("path", "before", "after", "layers")
@dataclass(frozen=True, slots=True)
class Squashed:
    """What was written: the archive, its image's id and layers, and the content bytes ``before`` and ``after``.

    ``notes`` say where it could not be as planned.
    """

    path: str
    id: str
    names: tuple[str, ...]
    layers: tuple[SquashedLayer, ...]
    before: int
    after: int
    notes: tuple[str, ...] = ()

    @property
    def saved(self) -> int:
        """Content bytes that the new image does without."""
        return self.before - self.after


def squash(
    reference: AnyImage,
    target: str | os.PathLike[str],
    *,
    first: int = 0,
    drop_waste: bool = False,
    split: Plan | str | os.PathLike[str] | None = None,
    names: Sequence[str] | None = None,
    options: ReadOptions | None = None,
    **how: Unpack[ReadKeywords],
) -> Squashed:
    """Write an image to the archive ``target`` with its layers from ``first`` on as one, those below as they are.

    With ``drop_waste`` every layer stays one of its own, from ``first`` on without what later ones made waste of it.
    With ``split``, a plan or its file, what comes from layers ``first`` on goes into the layers that the plan names.
    Containers see the same: paths, types, sizes, modes, owners, times, links, extended attributes, contents,
    and all settings; the history says what was done. ``names`` are the new image's references, by default the old
    one's. What was written is read again, its digests are checked and both trees compared, before ``target`` appears:
    whole, or not at all. ``reference`` is as for ``analyze``. Raises ``UsageError``, ``ImageError``, ``OutputError``.
    """
    from ..analyzer import opened
    from ..reading import ReadOptions

    chosen = ReadOptions.of(options, how).but(contents=True, raw=True)
    wanted = tuple(given(name) for name in names or ())
    if os.fspath(target) == "-":
        raise UsageError("what is squashed is read again and proven, so it goes to a file: name one")
    if split is not None and drop_waste:
        raise UsageError("--split leaves all waste out already: give it or --drop-waste")
    plan = split if split is None or isinstance(split, Plan) else read_plan(split)
    with opened(reference, chosen) as analysis, ExitStack() as stack:
        work = _Work(analysis, first, drop_waste, plan, stack, chosen.progress)
        config = work.config()
        # Of the archive's own names those are kept that an engine takes.
        tags = tuple(filter(None, map(tagged, analysis.image.names))) if names is None else wanted
        platform = stated(analysis.image.platform)
        with whole_file(Path(target), lambda path: _prove(analysis, path, chosen)) as file:
            for piece in archive(config, work.blobs, tags, platform):
                file.write(piece)
        return Squashed(
            str(target),
            digest_of(config),
            tags,
            tuple(work.layers),
            analysis.image.content_bytes,
            sum(layer.content_bytes for layer in work.layers),
            tuple(work.notes),
        )


class _Work:
    """The new image under way."""

    def __init__(
        self,
        analysis: Analysis,
        first: int,
        drop_waste: bool,
        plan: Plan | None,
        stack: ExitStack,
        progress: Progress | None,
    ) -> None:
        if not analysis.has_contents:
            raise ContentUnavailableError("a saved analysis holds no contents to write: that needs the image itself")
        if analysis.image.platform.startswith("windows/"):
            raise UsageError("layers of Windows images cannot be written anew: they hold registry hives besides files")
        count = len(analysis.layers)
        if not 0 <= first < max(count, 1):
            there = f"layers 0 to {count - 1}" if count else "no layers"
            raise UsageError(f"there is no layer {first}: the image has {there}")
        for layer in analysis.layers:
            if layer.missing is not None:
                raise ContentUnavailableError(f"layer {layer.index} can't be read: {layer.missing}")
        self.analysis = analysis
        self.first = first
        self.stack = stack
        self.progress = progress
        self.indexes = list(analysis.body.overlay.layers)
        # All new layers lie in one file, what is unpacked of old ones in another: an image may have any number of them.
        self._written = self._file()
        self._unpacked = self._file()
        self.blobs: list[Blob] = []
        self.layers: list[SquashedLayer] = []
        self.notes: list[str] = []
        self._sources: dict[int, FileBytes] = {}
        if plan is not None and first + len(plan.names) > MAX_LAYERS:
            raise UsageError(f"the new image would have more than {MAX_LAYERS} layers, which no engine stacks")
        for number in range(first):
            self._keep(number)
        if plan is not None:
            if count:
                self._split(plan)
            return
        groups = [(number, number) for number in range(first, count)] if drop_waste else [(first, count - 1)]
        for group in groups if count else []:
            self._write(*group)

    def _file(self) -> BinaryIO:
        """Make a nameless file that lasts as long as the work."""
        return self.stack.enter_context(tempfile.TemporaryFile())

    def source(self, layer: int) -> FileBytes:
        """Return a layer's plain tar; one that is compressed is unpacked to a nameless file, once."""
        if layer not in self._sources:
            contents: ImageContents = self.analysis.contents  # type: ignore[assignment]
            if contents.is_listed(layer):
                raise ContentUnavailableError(
                    f"layer {layer} is known by its table of contents alone: "
                    "copy the image to an archive and squash that"
                )
            with _room():
                self._sources[layer] = contents.unpacked(layer, self._unpacked)
        return self._sources[layer]

    def _keep(self, number: int) -> None:
        blob = self._blob(f"copying layer {number}", copied(self.source(number), 0, self.indexes[number].tar_bytes))
        known = self.analysis.layers[number].diff_id
        if known is not None and known.startswith("sha256:") and known != blob.digest:
            raise ImageError(f"layer {number} is damaged: its diff_id is {blob.digest}, claimed is {known}")
        self._add(blob, number, number, kept=True)

    def _write(self, first: int, last: int) -> None:
        tree = self.analysis.files.tree
        removed = self._removed() if first == self.first else ()
        members = select.members(tree, select.of_layers(tree.overlay, first, last))
        what = f"writing layer {first}" if first == last else f"writing layers {first} to {last} as one"
        blob = self._blob(what, layer_tar(removed, members, self.indexes, self.source))
        self._add(blob, first, last)

    def _removed(self) -> Iterable[tuple[bytes, bytes]]:
        """Return what the first new layer has to remove: of what stays below as it is, that which is too much."""
        if not self.first:
            return ()
        return select.whiteouts(Overlay(self.indexes[: self.first]), self.analysis.files.tree.overlay)

    def _split(self, plan: Plan) -> None:
        """Write what comes from the first layer on in the layers of a plan; those that would be empty are left out."""
        from ..packages import read_packages

        tree = self.analysis.files.tree
        owners = read_packages(self.analysis).owners if any(layer.packages for layer in plan.layers) else {}
        assigned = assign(tree.overlay, owners, plan, self.first)
        rest = len(plan.layers)
        removed = self._removed()
        for number, (name, paths) in enumerate(zip(plan.names, assigned.layers, strict=True)):
            if number < rest and not paths:
                self.notes.append(f"the image has nothing of {escape(name)}: there is no such layer")
                continue
            members = select.members(tree, paths) if number == rest else select.planned(tree, paths)
            blob = self._blob(f"writing {escape(name)}", layer_tar(removed, members, self.indexes, self.source))
            self._add(blob, self.first, len(self.indexes) - 1, name=name)
            removed = ()
        if assigned.moved:
            lie = "name lies" if assigned.moved == 1 else "names lie"
            self.notes.append(f"{assigned.moved:,} {lie} in a layer below the planned one, beside another of the file")

    def _add(self, blob: Blob, first: int, last: int, *, kept: bool = False, name: str | None = None) -> None:
        from ..layer.scan import scan_file

        index = scan_file(blob.file.fileno(), blob.start, blob.bytes)
        self.blobs.append(blob)
        self.layers.append(SquashedLayer(blob.digest, index.content_bytes, blob.bytes, (first, last), kept, name))

    def _blob(self, what: str, pieces: Iterator[bytes]) -> Blob:
        from ..progress import working

        file, state, length = self._written, hashlib.sha256(), 0
        start = file.tell()
        advance: Callable[[int], object] = self.progress.advance if self.progress is not None else (lambda _: None)
        with working(self.progress, what), _room():
            for piece in pieces:
                file.write(piece)
                state.update(piece)
                length += len(piece)
                advance(len(piece))
            file.flush()
        return Blob("sha256:" + state.hexdigest(), length, file, start)

    def config(self) -> bytes:
        """Return the new image's config: the old one's, but for layers and history."""
        raw = self.analysis.raw_config
        if raw is None:
            raise ContentUnavailableError("the image's config is not at hand: analyse the image itself")
        config: dict[str, Any] = dict(raw)
        config["rootfs"] = {"type": "layers", "diff_ids": [blob.digest for blob in self.blobs]}
        config["history"] = self._history(raw.get("history"))
        return json.dumps(config, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _history(self, raw: object) -> list[dict[str, Any]]:
        """Return the steps: those of layers that were written with others made none any more, and a step for each."""
        steps = [dict(step) for step in raw if isinstance(step, dict)] if isinstance(raw, list) else []
        if sum(not step.get("empty_layer") for step in steps) != len(self.indexes):
            # Nobody can tell which step made which layer.
            return [self._step(layer) for layer in self.layers]
        written: list[dict[str, Any]] = []
        by_last: dict[int, list[SquashedLayer]] = {}
        for layer in self.layers:
            by_last.setdefault(layer.made_of[1], []).append(layer)
        number = -1
        for step in steps:
            if step.get("empty_layer"):
                written.append(step)
                continue
            number += 1
            made = by_last.get(number, [])
            if len(made) == 1 and made[0].made_of == (number, number) and made[0].name is None:
                written.append(step if made[0].kept else {**step, "comment": _comment(step, "without its waste")})
                continue
            written.append({**step, "empty_layer": True})
            written += map(self._step, made)
        return written

    def _step(self, layer: SquashedLayer) -> dict[str, Any]:
        first, last = layer.made_of
        which = f"layer {first}" if first == last else f"layers {first} to {last}"
        named = "" if layer.name is None else f"{layer.name}, "
        step = {"created_by": f"imgscope squash: {named}{which} of {self.analysis.image.id}"}
        created = self.analysis.image.created
        return {"created": created, **step} if created else step


@contextmanager
def _room() -> Iterator[None]:
    """Say where there is no room, if that is so: what lies there has no name. Raises ``OutputError``."""
    try:
        yield
    except OSError as error:
        folder = escape(tempfile.gettempdir())
        raise OutputError(
            f"{folder} can't hold the layers: {error.strerror or error}; set TMPDIR to a folder that can"
        ) from None


def _comment(step: dict[str, Any], words: str) -> str:
    known = step.get("comment")
    return f"{known}; imgscope squash: {words}" if isinstance(known, str) and known else f"imgscope squash: {words}"


def _prove(old: Analysis, path: str, options: ReadOptions) -> None:
    """Hold the new image against the old one. Raises ``ImageError`` where a container would see a difference."""
    from ..analyzer import analyze
    from ..differences import Filter, compare
    from ..progress import working
    from ..verify import verify

    with working(options.progress, "comparing both images"):
        bad = [check.what for check in verify(path) if not check.ok]
        if bad:
            raise ImageError(f"what was written is not what was meant: the digest of {bad[0]} is wrong")
        with analyze(path, cache=False, raw=True, contents=True) as new:
            difference = compare(old, new, Filter(sections=frozenset({"files", "config"})))
            for row in difference.files:
                words = ", ".join(row.differs) or row.kind
                raise ImageError(
                    f"{escape(row.path)} would not be the same ({words}): this image cannot be squashed safely"
                )
            if difference.config:
                raise ImageError(f"the setting {difference.config[0].field} would not be the same")
