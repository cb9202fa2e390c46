"""Compares two merged trees: a directory at a time, with the dictionaries that the overlays already have.

A path whose entry comes from the same layer in both images is the same without a look; so nearly all of two images
that share a base cost one comparison of two numbers a path. Of the rest, what differs in type or size has changed;
only where those agree are contents compared, by fingerprints: those that the scans took, else taken now.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

from ..contents import WORTHWHILE, NoContents
from ..errors import ContentUnavailableError
from ..layer.index import (
    FILE,
    FINGERPRINT,
    HARDLINK,
    LayerIndex,
)
from ..overlay.compare import Entries
from ..paths import join
from ..processes import Child, usable_processes

if TYPE_CHECKING:
    from ..analysis import Analysis

# What is known of a row; finer than the model's kinds.
ADDED, REMOVED, CHANGED, TYPE_CHANGED, MOVED, METADATA, UNREAD, TIMES = range(8)

# In a translation: no entry of NEW is known to be the same. (Implied directories are small negative numbers.)
_NONE = -(1 << 62)


class Row(NamedTuple):
    """One difference, as entries: global ones of OLD and NEW, ``None`` where there is no such path."""

    kind: int
    directory: bytes
    name: bytes
    old: int | None
    new: int | None
    path_before: bytes | None = None

    @property
    def path(self) -> bytes:
        """The path: in NEW, or in OLD where it is removed."""
        return join(self.directory, self.name)


class Side(Entries):
    """One image's entries, with what comparing them with another's needs."""

    def __init__(self, analysis: Analysis) -> None:
        """Read the analysis' merged tree."""
        self.analysis = analysis
        tree = analysis.files.tree
        super().__init__(tree.overlay)
        self.promoted: dict[int, int] = tree.promoted
        self.has_xattrs = any(layer.xattrs for layer in self.overlay.layers)
        self.readable = True

    def size(self, entry: int) -> int:
        """Return the content bytes that the merged tree counts at a name."""
        return self.overlay.sizes[self.promoted.get(entry, entry)]

    def link(self, inode: int) -> bytes | None:
        """Return where a symlink, or a dangling hard link, leads."""
        return self.overlay.link(inode)

    @cached_property
    def _prints(self) -> bytearray:
        return bytearray().join(
            bytes(layer.fingerprints) if layer.fingerprints is not None else bytes(FINGERPRINT * len(layer))
            for layer in self.overlay.layers
        )

    @cached_property
    def _known(self) -> bytearray:
        return bytearray().join(bytes([layer.fingerprints is not None]) * len(layer) for layer in self.overlay.layers)

    def unknown(self, inodes: Iterable[int]) -> list[int]:
        """Return those of some regular files whose fingerprints have to be taken, and can be."""
        known = self._known
        return sorted({inode for inode in inodes if not known[inode]}) if self.readable else []

    def take(self, inodes: Sequence[int]) -> bytes:
        """Return the fingerprints of files, end to end. Raises ``ContentUnavailableError``."""
        return b"".join(self.analysis.contents.fingerprints([self.overlay.locate(inode) for inode in inodes]))

    def learn(self, inodes: Sequence[int], prints: bytes) -> None:
        """Keep fingerprints that were taken."""
        for place, inode in enumerate(inodes):
            self._prints[inode * FINGERPRINT : (inode + 1) * FINGERPRINT] = prints[
                place * FINGERPRINT : (place + 1) * FINGERPRINT
            ]
            self._known[inode] = 1

    def print_of(self, inode: int) -> bytes | None:
        """Return a regular file's fingerprint, ``None`` where it isn't known."""
        if not self._known[inode]:
            return None
        return bytes(self._prints[inode * FINGERPRINT : (inode + 1) * FINGERPRINT])


def _fingerprint_both(old: Side, old_inodes: list[int], new: Side, new_inodes: list[int]) -> None:
    """See that the fingerprints of files are known, where they can be; OLD's in a second process if that pays."""
    missing_old, missing_new = old.unknown(old_inodes), new.unknown(new_inodes)
    child: Child | None = None
    sizes = old.overlay.sizes
    if missing_new and sum(map(sizes.__getitem__, missing_old)) >= WORTHWHILE and usable_processes() > 1:
        child = Child(lambda: old.take(missing_old))
    try:
        for side, missing in ((new, missing_new), (old, missing_old)):
            if not missing:
                continue
            try:
                prints = child.result() if child is not None and side is old else None
                side.learn(missing, side.take(missing) if prints is None else prints)
            except ContentUnavailableError:
                side.readable = False
    finally:
        if child is not None:
            child.stop()


def _saved(analysis: Analysis) -> bool:
    return isinstance(analysis.contents, NoContents)


def _translation(old: Side, new: Side, matched: Mapping[int, int]) -> array[int]:
    """Return for each global entry of OLD that of NEW which is the same, or ``_NONE``; implied ones at the end."""
    a, b = old.overlay, new.overlay
    saved = _saved(old.analysis) or _saved(new.analysis)
    answer: array[int] = array("q")
    tail: array[int] = array("q")
    for number, layer in enumerate(a.layers):
        partner = matched.get(number)
        tail.append(_NONE if partner is None else -(partner + 1))
        if partner is None:
            answer.extend(repeat(_NONE, len(layer)))
        elif saved:
            answer.extend(_by_path(layer, b.layers[partner], b.first[partner]))
        else:
            answer.extend(range(b.first[partner], b.first[partner] + len(layer)))
    tail.reverse()
    # A hard link into lower layers shows what those hold, and of an inode's names one has the size: no short cut.
    special = {*b.across, *new.promoted}
    for entry in (*a.across, *old.promoted):
        answer[entry] = _NONE
    if special:
        answer = array("q", (_NONE if other in special else other for other in answer))
    answer.extend(tail)
    return answer


def _by_path(layer: LayerIndex, other: LayerIndex, first: int) -> array[int]:
    """Translate a layer whose entries are numbered otherwise, as a saved analysis' are: by their paths."""
    answer = array("q", repeat(_NONE, len(layer)))
    for directory, names in layer.children.items():
        others = other.children.get(directory, {})
        for name, own in names.items():
            found = others.get(name, -1)
            if own >= 0 <= found and (
                layer.kinds[own] == other.kinds[found]
                and layer.sizes[own] == other.sizes[found]
                and layer.mtimes[own] == other.mtimes[found]
            ):
                answer[own] = first + found
    return answer


class Comparison:
    """Two merged trees compared: every path that differs, before any filter."""

    def __init__(self, old: Analysis, new: Analysis, matched: Mapping[int, int], *, moved: bool = True) -> None:
        """Compare OLD's merged tree with NEW's; ``matched`` are the layers that both have. Raises ``ImageError``."""
        self.old = Side(old)
        self.new = Side(new)
        self.rows: list[Row] = []
        self._added: list[Row] = []
        self._removed: list[Row] = []
        self._pairs: list[tuple[bytes, bytes, int, int]] = []
        self._walk(_translation(self.old, self.new, matched))
        self._judge()
        if moved:
            self._find_moved()
        self.rows += self._added
        self.rows += self._removed

    # -- names -------------------------------------------------------------------------------------------

    def _walk(self, translation: array[int]) -> None:
        old, new = self.old.overlay.tree, self.new.overlay.tree
        for directory, names in old.items():
            others = new.get(directory)
            if not others:
                self._removed += [Row(REMOVED, directory, name, entry, None) for name, entry in names.items()]
                continue
            if names.keys() == others.keys():
                self._pairs += [
                    (directory, name, entry, others[name])
                    for name, entry in names.items()
                    if translation[entry] != others[name]
                ]
                continue
            for name, entry in names.items():
                other = others.get(name)
                if other is None:
                    self._removed.append(Row(REMOVED, directory, name, entry, None))
                elif translation[entry] != other:
                    self._pairs.append((directory, name, entry, other))
            self._added += [
                Row(ADDED, directory, name, None, entry) for name, entry in others.items() if name not in names
            ]
        for directory, names in new.items():
            if directory not in old:
                self._added += [Row(ADDED, directory, name, None, entry) for name, entry in names.items()]

    # -- paths that both have ----------------------------------------------------------------------------

    def _judge(self) -> None:
        """Judge the pairs; contents last, in one batch for each image."""
        old, new = self.old, self.new
        kinds_a, kinds_b = old.overlay.kinds, new.overlay.kinds
        pending: list[tuple[bytes, bytes, int, int, int, int]] = []
        for directory, name, x, y in self._pairs:
            a = x if kinds_a[x] != HARDLINK else old.inode(x)
            b = y if kinds_b[y] != HARDLINK else new.inode(y)
            differs = old.content_differs(a, new, b)
            if differs is None:
                pending.append((directory, name, x, y, a, b))
            elif differs:
                self.rows.append(Row(TYPE_CHANGED if differs == "type" else CHANGED, directory, name, x, y))
            else:
                self._same_content(directory, name, x, y, a, b)
        self._pairs = []
        _fingerprint_both(old, [a for *_, a, _ in pending], new, [b for *_, b in pending])
        plain = not (old.has_xattrs or new.has_xattrs)
        metas_a, metas_b = old.overlay.metas, new.overlay.metas
        table_a, table_b = old.overlay.meta_table, new.overlay.meta_table
        print_a, print_b = old.print_of, new.print_of
        time_a, time_b = old.overlay.mtime, new.overlay.mtime
        add = self.rows.append
        for directory, name, x, y, a, b in pending:
            first, second = print_a(a), print_b(b)
            if first is None or second is None:
                add(Row(UNREAD, directory, name, x, y))
            elif first != second:
                add(Row(CHANGED, directory, name, x, y))
            elif plain and a == x and b == y and table_a[metas_a[a]] == table_b[metas_b[b]]:
                # The common case in place: two files under their own names, so of equal size too.
                if time_a(a) != time_b(b):
                    add(Row(TIMES, directory, name, x, y))
            else:
                self._same_content(directory, name, x, y, a, b)

    def _same_content(self, directory: bytes, name: bytes, x: int, y: int, a: int, b: int) -> None:
        old, new = self.old, self.new
        differs = old.metadata_differs(a, new, b, links=False)
        # Of an inode's names one has the size: here that tells that another was linked.
        if old.size(x) != new.size(y) or (differs and differs != ["mtime"]):
            self.rows.append(Row(METADATA, directory, name, x, y))
        elif differs:
            self.rows.append(Row(TIMES, directory, name, x, y))

    # -- paths that moved --------------------------------------------------------------------------------

    def _find_moved(self) -> None:
        """Find files of equal content among those that came and those that went."""
        old, new = self.old, self.new
        went = _files_by_size(old, ((row, row.old) for row in self._removed))
        came = _files_by_size(new, ((row, row.new) for row in self._added))
        sizes = went.keys() & came.keys()
        _fingerprint_both(
            old,
            [entry for size in sizes for _, entry in went[size]],
            new,
            [entry for size in sizes for _, entry in came[size]],
        )
        done: set[tuple[bytes, bytes]] = set()
        gone: set[tuple[bytes, bytes]] = set()
        for size in sizes:
            alike: dict[bytes, tuple[list[Row], list[Row]]] = {}
            for place, side, files in ((0, old, went[size]), (1, new, came[size])):
                for row, entry in files:
                    value = side.print_of(entry)
                    if value is not None:
                        alike.setdefault(value, ([], []))[place].append(row)
            for before, after in alike.values():
                for source, target in _couple(before, after):
                    gone.add((source.directory, source.name))
                    done.add((target.directory, target.name))
                    self.rows.append(Row(MOVED, target.directory, target.name, source.old, target.new, source.path))
        if done:
            self._removed = [row for row in self._removed if (row.directory, row.name) not in gone]
            self._added = [row for row in self._added if (row.directory, row.name) not in done]

    # -- sums over all rows ------------------------------------------------------------------------------

    def really_new(self) -> tuple[int, dict[int, int]]:
        """Return the bytes of NEW's files whose content OLD lacks at their path, and the same by layer of NEW."""
        new = self.new
        sums: dict[int, int] = {}
        for row in self.rows:
            if row.kind in (ADDED, CHANGED, TYPE_CHANGED) and row.new is not None and (size := new.size(row.new)):
                layer = new.overlay.layer_of(new.inode(row.new))
                sums[layer] = sums.get(layer, 0) + size
        return sum(sums.values()), sums

    def unread(self) -> tuple[int, int]:
        """Return the number and the bytes of files of which nobody can tell whether they are the same."""
        sizes = [self.new.size(row.new) for row in self.rows if row.kind == UNREAD and row.new is not None]
        return len(sizes), sum(sizes)

    def content_paths(self) -> set[bytes]:
        """Return the paths whose content is not surely the same in both images, those of one alone included."""
        return {
            path
            for row in self.rows
            if row.kind not in (METADATA, TIMES)
            for path in (row.path, row.path_before)
            if path is not None
        }

    def touched(self) -> tuple[set[int], set[int]]:
        """Return the layers of OLD and of NEW that hold a path which differs in more than its time."""
        old, new = self.old.overlay, self.new.overlay
        before = {row.old for row in self.rows if row.kind != TIMES and row.old is not None}
        after = {row.new for row in self.rows if row.kind != TIMES and row.new is not None}
        return {old.layer_of(entry) for entry in before}, {new.layer_of(entry) for entry in after}


def _files_by_size(side: Side, rows: Iterable[tuple[Row, int | None]]) -> dict[int, list[tuple[Row, int]]]:
    kinds, sizes = side.overlay.kinds, side.overlay.sizes
    found: dict[int, list[tuple[Row, int]]] = {}
    for row, entry in rows:
        if entry is not None and entry >= 0 and kinds[entry] == FILE and sizes[entry]:
            found.setdefault(sizes[entry], []).append((row, entry))
    return found


def _couple(before: list[Row], after: list[Row]) -> Iterator[tuple[Row, Row]]:
    """Pair files of one content: those of the same name first, each kind in the order of paths."""
    if len(before) == 1 == len(after):
        yield before[0], after[0]
        return
    waiting: dict[bytes, list[Row]] = {}
    for row in sorted(before, key=lambda row: row.path, reverse=True):
        waiting.setdefault(row.name, []).append(row)
    left: list[Row] = []
    for row in sorted(after, key=lambda row: row.path):
        same = waiting.get(row.name)
        if same:
            yield same.pop(), row
        else:
            left.append(row)
    rest = sorted((row for rows in waiting.values() for row in rows), key=lambda row: row.path)
    yield from zip(rest, left, strict=False)
