"""Tells what grew since a baseline: by layer, file and directory, largest first, with each layer's instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..differences.layers import Pairing, pairings
from ..differences.model import words_of
from ..paths import internal, public
from .baselines.model import Baseline, by_home, by_layer, stored
from .model import Cause

if TYPE_CHECKING:
    from ..analysis import Analysis


def growth_causes(base: Baseline, analysis: Analysis) -> list[Cause]:
    """Tell what grew since the baseline: by layer first, then by file and directory, each largest first.

    Layers that both have are left out of account, so what is said is of the layers that changed.
    """
    pairs = pairings(base.layers, analysis.layers)
    kept = [
        pair
        for pair in pairs
        if pair.old is not None
        and pair.new is not None
        and base.layers[pair.old].diff_id == analysis.layers[pair.new].diff_id is not None
        # A diff_id is a claim.
        and base.layers[pair.old].content_bytes == analysis.layers[pair.new].content_bytes
    ]
    shared = frozenset(pair.new for pair in kept if pair.new is not None)
    gone = frozenset(range(len(base.layers))) - {pair.old for pair in kept if pair.old is not None}
    rows = _layer_growth(base, analysis, [pair for pair in pairs if pair not in kept])
    return rows + _path_growth(base, analysis, shared, gone)


def _instruction(analysis: Analysis, layer: int) -> str:
    return " ".join(analysis.layers[layer].instruction.split())


def _layer_growth(base: Baseline, analysis: Analysis, pairs: list[Pairing]) -> list[Cause]:
    """Tell which layers became larger or are new, each beside the one that it answers to."""
    found = []
    for pair in pairs:
        if pair.new is None:
            continue
        layer = analysis.layers[pair.new]
        before, detail = None, "new layer"
        if pair.old is not None:
            before = base.layers[pair.old].content_bytes
            same = words_of(base.layers[pair.old]) == words_of(layer)
            detail = "the same instruction" if same else "its instruction was edited"
        grown = layer.content_bytes - (before or 0)
        if grown > 0:
            found.append(Cause("layer", None, layer.index, _instruction(analysis, layer.index), grown, before, detail))
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
    for home, inside in by_home(rest, named).items():
        layers = by_layer(inside)
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
