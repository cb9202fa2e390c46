"""Stacks the indexes of layers into the merged tree, and keeps every entry that got hidden on the way.

Follows the OCI image spec, "Image Layer Filesystem Changeset" (layer.md): a layer's whiteouts and opaque
whiteouts hide what lower layers hold, wherever they stand in its tar, then its own entries come on top.

Entries of all layers have one numbering: a *global entry* is the layer's first number plus the entry's own. Work is
done a directory at a time with dictionaries that the scans already made: paths that only one layer has cost
next to nothing, and a removed directory costs its own entries, no more.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..layer.index import DIRECTORY, HARDLINK, IMPLIED, IMPLIED_META, LayerIndex
from ..paths import join, split

# Why an entry is hidden; finer words for OVERWRITTEN come from comparing the two entries (see changes.py).
OVERWRITTEN, REMOVED, SHADOWED, REPEATED = range(4)

NO_ENTRY = -1

# So many rows are gathered before they become columns.
_PIECE = 4096


Row = tuple[bytes, bytes, int, int, int]
"""(directory, name, global entry, reason, replaced by) of an entry that a layer hides."""


@dataclass(slots=True)
class Hidden:
    """Entries that the merged tree does not show, a row each, in the order in which layers hid them.

    ``entries`` are global entries (or implied directories, ``-(layer + 1)``), ``by`` the layer that hid the
    row, ``reasons`` OVERWRITTEN …, ``replaced_by`` the entry that took the name in that layer, or
    ``NO_ENTRY``, and ``wasted`` the content bytes that thereby are seen by nobody.
    """

    directories: list[bytes] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)
    entries: array[int] = field(default_factory=lambda: array("i"))
    by: array[int] = field(default_factory=lambda: array("H"))
    reasons: bytearray = field(default_factory=bytearray)
    replaced_by: array[int] = field(default_factory=lambda: array("i"))
    wasted: array[int] = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.names)

    def extend(self, by: int, rows: Sequence[Row]) -> None:
        """Append what a layer hid; the rows' wasted bytes are filled in when the layer is done."""
        if not rows:
            return
        directories, names, entries, reasons, replaced_by = zip(*rows, strict=True)
        self.directories.extend(directories)
        self.names.extend(names)
        self.entries.extend(entries)
        self.by.extend([by] * len(rows))
        self.reasons.extend(reasons)
        self.replaced_by.extend(replaced_by)
        self.wasted.extend([0] * len(rows))

    def path(self, row: int) -> bytes:
        """Return the path of a row."""
        return join(self.directories[row], self.names[row])


class Overlay:
    """Layers stacked: the merged tree after the last of them.

    ``tree`` maps each directory to its names and each name to a global entry; a directory that only names
    below it imply is ``-(layer + 1)`` of the layer that first did. Directories without names may be missing
    from ``tree``. Dictionaries are shared with the layers' own: never change them.
    """

    def __init__(self, layers: Sequence[LayerIndex], *, keep_hidden: bool = True) -> None:
        """Stack ``layers``, bottom first. ``keep_hidden=False`` builds the tree alone, which is faster."""
        self.layers = layers
        self.first: list[int] = []
        total = 0
        for layer in layers:
            self.first.append(total)
            total += len(layer)
        self.entry_count = total
        # All layers' columns end to end, addressed by global entry; the tails serve the negative numbers of
        # implied directories.
        self.kinds = bytearray().join(layer.kinds for layer in layers)
        self.kinds += bytes([DIRECTORY]) * (len(layers) + 1)
        self.sizes = array("q")
        self.metas = array("I")
        rows: dict[tuple[int, int, int], int] = {}
        for layer in layers:
            self.sizes.extend(layer.sizes)
            # Each layer numbers its modes and owners for itself; here equal ones have one number.
            numbers = [rows.setdefault(meta, len(rows)) for meta in layer.meta_table]
            self.metas.extend(map(numbers.__getitem__, layer.metas))
        self.meta_table = list(rows)
        self.sizes.extend([0] * (len(layers) + 1))
        self.tree: dict[bytes, dict[bytes, int]] = {b"": {}}
        self.hidden = Hidden()
        # Inodes with more than one name ever: global entry -> names alive.
        self.names_alive: dict[int, int] = {}
        self.home: dict[int, bytes] = {}
        # Hard links into lower layers: global entry -> global entry of the content (NO_ENTRY: dangling).
        self.across: dict[int, int] = {}
        self._owned: set[bytes] = set()
        self._gone: dict[bytes, dict[bytes, tuple[int, int]]] = {}
        self._rows: list[Row] = []
        self._current = 0
        for number in range(len(layers)):
            self._stack(number)
            if not keep_hidden:
                self.hidden = Hidden()

    # -- entries -----------------------------------------------------------------------------------------

    def locate(self, entry: int) -> tuple[int, int]:
        """Return (layer, the layer's own entry number) of a global entry; ``IMPLIED`` as the entry for those."""
        if entry < 0:
            return -entry - 1, IMPLIED
        # The last layer that starts at or before the entry: empty layers start where the next one does.
        layer = bisect_right(self.first, entry) - 1
        return layer, entry - self.first[layer]

    def layer_of(self, entry: int) -> int:
        """Return the layer that a global entry comes from."""
        return -entry - 1 if entry < 0 else bisect_right(self.first, entry) - 1

    def kind(self, entry: int) -> int:
        """Return the kind of a global entry as its layer has it (a hard link is ``HARDLINK``)."""
        return self.kinds[entry]

    def mtime(self, entry: int) -> int:
        """Return the modification time of a real entry, in nanoseconds since 1970."""
        layer = bisect_right(self.first, entry) - 1
        return self.layers[layer].mtimes[entry - self.first[layer]]

    def inode(self, entry: int) -> int:
        """Return the global entry that holds the content of ``entry``: itself, but for a hard link.

        ``NO_ENTRY`` for a hard link whose target is nowhere.
        """
        if entry < 0 or self.kinds[entry] != HARDLINK:
            return entry
        layer, own = self.locate(entry)
        inside = self.layers[layer].inodes.get(own)
        if inside is not None:
            return self.first[layer] + inside
        return self.across.get(entry, NO_ENTRY)

    @property
    def linked(self) -> bool:
        """Whether any layer has hard links: where none has, every entry is its own inode."""
        return bool(self.names_alive or self.across)

    def layers_of(self, entries: Iterable[int]) -> Iterator[int]:
        """Return the layers that real global entries come from: of many, in a tenth of the time."""
        numbers = array("H")
        for number, layer in enumerate(self.layers):
            numbers.extend(array("H", [number]) * len(layer))
        return map(numbers.__getitem__, entries)

    def start(self, layer: int) -> int:
        """Return the first entry of a layer, or of those above where it has none; past the last one their number."""
        return self.first[layer] if layer < len(self.layers) else self.entry_count

    def entries(self, layer: int) -> Iterator[tuple[bytes, bytes, int]]:
        """Yield directory, name and entry of all that a layer names: no implied directories, nothing repeated."""
        first = self.first[layer]
        for directory, names in self.layers[layer].children.items():
            for name, own in names.items():
                if own >= 0:
                    yield directory, name, first + own

    def entry_in(self, layer: int, path: bytes) -> int | None:
        """Return a layer's own entry at a path, that of an implied directory too; ``None`` where it has none."""
        directory, name = split(path)
        own = self.layers[layer].children.get(directory, {}).get(name)
        return own if own is None else -layer - 1 if own < 0 else self.first[layer] + own

    def meta(self, entry: int) -> tuple[int, int, int]:
        """Return an entry's mode (12 bits), uid and gid, as its layer has them."""
        return self.meta_table[self.metas[entry]] if entry >= 0 else IMPLIED_META

    def link(self, entry: int) -> bytes | None:
        """Return where a symlink leads, as written, or a hard link, as a path; ``None`` for all else."""
        layer, own = self.locate(entry)
        return self.layers[layer].links.get(own)

    def device(self, entry: int) -> tuple[int, int] | None:
        """Return a device's numbers, major and minor; ``None`` for all else."""
        layer, own = self.locate(entry)
        return self.layers[layer].devices.get(own)

    def xattrs(self, entry: int) -> dict[str, bytes] | None:
        """Return an entry's extended attributes; ``None`` where it has none."""
        layer, own = self.locate(entry)
        return self.layers[layer].xattrs.get(own) or None

    def lookup(self, path: bytes) -> int | None:
        """Return the entry that the merged tree shows at a path, or ``None``."""
        directory, name = split(path)
        return self.tree.get(directory, {}).get(name)

    # -- stacking ----------------------------------------------------------------------------------------

    def _own(self, directory: bytes) -> dict[bytes, int]:
        """Return a directory's names as a dictionary that may be changed."""
        names = self.tree.get(directory)
        if names is None:
            names = self.tree[directory] = {}
            self._owned.add(directory)
        elif directory not in self._owned:
            names = self.tree[directory] = dict(names)
            self._owned.add(directory)
        return names

    def _stack(self, number: int) -> None:
        index = self.layers[number]
        self._current = number
        start = len(self.hidden)
        self._link(number)
        for directory, name, own in index.repeated:
            self._rows.append((directory, name, self.first[number] + own, REPEATED, NO_ENTRY))
        # What whiteouts hide waits here until it is known whether the layer brings the path anew.
        self._gone = {}
        # A path's own whiteout tells more than what happened to its parents, so it comes first: a name within a
        # directory sorts after that directory.
        for directory, name in sorted(index.whiteouts, reverse=True):
            self._hide(directory, name, REMOVED)
        for directory in index.opaques:
            self._hide_below(directory)
        tree, first, implied = self.tree, self.first[number], -number - 1
        for directory, names in index.children.items():
            if len(self._rows) > _PIECE:
                self._flush(number)
            if not names:
                tree.setdefault(directory, {})
            elif tree.get(directory) or directory in self._gone:
                self._merge(directory, names, first, implied)
            elif number == 0:
                # The numbers are the same: the layer's own dictionary serves until somebody changes it.
                tree[directory] = names
                self._owned.discard(directory)
            else:
                tree[directory] = {name: own + first if own >= 0 else implied for name, own in names.items()}
                self._owned.add(directory)
        for directory, left in self._gone.items():
            for name, (entry, reason) in left.items():
                self._rows.append((directory, name, entry, reason, NO_ENTRY))
        self._gone = {}
        self._flush(number)
        self._account(start)

    def _flush(self, number: int) -> None:
        self.hidden.extend(number, self._rows)
        self._rows.clear()

    def _link(self, number: int) -> None:
        """Count the names of the inodes that this layer's hard links share, those of lower layers included."""
        index, first = self.layers[number], self.first[number]
        if not index.links:
            return
        counts: dict[int, int] = {}
        repeated = {entry for _, _, entry in index.repeated}
        for own in index.links:
            if index.kinds[own] != HARDLINK:
                continue
            inside = index.inodes.get(own)
            if inside is not None:
                inode = first + inside
                if inode not in counts:
                    counts[inode] = 0 if inside in repeated else 1
            else:
                found = self.lookup(index.links[own])
                inode = NO_ENTRY if found is None or found < 0 else self.inode(found)
                if inode != NO_ENTRY and self.kind(inode) == DIRECTORY:
                    inode = NO_ENTRY
                self.across[first + own] = inode
                if inode == NO_ENTRY:
                    continue
                if inode not in counts:
                    counts[inode] = self.names_alive.get(inode, 1)
                    if inode not in self.home:
                        self.home[inode] = index.links[own]
            if own not in repeated:
                counts[inode] += 1
        if counts:
            self.names_alive.update(counts)
            wanted = {inode - first for inode in counts if inode >= first}
            for directory, names in index.children.items():
                if not wanted.isdisjoint(names.values()):
                    for name, own in names.items():
                        if own in wanted:
                            self.home[first + own] = join(directory, name)
            for directory, name, own in index.repeated:
                if own in wanted:
                    self.home[first + own] = join(directory, name)

    def _hide_below(self, directory: bytes) -> None:
        """Hide all that lower layers have in a directory (an opaque whiteout)."""
        names = self.tree.get(directory)
        if names:
            for name in list(names):
                self._hide(directory, name, SHADOWED)

    def _hide(self, directory: bytes, name: bytes, reason: int) -> None:
        """Take a name out of the tree, with all that lies below it."""
        names = self.tree.get(directory)
        if not names or name not in names:
            return
        entry = self._own(directory).pop(name)
        self._gone.setdefault(directory, {})[name] = (entry, reason)
        self._hide_subtree(join(directory, name))

    def _hide_subtree(self, path: bytes) -> None:
        pending = [path] if path in self.tree else []
        while pending:
            here = pending.pop()
            names = self.tree.pop(here)
            self._owned.discard(here)
            gone = self._gone.setdefault(here, {})
            for name, entry in names.items():
                gone[name] = (entry, SHADOWED)
                inner = join(here, name)
                if inner in self.tree:
                    pending.append(inner)

    def _merge(self, directory: bytes, names: dict[bytes, int], first: int, implied: int) -> None:
        """Put a layer's names of one directory on top of what the tree, or what was just hidden, has there."""
        merged = self._own(directory)
        gone = self._gone.get(directory)
        # Mostly a layer brings few names of many.
        both = _in_both(names, merged)
        replaced = [merged[name] for name in both]
        for name, own in names.items():
            merged[name] = own + first if own >= 0 else implied
        rows, kinds = self._rows, self.kinds
        for name, old in zip(both, replaced, strict=True):
            entry = merged[name]
            if kinds[old] == DIRECTORY:
                if entry < 0:
                    # No entry describes the directory here, so what lower layers say of it stays.
                    merged[name] = old
                    continue
                if kinds[entry] != DIRECTORY:
                    self._hide_subtree(join(directory, name))
            rows.append((directory, name, old, OVERWRITTEN, entry))
        if gone:
            for name in _in_both(names, gone):
                rows.append((directory, name, gone.pop(name)[0], OVERWRITTEN, merged[name]))

    def _account(self, start: int) -> None:
        """Fill in the wasted bytes of the rows that a layer added: an inode's, once its last name is gone."""
        hidden, kinds, sizes = self.hidden, self.kinds, self.sizes
        alive = self.names_alive
        here = self.first[self._current]
        last: dict[int, int] = {}
        if not alive and not self.across:
            hidden.wasted[start:] = array("q", map(sizes.__getitem__, hidden.entries[start:]))
            return
        for row in range(start, len(hidden)):
            entry = hidden.entries[row]
            if entry < 0:
                continue
            if kinds[entry] != HARDLINK and entry not in alive:
                hidden.wasted[row] = sizes[entry]
                continue
            inode = self.inode(entry)
            if inode == NO_ENTRY:
                continue
            if hidden.reasons[row] != REPEATED:
                alive[inode] = alive.get(inode, 1) - 1
            elif inode < here:
                # The name never was in the tree: it can't be the last of a lower layer's inode.
                continue
            best = last.get(inode)
            if best is None or self._decides(row, best, inode):
                last[inode] = row
        for inode, row in last.items():
            if alive.get(inode, 0) <= 0:
                hidden.wasted[row] = sizes[inode]

    def _decides(self, row: int, other: int, inode: int) -> bool:
        """Tell which of two names of an inode that went in one layer gives the reason: its own, else the last."""
        home = self.home.get(inode)
        mine, theirs = self.hidden.path(row), self.hidden.path(other)
        return (mine == home, mine) > (theirs == home, theirs)

    def waste_path(self, row: int) -> bytes:
        """Return the path that held a hidden row's wasted bytes: that of the inode's own entry."""
        entry = self.hidden.entries[row]
        if entry >= 0:
            home = self.home.get(self.inode(entry))
            if home is not None:
                return home
        return self.hidden.path(row)

    def promoted(self) -> dict[int, int]:
        """Return, for inodes whose first name is gone while another lives, that name's entry -> the inode.

        Of several names the first by its path's bytes is taken: in the merged tree it is the file, with the
        inode's size.
        """
        orphans = {
            inode: b""
            for inode, alive in self.names_alive.items()
            if alive > 0 and self.lookup(self.home[inode]) != inode
        }
        if not orphans:
            return {}
        chosen: dict[int, tuple[bytes, int]] = {}
        for directory, names in self.tree.items():
            for name, entry in names.items():
                if entry >= 0 and self.kinds[entry] == HARDLINK and (inode := self.inode(entry)) in orphans:
                    candidate = (join(directory, name), entry)
                    if inode not in chosen or candidate < chosen[inode]:
                        chosen[inode] = candidate
        return {entry: inode for inode, (_, entry) in chosen.items()}

    # -- reading -----------------------------------------------------------------------------------------

    def runs(self) -> Iterator[tuple[bytes, list[bytes]]]:
        """Yield every path of the merged tree but the root, by the path's bytes: (directory, some of its names)."""
        tree, kinds = self.tree, self.kinds
        pending: list[tuple[bytes, list[bytes]]] = [(b"", _marks(b"", tree, kinds))]
        while pending:
            directory, marks = pending[-1]
            if not marks:
                pending.pop()
                continue
            run: list[bytes] = []
            while marks:
                name = marks.pop()
                if name[-1:] == b"/":
                    below = join(directory, name[:-1])
                    pending.append((below, _marks(below, tree, kinds)))
                    break
                run.append(name)
            if run:
                yield directory, run

    def paths(self) -> Iterator[tuple[bytes, int]]:
        """Yield every path of the merged tree (but the root) and its global entry, sorted by the path's bytes."""
        for directory, run in self.runs():
            names = self.tree[directory]
            for name in run:
                yield join(directory, name), names[name]


def _in_both(one: dict[bytes, Any], other: dict[bytes, Any]) -> list[bytes]:
    """Return the names that two directories share, in an order that their layers decide and no hash does.

    Judgements of rows are kept by the rows' numbers, so every run has to make the rows in the same order. A set of the
    names would be as quick, but the order of one changes from process to process.
    """
    few, many = (one, other) if len(one) <= len(other) else (other, one)
    return list(filter(many.__contains__, few))


def _marks(directory: bytes, tree: dict[bytes, dict[bytes, int]], kinds: bytearray) -> list[bytes]:
    """Return a directory's names, last first, and with a slash those that paths lie below, where these paths come."""
    names = tree.get(directory, {})
    marks = list(names)
    marks += [
        name + b"/" for name, entry in names.items() if kinds[entry] == DIRECTORY and join(directory, name) in tree
    ]
    marks.sort(reverse=True)
    return marks
