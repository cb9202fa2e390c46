"""What if: the image without some of its layers, and without the bytes that some fixes save.

Layers are stacked as the OCI image spec has it (layer.md, "Applying Changesets"), those that are struck out left out:
what they hid comes back. The bytes of fixes are those that suggest's ledger counts, each once.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from functools import cached_property
from itertools import accumulate, compress
from typing import TYPE_CHECKING

from ...layer.index import DIRECTORY, FILE
from ...overlay.merge import NO_ENTRY
from ...rollup import WasteGroup, roll_up
from .paths import Paths

if TYPE_CHECKING:
    from ...suggestions.model import Claim


class Without:
    """What is struck out of an image, and what is left of each entry.

    ``sizes`` are the content bytes that are left of each global entry, ``gone`` has a byte for each: 1 where a fix
    takes the whole of it. ``layer_bytes`` are what is left of each layer, ``content_bytes`` of all.
    """

    def __init__(self, paths: Paths, layers: Collection[int], claims: Iterable[Claim]) -> None:
        """Strike out ``layers``, and what the fixes of findings ``claims``."""
        from ...suggestions.ledger import Ledger

        self.paths = paths
        self.layers = frozenset(layers)
        self._claims = list(claims)
        overlay = paths.overlay
        self.sizes = array("q", overlay.sizes)
        self.gone = bytearray(len(overlay.kinds))
        self._first = [*overlay.first, len(overlay.kinds) - len(overlay.layers) - 1]
        for layer in self.layers:
            first, stop = self._first[layer], self._first[layer + 1]
            self.sizes[first:stop] = array("q", bytes(8 * (stop - first)))
        left: list[Claim] = []
        for claim in dict.fromkeys(self._claims):
            if claim.bytes is None and overlay.kinds[claim.entry] != DIRECTORY:
                self.gone[claim.entry] = 1
            inode = overlay.inode(claim.entry)
            if inode != NO_ENTRY and overlay.layer_of(inode) not in self.layers:
                left.append(claim)
        for claim, size in Ledger(overlay).take(left).items():
            self.sizes[overlay.inode(claim.entry)] -= size
        self.layer_bytes = [
            sum(self.sizes[first:stop]) for first, stop in zip(self._first, self._first[1:], strict=False)
        ]
        self.content_bytes = sum(self.layer_bytes)

    # -- trees -------------------------------------------------------------------------------------------

    def apply(self, number: int, entries: array[int]) -> None:
        """Put a layer on top of a tree, unless it is struck out."""
        if number in self.layers:
            return
        paths, delta, end = self.paths, self.paths.deltas[number], self.paths.end
        absent, kinds = paths.absent, paths.overlay.kinds

        def clear(first: int, stop: int) -> None:
            entries[first:stop] = array("i", [absent]) * (stop - first)

        for node in delta.whiteouts:
            clear(node, end[node])
        for node in delta.opaques:
            clear(node + 1, end[node] if node >= 0 else len(entries))
        for node, entry in zip(delta.nodes, delta.entries, strict=True):
            if entry >= 0:
                if end[node] > node + 1 and kinds[entry] != DIRECTORY:
                    clear(node + 1, end[node])
                entries[node] = entry
            elif entries[node] == absent or kinds[entries[node]] != DIRECTORY:
                entries[node] = entry
        for node in delta.implied:
            if entries[node] == absent or kinds[entries[node]] != DIRECTORY:
                entries[node] = -number - 1

    def stripped(self, tree: array[int]) -> array[int]:
        """Return a tree without what fixes take."""
        taken = bytearray(map(self.gone.__getitem__, tree))
        node = taken.find(1)
        if node < 0:
            return tree
        tree = tree[:]
        while node >= 0:
            tree[node] = self.paths.absent
            node = taken.find(1, node + 1)
        return tree

    # -- figures -----------------------------------------------------------------------------------------

    @cached_property
    def _dead(self) -> bytearray:
        """A byte for each entry: 1 where it has bytes left that the top of the image shows under no name."""
        paths, overlay = self.paths, self.paths.overlay
        tree = array("i", [paths.absent]) * len(paths)
        for number in range(len(paths.deltas)):
            self.apply(number, tree)
        tree = self.stripped(tree)
        dead = bytearray(map(bool, self.sizes))
        for entry in tree:
            dead[entry] = 0
        for node, entry, inode in paths.links:
            if tree[node] == entry:
                dead[inode] = 0
        return bytearray(d and kind == FILE for d, kind in zip(dead, overlay.kinds, strict=True))

    @cached_property
    def wasted(self) -> array[int]:
        """Wasted bytes by node, as prefix sums."""
        paths, dead, sizes = self.paths, self._dead, self.sizes
        column = array("q", bytes(8 * len(paths)))
        for delta in paths.deltas:
            for nodes, entries in ((delta.nodes, delta.entries), (delta.never, delta.never_entries)):
                flags = bytes(map(dead.__getitem__, entries))
                for node, entry in zip(compress(nodes, flags), compress(entries, flags), strict=True):
                    column[node] += sizes[entry]
        held = {entry for delta in paths.deltas for entry in delta.never_entries}
        for node, entry in paths.twice:
            if dead[entry] and entry not in held:
                column[node] += sizes[entry]
        return array("q", accumulate(column, initial=0))

    @property
    def wasted_bytes(self) -> int:
        """What of the content that is left nobody sees."""
        return self.wasted[-1]

    @cached_property
    def waste_groups(self) -> list[WasteGroup]:
        """The waste that is left, rolled up; of what several layers hide, the one is told that did so first."""
        overlay = self.paths.overlay
        left: list[int] = []
        seen: set[int] = set()
        for entry in overlay.hidden.entries:
            inode = overlay.inode(entry)
            # Of several names of a file, one row has its bytes.
            counts = inode != NO_ENTRY and self._dead[inode] and inode not in seen
            left.append(self.sizes[inode] if counts else 0)
            if counts:
                seen.add(inode)
        return roll_up(self.paths.body.comparison, left)

    def saves_nothing(self, claims: Iterable[Claim]) -> bool:
        """Tell whether of all that a fix takes nothing is left."""
        inodes = [self.paths.overlay.inode(claim.entry) for claim in claims]
        return bool(inodes) and not any(inode != NO_ENTRY and self.sizes[inode] for inode in inodes)

    def saves(self, claims: Iterable[Claim]) -> int:
        """Return the bytes that fixes save besides what is struck out."""
        more = Without(self.paths, self.layers, [*self._claims, *claims])
        return self.content_bytes - more.content_bytes

    @cached_property
    def made_waste(self) -> list[int]:
        """What each layer makes waste; of bytes that a layer hides which is struck out, and another too, nothing."""
        overlay = self.paths.overlay
        hidden, dead = overlay.hidden, self._dead
        found = [0] * len(overlay.layers)
        for row, wasted in enumerate(hidden.wasted):
            if wasted:
                inode = overlay.inode(hidden.entries[row])
                if dead[inode]:
                    found[hidden.by[row]] += self.sizes[inode]
        for layer in self.layers:
            found[layer] = 0
        return found
