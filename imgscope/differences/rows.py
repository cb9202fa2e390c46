"""The rows of a comparison of files, as people asked for them: filtered, ranked, summed up by kind and directory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import overload

from ..globs import PathFilter
from ..layer.index import TYPE_NAMES
from ..paths import public, split
from ..rows import Totals
from .files import CHANGED, METADATA, TIMES, TYPE_CHANGED, UNREAD, Comparison, Row
from .model import DirectoryDifference, FileDifference, Files, Filter

# The model's kinds, by those of a row.
_KIND = ("added", "removed", "changed", "type_changed", "moved", "metadata_only", "unread", "metadata_only")


class FileDifferences(Files):
    """The rows of a comparison that a filter lets through."""

    def __init__(self, comparison: Comparison, wanted: Filter) -> None:
        """Choose from ``comparison``'s rows."""
        self.old = comparison.old
        self.new = comparison.new
        self._rows = self._chosen(comparison.rows, wanted)

    @property
    def rows(self) -> list[Row]:
        """The rows as entries of the two images, in no order that matters."""
        return self._rows

    def describe(self, row: Row) -> FileDifference:
        """Return one of ``rows`` for people."""
        return self._row(row)

    def _chosen(self, rows: list[Row], wanted: Filter) -> list[Row]:
        if wanted.ignore_times:
            rows = [row for row in rows if row.kind != TIMES]
        if wanted.kinds:
            rows = [row for row in rows if _KIND[row.kind] in wanted.kinds]
        if wanted.min_size:
            least = wanted.min_size
            rows = [row for row in rows if max(self._size_before(row) or 0, self._size_after(row) or 0) >= least]
        if wanted.paths:
            fits = PathFilter(wanted.paths).fits
            rows = [
                row
                for row in rows
                if fits(row.directory, row.name) or (row.path_before is not None and fits(*split(row.path_before)))
            ]
        return rows

    def _size_before(self, row: Row) -> int | None:
        return None if row.old is None else self.old.size(row.old)

    def _size_after(self, row: Row) -> int | None:
        return None if row.new is None else self.new.size(row.new)

    def _delta(self, row: Row) -> int:
        return (self._size_after(row) or 0) - (self._size_before(row) or 0)

    # -- rows --------------------------------------------------------------------------------------------

    @cached_property
    def _sorted(self) -> list[Row]:
        return sorted(self._rows, key=lambda row: (row.path, row.kind))

    def _row(self, row: Row) -> FileDifference:
        old, new = self.old, self.new
        a = None if row.old is None else old.inode(row.old)
        b = None if row.new is None else new.inode(row.new)
        return FileDifference(
            public(row.path),
            _KIND[row.kind],
            None if a is None else TYPE_NAMES[old.overlay.kind(a)],
            None if b is None else TYPE_NAMES[new.overlay.kind(b)],
            self._size_before(row),
            self._size_after(row),
            None if a is None else old.overlay.layer_of(a),
            None if b is None else new.overlay.layer_of(b),
            () if a is None or b is None else self._differs(row, a, b),
            None if row.path_before is None else public(row.path_before),
        )

    def _differs(self, row: Row, a: int, b: int) -> tuple[str, ...]:
        old, new = self.old, self.new
        words = [old.content_differs(a, new, b) or "content"] if row.kind in (TYPE_CHANGED, CHANGED) else []
        words += old.metadata_differs(a, new, b, links=False)
        if row.kind == METADATA and self._size_before(row) != self._size_after(row):
            words.append("links")
        return tuple(words)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def __iter__(self) -> Iterator[FileDifference]:
        """Make the rows, in the order of their paths."""
        return map(self._row, self._sorted)

    @overload
    def __getitem__(self, index: int) -> FileDifference: ...
    @overload
    def __getitem__(self, index: slice) -> list[FileDifference]: ...
    def __getitem__(self, index: int | slice) -> FileDifference | list[FileDifference]:
        """Make one row, or some."""
        if isinstance(index, slice):
            return list(map(self._row, self._sorted[index]))
        return self._row(self._sorted[index])

    # -- sums --------------------------------------------------------------------------------------------

    def totals(self) -> dict[str, Totals]:
        """Return the number of rows and their bytes by kind."""
        sums: dict[int, list[int]] = {}
        for row in self._rows:
            entry = sums.setdefault(row.kind, [0, 0])
            entry[0] += 1
            size = self._size_after(row)
            entry[1] += (self._size_before(row) or 0) if size is None else size
        found: dict[str, Totals] = {}
        for kind, (count, total) in sorted(sums.items()):
            before = found.get(_KIND[kind], Totals(0, 0))
            found[_KIND[kind]] = Totals(before.count + count, before.bytes + total)
        return found

    def only_times(self) -> int:
        """Return the number of rows that differ in their time alone."""
        return sum(row.kind == TIMES for row in self._rows)

    def largest(self, limit: int, kinds: frozenset[str] = frozenset()) -> list[FileDifference]:
        """Return the rows that moved most bytes: by the size of the delta, then of the file, then by path."""
        ranked: list[tuple[int, int, bytes, Row]] = []
        for row in self._rows:
            if kinds and _KIND[row.kind] not in kinds:
                continue
            before, after = self._size_before(row) or 0, self._size_after(row) or 0
            if before or after:
                ranked.append((-abs(after - before), -max(before, after), row.path, row))
        ranked.sort(key=lambda item: item[:3])
        return [self._row(row) for *_, row in ranked[:limit]]

    def directories(self) -> dict[str, DirectoryDifference]:
        """Return every directory with differences, of all that lies below it."""
        sums: dict[bytes, list[int]] = {}

        def add(directory: bytes, came: int, gone: int) -> None:
            entry = sums.get(directory)
            if entry is None:
                entry = sums[directory] = [0, 0, 0]
            entry[0] += came
            entry[1] += gone
            entry[2] += 1

        for row in self._rows:
            before, after = self._size_before(row) or 0, self._size_after(row) or 0
            if row.path_before is not None:
                add(split(row.path_before)[0], 0, before)
                add(row.directory, after, 0)
            elif row.kind in (METADATA, TIMES, UNREAD) and before == after:
                add(row.directory, 0, 0)
            else:
                add(row.directory, after, before)
        for directory in list(sums):
            while directory and (directory := split(directory)[0]) not in sums:
                sums[directory] = [0, 0, 0]
        # Children are added to their parents first: a parent's path is the shorter one.
        for directory in sorted(sums, key=len, reverse=True):
            if directory:
                above = sums[split(directory)[0]]
                for place, value in enumerate(sums[directory]):
                    above[place] += value
        return {public(path): DirectoryDifference(public(path), *entry) for path, entry in sorted(sums.items())}
