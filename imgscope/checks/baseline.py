"""The baseline that growth is measured against: a small JSON that people commit, or made of an image on the spot.

It holds an image's figures, its layers, and where its bytes are: the largest files as each layer stores them, and
the rest summed up by directory. So growth can be told apart by file, directory and layer, and every byte is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..paths import internal, join, split

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..layer.estimate import Estimate

# How much a saved baseline tells: a few dozen kilobytes, fit to be committed.
FILES = 300
DIRECTORIES = 120


@dataclass(frozen=True, slots=True)
class BaseLayer:
    """A layer of the baseline. Sizes are in bytes, ``blob_bytes`` is ``None`` where it was not known."""

    diff_id: str | None
    instruction: str
    content_bytes: int
    blob_bytes: int | None
    wasted_bytes: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """An image as it was. Paths are bytes without a leading slash, layers are numbers.

    ``files`` are (path, layer, bytes) as the layers store them: all with more than ``files_above`` bytes.
    ``directories`` are (path, layer, bytes, files): all else, each file in the deepest directory that is named.
    ``waste`` maps the largest wasted paths to their wasted bytes. ``compressed`` says what ``blob_bytes`` are of;
    ``compressed_estimate`` is what they would be compressed, where they are not.
    """

    reference: str
    id: str
    platform: str
    content_bytes: int
    merged_bytes: int
    wasted_bytes: int
    blob_bytes: int | None
    compressed: bool
    file_count: int
    layers: tuple[BaseLayer, ...]
    files: tuple[tuple[bytes, int, int], ...]
    files_above: int
    directories: tuple[tuple[bytes, int, int, int], ...]
    waste: Mapping[bytes, int]
    waste_above: int
    origin: str = ""
    analysis: Analysis | None = None
    compressed_estimate: Estimate | None = None

    def sizes(self, above: int) -> dict[bytes, int] | None:
        """Return the largest size that any layer has at each path with more than ``above`` bytes.

        ``None`` when the baseline doesn't tell.
        """
        rows: Iterator[tuple[bytes, int, int]] | tuple[tuple[bytes, int, int], ...] = self.files
        if self.files_above > above:
            if self.analysis is None:
                return None
            rows = stored(self.analysis)
        found: dict[bytes, int] = {}
        for path, _, count in rows:
            if count > above and count > found.get(path, 0):
                found[path] = count
        return found


def stored(analysis: Analysis, skip: frozenset[int] = frozenset()) -> Iterator[tuple[bytes, int, int]]:
    """Yield (path, layer, content bytes) of all that the layers store: the bytes add up to the image's content."""
    for number, index in enumerate(analysis.body.overlay.layers):
        if number in skip:
            continue
        sizes = index.sizes
        for directory, names in index.children.items():
            prefix = directory + b"/" if directory else b""
            for name, own in names.items():
                if own >= 0 and sizes[own]:
                    yield prefix + name, number, sizes[own]
        for directory, name, own in index.repeated:
            if sizes[own]:
                yield join(directory, name), number, sizes[own]


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


def by_home(
    rows: list[tuple[bytes, int, int]], directories: frozenset[bytes]
) -> dict[bytes, list[tuple[bytes, int, int]]]:
    """Group rows by the deepest of ``directories`` that holds them."""
    known: dict[bytes, bytes] = {}
    found: dict[bytes, list[tuple[bytes, int, int]]] = {}
    for row in rows:
        directory = split(row[0])[0]
        home = known.get(directory)
        if home is None:
            home = directory
            while home and home not in directories:
                home = split(home)[0]
            known[directory] = home
        found.setdefault(home, []).append(row)
    return found


def by_layer(rows: list[tuple[bytes, int, int]]) -> dict[int, tuple[int, int]]:
    """Sum rows up by layer: (bytes, files)."""
    found: dict[int, tuple[int, int]] = {}
    for _, layer, size in rows:
        count, number = found.get(layer, (0, 0))
        found[layer] = count + size, number + 1
    return found
