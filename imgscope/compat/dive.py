"""dive's own figures, computed as dive 0.13.1 computes them, its quirks included.

dive looks at the leaves of each layer's tree. A path's *cumulative size* is the sum over all layers that have it as a
leaf, a whiteout counting as a leaf of the path that it removes; *efficiency* is the sum of each path's smallest size
over the sum of all sizes; *wastedBytes* adds up the cumulative sizes of all paths seen twice or more, the kept copy
included. What is odd in that, and kept here:

- a whiteout of a file counts 0 bytes, one of a directory what dive's stacked tree has below it; the directory's own
  files then count as waste only where their paths are seen again;
- dive's stacked tree ignores opaque whiteouts, keeps the children of a directory that a file replaced, and forgets
  that a path is a directory when an upper layer has it only as somebody's parent;
- in it, a name that sorts before its whiteout (``-x`` before ``.wh.-x``) is removed although its layer brings it;
- a whiteout of what is not there ends the reading of its layer at that point.

See docs/dive.md for what follows from that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..layer.index import DIRECTORY, LayerIndex
from ..overlay.merge import REPEATED, Overlay, join

Key = tuple[bytes, bytes]
"""(directory, name) of a path."""


class Figures(NamedTuple):
    """dive's three figures; ``user_wasted_percent`` is a fraction.

    dive divides by 0 for an image of one layer, so it is NaN or infinite then.
    """

    efficiency: float
    wasted_bytes: int
    user_wasted_percent: float


@dataclass(frozen=True, slots=True)
class InefficientFile:
    """A path that dive saw twice or more: how often, and the sum of its sizes in bytes."""

    count: int
    size: int
    path: bytes


def figures(overlay: Overlay) -> Figures:
    """Compute dive's figures of the layers that ``overlay`` stacks."""
    return _Walk(overlay).figures()


def inefficient_files(overlay: Overlay) -> list[InefficientFile]:
    """Return the paths that dive lists as wasted, in its order: the smallest sums first (ties by path)."""
    found = [InefficientFile(count, total, join(*key)) for key, (total, _, count) in _Walk(overlay).repeated.items()]
    found.sort(key=lambda file: (file.size, file.path))
    return found


def _order(path: bytes) -> bytes:
    """Return what sorts paths as dive visits them: component by component."""
    return path.replace(b"/", b"\0")


class _Stack:
    """dive's stacked tree of the layers below one: directories to names to global entries (negative: no entry)."""

    def __init__(self, overlay: Overlay) -> None:
        self.overlay = overlay
        self.tree: dict[bytes, dict[bytes, int]] = {b"": {}}
        self.done = -1

    def reach(self, layer: int) -> None:
        """Stack all layers below ``layer``."""
        if self.done < 0:
            # dive copies the first layer's tree before it stacks that same layer on it; what its whiteouts take out
            # again is taken out by _add.
            first = self.overlay.layers[0]
            self.tree = {directory: dict(names) for directory, names in first.children.items()}
            self.done = 0
        while self.done < layer:
            self._add(self.done)
            self.done += 1

    def _add(self, number: int) -> None:
        index, first = self.overlay.layers[number], self.overlay.first[number]
        late: list[Key] = []
        for directory, name in index.whiteouts:
            if name < b".wh." + name and name in index.children.get(directory, {}):
                late.append((directory, name))
            else:
                self.remove(directory, name)
        for directory, names in index.children.items():
            self.tree.setdefault(directory, {}).update(
                (name, own + first if own >= 0 else -1) for name, own in names.items()
            )
        for directory, name in late:
            self.remove(directory, name)

    def remove(self, directory: bytes, name: bytes) -> None:
        if self.tree.get(directory, {}).pop(name, None) is not None:
            pending = [join(directory, name)]
            while pending:
                here = pending.pop()
                names = self.tree.pop(here, None)
                if names:
                    pending.extend(join(here, below) for below in names)

    def size(self, directory: bytes, name: bytes) -> int | None:
        """Return what dive takes a whiteout of the path to remove, in bytes; ``None`` where the path isn't there."""
        entry = self.tree.get(directory, {}).get(name)
        if entry is None:
            return None
        if entry < 0 or self.overlay.kinds[entry] != DIRECTORY:
            return 0
        total = 0
        sizes = self.overlay.sizes
        pending = [join(directory, name)]
        while pending:
            here = pending.pop()
            names = self.tree.get(here)
            if names:
                total += sum(sizes[below] for below in names.values() if below >= 0)
                pending.extend(inner for below in names if (inner := join(here, below)) in self.tree)
        return total


class _Walk:
    """dive's walk over all layers' leaves, without visiting those that only one layer has."""

    def __init__(self, overlay: Overlay) -> None:
        self.overlay = overlay
        self.layers: Sequence[LayerIndex] = overlay.layers
        # Where dive stopped reading a layer: leaves after this one, in its order, do not count.
        self.stopped: dict[int, bytes] = {}
        self.whiteouts: dict[Key, list[int]] = {}
        self._measure_whiteouts()
        # path -> (sum of sizes, smallest size, number of leaves), of paths with two or more.
        self.repeated: dict[Key, tuple[int, int, int]] = {}
        self._gather()

    def _measure_whiteouts(self) -> None:
        stack = _Stack(self.overlay)
        for number, index in enumerate(self.layers):
            if not index.whiteouts:
                continue
            stack.reach(number)
            ordered = sorted(
                (_order(join(directory, b".wh." + name)), directory, name) for directory, name in index.whiteouts
            )
            for order, directory, name in ordered:
                size = stack.size(directory, name)
                if size is None:
                    self.stopped[number] = order
                    break
                self.whiteouts.setdefault((directory, name), []).append(size)

    def _is_leaf(self, entry: int, directory: bytes, name: bytes) -> bool:
        """Tell whether dive counts an entry: a leaf of its layer's tree, met before dive stopped."""
        layer = self.overlay.layer_of(entry)
        path = join(directory, name)
        if layer in self.stopped and _order(path) > self.stopped[layer]:
            return False
        if self.overlay.kinds[entry] != DIRECTORY:
            return True
        index = self.layers[layer]
        return not index.children.get(path) and not any(where == path for where, _ in index.whiteouts)

    def _gather(self) -> None:
        overlay, hidden = self.overlay, self.overlay.hidden
        versions: dict[Key, list[int]] = {}
        for directory, name, entry, reason in zip(
            hidden.directories, hidden.names, hidden.entries, hidden.reasons, strict=True
        ):
            if reason != REPEATED:
                key = (directory, name)
                if key in versions:
                    versions[key].append(entry)
                else:
                    versions[key] = [entry]
        for key in self.whiteouts:
            versions.setdefault(key, [])
        tree, sizes, kinds, whiteouts = overlay.tree, overlay.sizes, overlay.kinds, self.whiteouts
        careful = bool(self.stopped)
        for key, entries in versions.items():
            directory, name = key
            names = tree.get(directory)
            if names is not None and (visible := names.get(name)) is not None:
                entries.append(visible)
            leaves = [
                sizes[entry]
                for entry in entries
                if (kinds[entry] != DIRECTORY and not careful) or self._is_leaf(entry, directory, name)
            ]
            if key in whiteouts:
                leaves += whiteouts[key]
            if len(leaves) > 1:
                self.repeated[key] = (sum(leaves), min(leaves), len(leaves))

    def _leaf_bytes(self) -> Iterator[int]:
        for number, index in enumerate(self.layers):
            limit = self.stopped.get(number)
            if limit is None:
                yield sum(index.sizes) - sum(index.sizes[entry] for _, _, entry in index.repeated)
                continue
            for directory, names in index.children.items():
                for name, own in names.items():
                    if own >= 0 and index.sizes[own] and _order(join(directory, name)) <= limit:
                        yield index.sizes[own]

    def figures(self) -> Figures:
        discovered = sum(self._leaf_bytes()) + sum(map(sum, self.whiteouts.values()))
        wasted = sum(total for total, _, _ in self.repeated.values())
        smallest = discovered - sum(total - least for total, least, _ in self.repeated.values())
        user = sum(index.content_bytes for index in self.layers[1:])
        percent = wasted / user if user else (math.inf if wasted else math.nan)
        return Figures(smallest / discovered if discovered else 1.0, wasted, percent)
