"""The rule on paths that must be in no layer: what a later layer removes is still in the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...knowledge.pathsets import SETS, PathSet
from ...layer.index import FILE, LayerIndex
from ...overlay.merge import Overlay
from ...paths import join, public, split
from ...report.sizes import quantity
from ..model import Cause, Causes
from ..values import GLOBS, Limit
from .interface import Outcome, Rule, Subject

if TYPE_CHECKING:
    from ...globs import PathFilter
    from ..glob_search import GlobSearch


@dataclass(slots=True)
class _TopPath:
    """The topmost path that fits, with what lies below it in one layer."""

    bytes: int = 0
    files: int = 0
    entries: int = 0


def _search(index: LayerIndex, fitting: GlobSearch, harmless: PathFilter | None) -> dict[bytes, _TopPath]:
    """Return the topmost paths of a layer that fit, with the bytes, files and entries at and below them."""
    found: dict[bytes, _TopPath] = {}
    top: dict[bytes, bytes | None] = {b"": None}
    # Parents come before what lies in them: a parent's path is the shorter one.
    for directory in sorted(index.children, key=len):
        names = index.children[directory]
        above = top.get(directory)
        if above is None:
            for name in fitting.candidates(directory, names):
                if fitting.fits(directory, name):
                    path = join(directory, name)
                    top[path] = path
                    _count(index, found, path, {name: names[name]}, directory, harmless)
        else:
            _count(index, found, above, names, directory, harmless)
            top.update((join(directory, name), above) for name in names)
    return found


def _count(
    index: LayerIndex,
    found: dict[bytes, _TopPath],
    top: bytes,
    names: dict[bytes, int],
    directory: bytes,
    harmless: PathFilter | None,
) -> None:
    for name, own in names.items():
        if own < 0 or (harmless is not None and harmless.fits(directory, name)):
            continue
        row = found.setdefault(top, _TopPath())
        row.entries += 1
        row.bytes += index.sizes[own]
        row.files += index.kinds[own] == FILE and index.sizes[own] > 0


def _causes_of(subject: Subject, glob: str) -> list[Cause]:
    """Return a cause for each path that a glob or a set forbids, in every layer that has it."""
    from ...globs import PathFilter
    from ..glob_search import GlobSearch

    known = SETS.get(glob)
    fitting = GlobSearch(known.globs if known else (glob,))
    left_out = (*subject.ignored, *(known.harmless if known else ()))
    harmless = PathFilter(left_out) if left_out else None
    overlay = subject.analysis.body.overlay
    causes = []
    for number, index in enumerate(overlay.layers):
        for path, row in _search(index, fitting, harmless).items():
            if known is None or row.files:
                causes.append(_cause(subject, overlay, number, path, row, glob, known))
    causes.sort(key=lambda cause: (-cause.bytes, cause.path or "", cause.layer or 0))
    return causes


def _cause(
    subject: Subject, overlay: Overlay, layer: int, path: bytes, row: _TopPath, glob: str, known: PathSet | None
) -> Cause:
    directory, name = split(path)
    index = overlay.layers[layer]
    own = index.children[directory][name]
    is_directory = path in index.children or own < 0
    details = [glob] if known else [f"fits {glob}"]
    if is_directory and row.files:
        details.append(quantity(row.files, "file"))
    now = overlay.lookup(path)
    if now is None:
        details.append("removed by a later layer, but still in this one")
    elif not is_directory and overlay.layer_of(now) != layer:
        details.append("replaced by a later layer, but still in this one")
    return Cause(
        "directory" if is_directory else "file",
        public(path),
        layer,
        subject.instruction(layer),
        row.bytes,
        detail=", ".join(details),
    )


def forbidden_paths(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """Paths that no layer may hold: globs, and the sets ``secrets`` and ``caches``."""
    found = {glob: _causes_of(subject, glob) for glob in limit.value}
    causes = [cause for rows in found.values() for cause in rows]
    if not causes:
        return Outcome(True, 0, f"none of {', '.join(limit.value)}")
    parts = [f"{len(rows):,} of {glob}" for glob, rows in found.items() if rows]
    total = len({(cause.path, cause.layer) for cause in causes})
    message = f"{quantity(total, 'forbidden path')} ({', '.join(parts)})"
    return Outcome(False, total, message, lambda: Causes.of(causes))


RULES = (Rule("forbidden-paths", GLOBS, "Globs, secrets, or caches: paths that no layer may hold.", forbidden_paths),)
