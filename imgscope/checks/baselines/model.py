"""The baseline that growth is measured against: a small JSON that people commit, or made of an image on the spot.

It holds an image's figures, its layers, and where its bytes are: the largest files as each layer stores them, and
the rest summed up by directory. So growth can be told apart by file, directory and layer, and every byte is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...paths import join, split

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ...layer.estimate import Estimate


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
