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
- a whiteout of what is not there ends the reading of its layer at that point, and takes a byte off the sum of the
  smallest sizes if the path is seen nowhere else.

Two ways lead to the figures. Nearly all images go the short one, here, which costs next to nothing for paths that one
layer alone has. ``dive_tree`` goes dive's way step by step: for the list of files, and for images with a whiteout of
what is not there or with odd names. See docs/dive.md for what follows from all this.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import NamedTuple

from ..layer.index import DIRECTORY, LayerIndex
from ..layer.names import WHITEOUT_PREFIX
from ..overlay.merge import REMOVED, REPEATED, SHADOWED, Overlay
from ..paths import join, split
from .dive_tree import walk

Key = tuple[bytes, bytes]
"""(directory, name) of a path."""

# Kinds of entries to whether they are leaves whatever lies below them: nothing does, but for directories.
_NO_DIRECTORY = bytes(kind != DIRECTORY for kind in range(256))
_GONE = bytes(reason in (REMOVED, SHADOWED) for reason in range(256))
_COUNTED = bytes(reason != REPEATED for reason in range(256))


class Figures(NamedTuple):
    """dive's three figures; ``user_wasted_percent`` is a fraction.

    dive divides by 0 where all layers above the first are empty, so it is NaN, or infinite with waste, then.
    """

    efficiency: float
    wasted_bytes: int
    user_wasted_percent: float


@dataclass(frozen=True, slots=True)
class InefficientFile:
    """A path (with its leading slash) that dive saw twice or more: how often, and the sum of its sizes in bytes."""

    count: int
    size: int
    path: bytes


def figures(overlay: Overlay, linked: Collection[int] = ()) -> Figures:
    """Compute dive's figures of the layers that ``overlay`` stacks.

    ``linked`` are the numbers of those that the archive has as links to others' blobs; dive takes them for empty.
    """
    layers = as_dive_reads(overlay.layers, linked)
    if layers is overlay.layers and not any(index.odd for index in layers):
        whiteouts = _measure_whiteouts(overlay)
        if whiteouts is not None:
            return _Collisions(overlay, whiteouts).figures()
    return literal_figures(layers)


def as_dive_reads(layers: Sequence[LayerIndex], linked: Collection[int]) -> Sequence[LayerIndex]:
    """Return the layers with empty ones in place of those that are links; the same where that makes no difference."""
    if not any(layers[number].members for number in linked):
        return layers
    nothing = LayerIndex(children={b"": {}})
    return [nothing if number in linked else index for number, index in enumerate(layers)]


def literal_figures(layers: Sequence[LayerIndex]) -> Figures:
    """Compute the same by going dive's way step by step, whatever the image."""
    seen = walk(layers).values()
    return _figures(
        sum(data.size for data in seen),
        sum(data.least for data in seen),
        sum(data.size for data in seen if data.count > 1),
        sum(layer_bytes(index) for index in layers[1:]),
    )


def inefficient_files(layers: Sequence[LayerIndex]) -> list[InefficientFile]:
    """Return the paths that dive lists as wasted, in its order: the largest sums first.

    Of equal sums, the path that dive saw twice last comes first. That is dive's own order up to twelve paths; beyond,
    its sort leaves equal ones in an order of no meaning.
    """
    seen = walk(layers).items()
    found = sorted(((data.size, data.second, data.count, path) for path, data in seen if data.count > 1), reverse=True)
    return [InefficientFile(count, size, path) for size, _, count, path in found]


def layer_bytes(index: LayerIndex) -> int:
    """Return what dive takes for a layer's size: the sizes of all its members, whiteouts included."""
    claimed = sum(size - index.sizes[entry] for entry, (_, size, _) in index.claims.items())
    return index.content_bytes + claimed + sum(marker.size for marker in index.markers)


def _figures(discovered: int, smallest: int, wasted: int, user: int) -> Figures:
    return Figures(
        float(smallest) / float(discovered) if discovered else 1.0,
        wasted,
        float(wasted) / float(user) if user else (math.inf if wasted else math.nan),
    )


def _measure_whiteouts(overlay: Overlay) -> dict[Key, list[int]] | None:
    """Return what dive takes each whiteout to remove, in bytes, or ``None`` if it finds nothing for one of them."""
    stack = _Stack(overlay)
    found: dict[Key, list[int]] = {}
    for number, index in enumerate(overlay.layers):
        if not index.whiteouts:
            continue
        stack.reach(number)
        for key in set(index.whiteouts):
            size = stack.size(*key)
            if size is None:
                return None
            found.setdefault(key, []).append(size)
    return found


class _Stack:
    """dive's stacked tree of the layers below one.

    ``tree`` maps directories to (names to numbers, what to add to a number to get the global entry); negative numbers
    are no entries. Directories that one layer alone has share its dictionary until they change.
    """

    def __init__(self, overlay: Overlay) -> None:
        self.overlay = overlay
        self.tree: dict[bytes, tuple[dict[bytes, int], int]] = {}
        self.owned: set[bytes] = set()
        self.done = -1
        # Sizes of all that lies in a directory, until the tree changes: whiteouts may name what lies in each other.
        self.sizes: dict[bytes, int] = {}

    def reach(self, layer: int) -> None:
        """Stack all layers below ``layer``."""
        if self.done < 0:
            # dive copies the first layer's tree before it stacks that same layer on it, so a whiteout there finds what
            # it stands beside.
            self.tree = {directory: (names, 0) for directory, names in self.overlay.layers[0].children.items()}
            self.done = 0
        while self.done < layer:
            self.sizes.clear()
            self._add(self.done)
            self.done += 1

    def _own(self, directory: bytes) -> dict[bytes, int]:
        """Return a directory's names, with global entries, as a dictionary that may be changed."""
        names, first = self.tree.get(directory, ({}, 0))
        if directory not in self.owned:
            names = {name: own + first if own >= 0 else own for name, own in names.items()}
            self.tree[directory] = names, 0
            self.owned.add(directory)
        return names

    def _add(self, number: int) -> None:
        index, first = self.overlay.layers[number], self.overlay.first[number]
        late: list[Key] = []
        for directory, name in index.whiteouts:
            if name < WHITEOUT_PREFIX + name and name in index.children.get(directory, ()):
                late.append((directory, name))
            else:
                self.remove(directory, name)
        if number or index.whiteouts:
            tree = self.tree
            for directory, names in index.children.items():
                if directory not in tree:
                    tree[directory] = names, first
                elif names:
                    self._own(directory).update((name, own + first if own >= 0 else own) for name, own in names.items())
        for directory, name in late:
            self.remove(directory, name)

    def remove(self, directory: bytes, name: bytes) -> None:
        if self._names(directory).get(name) is None:
            return
        del self._own(directory)[name]
        for below in list(self._below(join(directory, name))):
            del self.tree[below]
            self.owned.discard(below)

    def _names(self, directory: bytes) -> dict[bytes, int]:
        return self.tree[directory][0] if directory in self.tree else {}

    def _below(self, path: bytes) -> Iterator[bytes]:
        """Yield a path, if it has names below it, and all such paths below it."""
        pending = [path] if path in self.tree else []
        while pending:
            here = pending.pop()
            yield here
            pending.extend(inner for name in self.tree[here][0] if (inner := join(here, name)) in self.tree)

    def size(self, directory: bytes, name: bytes) -> int | None:
        """Return what dive takes a whiteout of the path to remove, in bytes; ``None`` where the path isn't there."""
        names, first = self.tree.get(directory, ({}, 0))
        own = names.get(name)
        if own is None:
            return None
        if own < 0 or self.overlay.kinds[own + first] != DIRECTORY:
            return 0
        path = join(directory, name)
        if path not in self.sizes:
            sizes = self.overlay.sizes
            below = [path] if path in self.tree else []
            for here in below:
                inner = [inside for each in self.tree[here][0] if (inside := join(here, each)) in self.tree]
                below += [inside for inside in inner if inside not in self.sizes]
            self.sizes[path] = 0
            # What lies deepest comes last.
            for here in reversed(below):
                names, first = self.tree[here]
                total = sum(sizes[own + first] for own in names.values() if own >= 0)
                self.sizes[here] = total + sum(self.sizes.get(join(here, each), 0) for each in names)
        return self.sizes[path]


class _Collisions:
    """The paths that dive sees twice or more; those that only one layer has are not visited."""

    def __init__(self, overlay: Overlay, whiteouts: dict[Key, list[int]]) -> None:
        """Part the hidden entries into what can be dealt with by the column and what needs a look at the path.

        ``olds`` and ``news`` are files (links, devices …) and those that took their names: nearly all paths that more
        than one layer has. ``special`` are all other paths that may have been seen twice.
        """
        self.overlay = overlay
        self.whiteouts = whiteouts
        hidden = overlay.hidden
        leaf = overlay.kinds.translate(_NO_DIRECTORY)
        count = len(hidden)
        # A byte for each row, all rows in one number. Where nothing took the name, that is as if a directory did.
        old_leaf = int.from_bytes(bytes(map(leaf.__getitem__, hidden.entries)))
        new_leaf = int.from_bytes(bytes(map(leaf.__getitem__, hidden.replaced_by)))
        both = (old_leaf & new_leaf).to_bytes(count)
        self.olds = list(compress(hidden.entries, both))
        self.news = list(compress(hidden.replaced_by, both))
        gone = int.from_bytes(hidden.reasons.translate(_GONE))
        counted = int.from_bytes(hidden.reasons.translate(_COUNTED))
        odd = (((old_leaf ^ new_leaf) | gone) & counted).to_bytes(count)
        self.special = set(whiteouts)
        for index in overlay.layers:
            # A directory that only an opaque whiteout implies is a leaf to dive.
            self.special.update(split(directory) for directory in index.opaques if directory)
        if any(odd):
            seen: set[Key] = set()
            tree = overlay.tree
            for key in compress(zip(hidden.directories, hidden.names, strict=True), odd):
                if key in seen or key[1] in tree.get(key[0], ()):
                    self.special.add(key)
                seen.add(key)

    @cached_property
    def _with_names(self) -> list[set[bytes]]:
        """For each layer, the directories that are no leaves of its tree."""
        return [
            {directory for directory, names in index.children.items() if names}
            | {directory for directory, _ in index.whiteouts}
            for index in self.overlay.layers
        ]

    @cached_property
    def _held(self) -> dict[Key, list[tuple[int, int]]]:
        """For each special path, the layers that hold it and their own entries: found in one pass over the layers."""
        wanted: dict[bytes, set[bytes]] = {}
        for directory, name in self.special:
            wanted.setdefault(directory, set()).add(name)
        held: dict[Key, list[tuple[int, int]]] = {}
        for number, index in enumerate(self.overlay.layers):
            for directory in wanted.keys() & index.children.keys():
                names = index.children[directory]
                for name in names.keys() & wanted[directory]:
                    held.setdefault((directory, name), []).append((number, names[name]))
        return held

    def _leaves(self, key: Key) -> tuple[list[int], list[int]]:
        """Return the global entries that are leaves of a path, and the sizes of all its leaves, whiteouts included."""
        directory, name = key
        path = join(directory, name)
        overlay = self.overlay
        entries, sizes = [], list(self.whiteouts.get(key, ()))
        for number, own in self._held.get(key, ()):
            entry = own + overlay.first[number] if own >= 0 else -1
            if overlay.kinds[entry] != DIRECTORY or path not in self._with_names[number]:
                sizes.append(overlay.sizes[entry])
                if entry >= 0:
                    entries.append(entry)
        return entries, sizes

    def _overwritten(self, handled: set[int]) -> tuple[int, int]:
        """Return the bytes of all paths that were only overwritten, and how much they are above the smallest sizes."""
        olds, news = self.olds, self.news
        if handled:
            kept = [pair for pair in zip(olds, news, strict=True) if pair[1] not in handled]
            olds, news = [old for old, _ in kept], [new for _, new in kept]
        size_of = self.overlay.sizes.__getitem__
        old_sizes, new_sizes = list(map(size_of, olds)), list(map(size_of, news))
        total = sum(old_sizes) + sum(new_sizes)
        above = sum(map(max, old_sizes, new_sizes))
        # Of a path that was overwritten more than once, those in the middle were taken twice.
        middle = set(news).intersection(olds)
        if middle:
            before = dict(zip(news, olds, strict=True))
            for old, new in compress(zip(olds, news, strict=True), map(middle.__contains__, olds)):
                if new in middle:
                    continue
                chain = [size_of(new), size_of(old)]
                above -= max(chain)
                while old in middle:
                    total -= chain[-1]
                    old = before[old]
                    chain.append(size_of(old))
                    above -= max(chain[-2:])
                above += sum(chain) - min(chain)
        return total, above

    def figures(self) -> Figures:
        """Add everything up."""
        wasted = above = 0
        handled: set[int] = set()
        for key in self.special:
            entries, sizes = self._leaves(key)
            handled.update(entries)
            if len(sizes) > 1:
                wasted += sum(sizes)
                above += sum(sizes) - min(sizes)
        of_overwritten = self._overwritten(handled)
        wasted += of_overwritten[0]
        above += of_overwritten[1]
        layers, total = self.overlay.layers, sum(self.overlay.sizes)
        repeated = sum(index.sizes[entry] for index in layers for _, _, entry in index.repeated)
        discovered = total - repeated + sum(map(sum, self.whiteouts.values()))
        user = total - (layers[0].content_bytes if layers else 0)
        return _figures(discovered, discovered - above, wasted, user)
