"""Makes a baseline of an image: its figures, its largest files, and the rest summed up by directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...paths import internal, split
from .model import BaseLayer, Baseline, by_home, by_layer, stored

if TYPE_CHECKING:
    from ...analysis import Analysis

# How much a saved baseline tells: a few dozen kilobytes, fit to be committed.
FILES = 300
DIRECTORIES = 120


def make(analysis: Analysis, *, files: int = FILES, files_above: int | None = None) -> Baseline:
    """Make a baseline of an image: its ``files`` largest files, or all with more than ``files_above`` bytes."""
    from heapq import nlargest

    image = analysis.image
    rows = list(stored(analysis))
    if files_above is None:
        largest = nlargest(files + 1, (size for _, _, size in rows))
        files_above = largest[files] if len(largest) > files else 0
    listed = sorted((row for row in rows if row[2] > files_above), key=lambda row: (-row[2], row[0], row[1]))
    rest = [row for row in rows if row[2] <= files_above]
    named = _main_directories(rest)
    wasted = {row.path: row.bytes for row in analysis.top_wasted_paths(200)}
    return Baseline(
        reference=image.reference,
        id=image.id,
        platform=image.platform,
        content_bytes=image.content_bytes,
        merged_bytes=image.merged_bytes,
        wasted_bytes=image.wasted_bytes,
        blob_bytes=image.blob_bytes,
        compressed=any(layer.compression for layer in analysis.layers),
        file_count=image.file_count,
        layers=tuple(
            BaseLayer(
                layer.diff_id,
                " ".join(layer.instruction.split()),
                layer.content_bytes,
                layer.blob_bytes,
                layer.wasted_bytes,
            )
            for layer in analysis.layers
        ),
        files=tuple(listed),
        files_above=files_above,
        directories=tuple(
            (path, layer, count, number)
            for path, inside in sorted(by_home(rest, named).items())
            for layer, (count, number) in sorted(by_layer(inside).items())
        ),
        waste={internal(path): count for path, count in wasted.items()},
        waste_above=min(wasted.values()) if len(wasted) == 200 else 0,
        origin=image.reference,
        analysis=analysis,
        compressed_estimate=image.compressed_estimate,
    )


def _main_directories(rows: list[tuple[bytes, int, int]]) -> frozenset[bytes]:
    """Choose the directories by which small files are summed up: the largest is split until there are enough."""
    from heapq import heappop, heappush

    sums: dict[bytes, int] = {}
    inside: dict[bytes, set[bytes]] = {}
    for path, _, size in rows:
        directory = split(path)[0]
        sums[directory] = sums.get(directory, 0) + size
    for directory in sorted(sums, key=len, reverse=True):
        here = directory
        while here:
            parent = split(here)[0]
            inside.setdefault(parent, set()).add(here)
            here = parent
    totals = dict.fromkeys(inside, 0) | dict.fromkeys(sums, 0)
    for directory, size in sums.items():
        here = directory
        while True:
            totals[here] = totals.get(here, 0) + size
            if not here:
                break
            here = split(here)[0]
    chosen: set[bytes] = set()
    heap = [(-totals.get(b"", 0), b"")]
    while heap and len(chosen) < DIRECTORIES:
        _, directory = heappop(heap)
        chosen.add(directory)
        for child in inside.get(directory, ()):
            heappush(heap, (-totals[child], child))
    return frozenset(chosen | {b""})
