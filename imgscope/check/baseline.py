"""The baseline that growth is measured against: a small JSON that people commit, or made of an image on the spot.

It holds an image's figures, its layers, and where its bytes are: the largest files as each layer stores them, and
the rest summed up by directory. So growth can be told apart by file, directory and layer, and every byte is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..escape import escape
from ..layer.names import internal, public, split
from ..overlay.merge import join
from .model import Cause

if TYPE_CHECKING:
    from ..analysis import Analysis

VERSION = 1
DEFAULT_FILE = "imgscope-baseline.json"
# How much a saved baseline tells: a few dozen kilobytes, fit to be committed.
FILES = 300
DIRECTORIES = 120
_MOST_BYTES = 64 << 20
_MARK = "imgscope_baseline"


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
    ``waste`` maps the largest wasted paths to their wasted bytes. ``compressed`` says what ``blob_bytes`` are of.
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
            for path, inside in sorted(_by_home(rest, named).items())
            for layer, (count, number) in sorted(_by_layer(inside).items())
        ),
        waste={internal(path): count for path, count in wasted.items()},
        waste_above=min(wasted.values()) if len(wasted) == 200 else 0,
        origin=image.reference,
        analysis=analysis,
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


def _by_home(
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


def _by_layer(rows: list[tuple[bytes, int, int]]) -> dict[int, tuple[int, int]]:
    """Sum rows up by layer: (bytes, files)."""
    found: dict[int, tuple[int, int]] = {}
    for _, layer, size in rows:
        count, number = found.get(layer, (0, 0))
        found[layer] = count + size, number + 1
    return found


# -- what grew ------------------------------------------------------------------------------------------------


def growth_causes(base: Baseline, analysis: Analysis) -> list[Cause]:
    """Tell what grew since the baseline: by layer first, then by file and directory, each largest first.

    Layers that both have are left out of account, so what is said is of the layers that changed.
    """
    ours = {layer.diff_id for layer in analysis.layers if layer.diff_id}
    theirs = {layer.diff_id for layer in base.layers if layer.diff_id}
    shared = frozenset(layer.index for layer in analysis.layers if layer.diff_id in theirs)
    gone = frozenset(number for number, layer in enumerate(base.layers) if layer.diff_id not in ours)
    rows = _layer_growth(base, analysis, shared, gone)
    return rows + _path_growth(base, analysis, shared, gone)


def _instruction(analysis: Analysis, layer: int) -> str:
    return " ".join(analysis.layers[layer].instruction.split())


def _layer_growth(base: Baseline, analysis: Analysis, shared: frozenset[int], gone: frozenset[int]) -> list[Cause]:
    """Compare layers by their instruction: the growth of those that became larger or are new."""
    left: dict[str, list[BaseLayer]] = {}
    for number in sorted(gone):
        left.setdefault(base.layers[number].instruction, []).append(base.layers[number])
    found = []
    for layer in analysis.layers:
        if layer.index in shared:
            continue
        instruction = _instruction(analysis, layer.index)
        same = left.get(instruction)
        before = same.pop(0).content_bytes if same and instruction else None
        grown = layer.content_bytes - (before or 0)
        if grown > 0:
            detail = "new layer" if before is None else "the same instruction"
            found.append(Cause("layer", None, layer.index, instruction, grown, before, detail))
    found.sort(key=lambda cause: (-cause.bytes, cause.layer or 0))
    return found


def _path_growth(base: Baseline, analysis: Analysis, shared: frozenset[int], gone: frozenset[int]) -> list[Cause]:
    old: dict[bytes, int] = {}
    for path, layer, count in base.files:
        if layer in gone:
            old[path] = old.get(path, 0) + count
    small_old: dict[bytes, tuple[int, int]] = {}
    for path, layer, count, number in base.directories:
        if layer in gone:
            had = small_old.get(path, (0, 0))
            small_old[path] = had[0] + count, had[1] + number
    new: dict[bytes, list[int]] = {}
    rest: list[tuple[bytes, int, int]] = []
    for row in stored(analysis, shared):
        path, layer, count = row
        if path not in old and count <= base.files_above:
            rest.append(row)
        elif path in new:
            new[path][0] += count
            new[path][1] = layer
        else:
            new[path] = [count, layer]
    found = []
    for path, (count, layer) in new.items():
        before = old.get(path)
        if count > (before or 0):
            grown = count - (before or 0)
            cause = Cause("file", public(path), layer, _instruction(analysis, layer), grown, before)
            found.append(cause)
    found += _small_growth(base, analysis, small_old, rest)
    found.sort(key=lambda cause: (-cause.bytes, cause.path or ""))
    return found


def _small_growth(
    base: Baseline,
    analysis: Analysis,
    before: dict[bytes, tuple[int, int]],
    rest: list[tuple[bytes, int, int]],
) -> list[Cause]:
    """Tell the growth of files too small to be listed, by directory."""
    named = frozenset(path for path, *_ in base.directories) | {b""}
    found = []
    for home, inside in _by_home(rest, named).items():
        layers = _by_layer(inside)
        count = sum(pair[0] for pair in layers.values())
        number = sum(pair[1] for pair in layers.values())
        had, files = before.get(home, (0, 0))
        if count > had:
            layer = max(layers, key=lambda each: layers[each][0])
            path = _narrowed(home, inside, count - had)
            more = number - files
            detail = f"{more:,} more small files" if more > 0 else "small files"
            instruction = _instruction(analysis, layer)
            found.append(Cause("directory", public(path), layer, instruction, count - had, had or None, detail))
    return found


def _narrowed(home: bytes, rows: list[tuple[bytes, int, int]], grown: int) -> bytes:
    """Go down from a directory as long as one directory in it, unknown to the baseline, holds about all that grew."""
    while True:
        sums: dict[bytes, int] = {}
        prefix = home + b"/" if home else b""
        for path, _, size in rows:
            name, slash, _rest = path[len(prefix) :].partition(b"/")
            if slash and path.startswith(prefix):
                sums[name] = sums.get(name, 0) + size
        largest = max(sums, key=lambda name: sums[name], default=None)
        # Not quite all: what lies beside it may have grown by a little.
        if largest is None or not 0.9 * grown <= sums[largest] <= 1.1 * grown:
            return home
        home = prefix + largest


def waste_growth(base: Baseline, analysis: Analysis) -> list[Cause]:
    """Tell which paths waste more than in the baseline, and which layer made the last of it waste; largest first."""
    last: dict[str, tuple[int, int, str]] = {}
    for waste in analysis.top_waste(200):
        had = last.get(waste.path)
        if had is None or waste.wasted_by > had[1]:
            last[waste.path] = waste.stored_in, waste.wasted_by, waste.reason
    found = []
    for row in analysis.top_wasted_paths(200):
        before = base.waste.get(internal(row.path))
        if before is None and row.bytes <= base.waste_above:
            continue
        if row.bytes > (before or 0) and row.path in last:
            stored_in, by, reason = last[row.path]
            detail = f"{reason.replace('_', ' ')}, stored in layer {stored_in}"
            grown = row.bytes - (before or 0)
            found.append(Cause("waste", row.path, by, _instruction(analysis, by), grown, before, detail))
    found.sort(key=lambda cause: (-cause.bytes, cause.path or ""))
    return found


# -- the file -------------------------------------------------------------------------------------------------


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def dump(base: Baseline) -> bytes:
    """Write a baseline as JSON: the same for the same image, a row a line, so that its changes can be read."""
    head = {
        _MARK: VERSION,
        "reference": base.reference,
        "id": base.id,
        "platform": base.platform,
        "content_bytes": base.content_bytes,
        "merged_bytes": base.merged_bytes,
        "wasted_bytes": base.wasted_bytes,
        "blob_bytes": base.blob_bytes,
        "compressed": base.compressed,
        "file_count": base.file_count,
        "files_above": base.files_above,
        "waste_above": base.waste_above,
    }
    lists: dict[str, list[Any]] = {
        "layers": [
            {
                "diff_id": layer.diff_id,
                "instruction": layer.instruction,
                "content_bytes": layer.content_bytes,
                "blob_bytes": layer.blob_bytes,
                "wasted_bytes": layer.wasted_bytes,
            }
            for layer in base.layers
        ],
        "files": [[_text(path), layer, count] for path, layer, count in base.files],
        "directories": [[_text(path), layer, count, number] for path, layer, count, number in base.directories],
        "waste": [[_text(path), count] for path, count in base.waste.items()],
    }
    # ASCII alone: a path that is no UTF-8 has half surrogates, which JSON can only write escaped.
    parts = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    for key, rows in lists.items():
        lines = ",\n".join(f"    {json.dumps(row)}" for row in rows)
        parts.append(f"  {json.dumps(key)}: [\n{lines}\n  ]" if rows else f"  {json.dumps(key)}: []")
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode("ascii")


def is_baseline(path: Path) -> bool:
    """Tell whether a file looks like a saved baseline."""
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return False
        with path.open("rb") as file:
            if file.read(64).lstrip()[:1] != b"{":
                return False
            file.seek(0)
            # Whoever reformats the JSON may sort its keys, so the mark may stand anywhere.
            return f'"{_MARK}"'.encode() in file.read()
    except OSError:
        return False


def load(path: Path) -> Baseline:
    """Read a saved baseline. Raises ``ConfigError``."""
    import msgspec

    shown = escape(str(path))
    try:
        raw = json.loads(path.read_bytes())
        if not isinstance(raw, dict) or _MARK not in raw:
            raise ConfigError(f"{shown} is no baseline; make one with: imgscope baseline save IMAGE -o {shown}")
        if raw[_MARK] != VERSION:
            raise ConfigError(f"{shown} is a baseline of version {raw[_MARK]}, this imgscope reads {VERSION}")
        saved = msgspec.convert(raw, type=_saved_type())
    except OSError as error:
        raise ConfigError(f"{shown} can't be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{shown} is no readable baseline: {escape(str(error))}") from None
    return Baseline(
        reference=saved.reference,
        id=saved.id,
        platform=saved.platform,
        content_bytes=saved.content_bytes,
        merged_bytes=saved.merged_bytes,
        wasted_bytes=saved.wasted_bytes,
        blob_bytes=saved.blob_bytes,
        compressed=saved.compressed,
        file_count=saved.file_count,
        layers=tuple(saved.layers),
        files=tuple((_bytes(path), layer, count) for path, layer, count in saved.files),
        files_above=saved.files_above,
        directories=tuple((_bytes(path), layer, count, number) for path, layer, count, number in saved.directories),
        waste={_bytes(path): count for path, count in saved.waste},
        waste_above=saved.waste_above,
        origin=str(path),
    )


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _saved_type() -> Any:
    """Return the shape of the file; made when it is wanted, since msgspec is not needed before."""
    from typing import Annotated

    import msgspec

    count = Annotated[int, msgspec.Meta(ge=0)]
    return msgspec.defstruct(
        "SavedBaseline",
        [
            ("reference", str),
            ("id", str),
            ("platform", str),
            ("content_bytes", count),
            ("merged_bytes", count),
            ("wasted_bytes", count),
            ("blob_bytes", count | None),
            ("compressed", bool),
            ("file_count", count),
            ("files_above", count),
            ("waste_above", count),
            ("layers", list[BaseLayer]),
            ("files", list[tuple[str, count, count]]),
            ("directories", list[tuple[str, count, count, count]]),
            ("waste", list[tuple[str, count]]),
        ],
    )
