"""Rules on the files of the merged tree: how many, how large, and the size below a path."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest, nsmallest

from ...analysis import Analysis
from ...paths import join, public
from ..model import MAX_CAUSES, Cause, Causes
from ..values import NUMBER, SIZE, Limit
from .interface import Outcome, Rule, Subject, at_most

_Row = tuple[int, bytes, bytes, int]
"""(bytes, directory, name, global entry)"""


def sized(analysis: Analysis, above: int = 0) -> Iterator[_Row]:
    """Yield the paths of the merged tree with more than ``above`` content bytes, in no order; no rows are made."""
    tree = analysis.files.tree
    overlay, promoted = tree.overlay, tree.promoted
    sizes = overlay.sizes
    for directory, names in overlay.tree.items():
        for name, entry in names.items():
            if sizes[entry] > above:
                yield sizes[entry], directory, name, entry
    if promoted:
        # A hard link whose first name is gone shows as the file.
        for directory, names in overlay.tree.items():
            for name, entry in names.items():
                if entry in promoted and sizes[promoted[entry]] > above:
                    yield sizes[promoted[entry]], directory, name, entry


def file_causes(subject: Subject, rows: list[_Row]) -> list[Cause]:
    """Make causes of the largest paths, largest first."""
    layer_of = subject.analysis.body.overlay.layer_of
    found = []
    for size, directory, name, entry in nsmallest(MAX_CAUSES, rows, key=lambda row: (-row[0], row[1], row[2])):
        layer = layer_of(entry)
        found.append(Cause("file", public(join(directory, name)), layer, subject.instruction(layer), size))
    return found


def largest_files(subject: Subject, count: int) -> list[Cause]:
    """Return the largest files of the merged tree as causes."""
    return file_causes(subject, nlargest(count, sized(subject.analysis)))


def _kept(subject: Subject, rows: Iterator[_Row]) -> list[_Row]:
    """Leave out what the setting ``ignored-paths`` names."""
    if not subject.ignored:
        return list(rows)
    from ...globs import PathFilter

    fits = PathFilter(subject.ignored).fits
    return [row for row in rows if not fits(row[1], row[2])]


def max_files(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The number of paths in the merged tree, directories included."""
    analysis = subject.analysis

    def causes() -> Causes:
        rows = sorted(analysis.layers, key=lambda layer: (-layer.added.count, layer.index))
        return Causes.of(
            [
                Cause(
                    "layer",
                    None,
                    layer.index,
                    subject.instruction(layer.index),
                    layer.added.bytes,
                    detail=f"added {layer.added.count:,} paths",
                )
                for layer in rows
                if layer.added.count
            ]
        )

    return at_most(analysis.image.file_count, limit, causes)


def max_file_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The largest file of the merged tree."""
    tree = subject.analysis.files.tree
    if not subject.ignored and not tree.promoted:
        # Nearly always the whole answer, and found without a look at each file's name.
        size_of = tree.overlay.sizes.__getitem__
        largest = max((max(map(size_of, names.values()), default=0) for names in tree.overlay.tree.values()), default=0)
        if largest <= limit.value:
            return at_most(largest, limit)
    above = _kept(subject, sized(subject.analysis, limit.value))
    if above:
        return at_most(max(above)[0], limit, lambda: Causes(tuple(file_causes(subject, above)), len(above)))
    return at_most(max((row[0] for row in _kept(subject, sized(subject.analysis))), default=0), limit)


def max_path_size(subject: Subject, limit: Limit, path: str | None) -> Outcome:
    """The content bytes of all files of the merged tree that a glob names, or that lie below what it names."""
    from ..glob_search import at_and_below

    tree = subject.analysis.files.tree
    sizes, promoted = tree.overlay.sizes, tree.promoted
    found = (
        (sizes[promoted.get(entry, entry)], directory, name, entry)
        for directory, name, entry in at_and_below(tree.overlay.tree, path or "**")
    )
    rows = _kept(subject, (row for row in found if row[0]))
    return at_most(sum(row[0] for row in rows), limit, lambda: Causes(tuple(file_causes(subject, rows)), len(rows)))


RULES = (
    Rule("max-files", NUMBER, "Limit on the number of paths in the merged tree.", max_files),
    Rule("max-file-size", SIZE, "Limit on the size of the largest file.", max_file_size),
    Rule(
        "max-path-size", SIZE, "Limit on the size of a path or glob and all below it.", max_path_size, by_subject=True
    ),
)
