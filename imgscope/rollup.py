"""Rolls wasted copies up: one row for the files of a folder that share the layers, the cause and the reason.

A thousand rows of two kilobytes hide the one folder of two megabytes that they are. Groups never overlap, and
their bytes add up to all that is wasted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain, compress, islice
from typing import NamedTuple

from .brief import brief
from .layer.index import HARDLINK, LayerIndex
from .overlay.changes import WASTE_REASONS, Comparison
from .paths import public, split

# A folder that holds less of what one layer wasted of another than this share is told with the folder above it.
_SMALL = 50
# Folders that hold nothing but this many folders are walked into: /var/{cache,lib} say more than /var.
_FORK = 4


@brief()
class WasteGroup(NamedTuple):
    """Wasted copies below one folder: ``path`` ends with ``/``, or is the file itself where ``copies`` is 1.

    ``bytes`` are content bytes; ``stored_in`` and ``wasted_by`` are layers, ``reason`` is a ``Waste``'s.
    """

    path: str
    bytes: int
    copies: int
    stored_in: int
    wasted_by: int
    reason: str


class _Folder:
    """What one layer wasted of another's files, directly in a folder and below it."""

    __slots__ = ("bytes", "children", "count", "largest", "own_count")

    def __init__(self) -> None:
        self.own_count = self.bytes = self.count = 0
        self.largest = b""
        self.children: list[bytes] = []


def roll_up(comparison: Comparison, wasted: Sequence[int] | None = None) -> list[WasteGroup]:
    """Return the groups of an image's waste, largest first (ties by path, then by layers).

    ``wasted`` are other bytes of the hidden entries than they have: what is left of them.
    """
    overlay = comparison.overlay
    hidden, kinds = overlay.hidden, comparison.kinds
    home = overlay.home
    keys: dict[tuple[int, int, str], dict[bytes, _Folder]] = {}
    # Rows of one kind, and of these the rows of one folder, mostly stand together: then what was looked up for the last
    # one holds for the next.
    last: tuple[int, int, bytes] | None = None
    folder = _Folder()
    stored, first, end = 0, 0, -1
    linked = overlay.linked
    wasted_bytes = hidden.wasted if wasted is None else wasted
    columns = (wasted_bytes, hidden.entries, hidden.by, kinds, hidden.directories, hidden.names)
    rows = zip(range(len(hidden)), *columns, strict=True)
    for row, size, entry, by, kind, directory, name in compress(rows, wasted_bytes):
        if linked and (entry in home or overlay.kinds[entry] == HARDLINK):
            entry = overlay.inode(entry)
            directory, name = split(overlay.waste_path(row))
        if not first <= entry < end:
            stored = overlay.layer_of(entry)
            first = overlay.first[stored]
            end = first + len(overlay.layers[stored])
            last = None
        if last != (by, kind, directory):
            last = by, kind, directory
            folders = keys.setdefault((stored, by, WASTE_REASONS[kind]), {})
            if directory not in folders:
                folders[directory] = _Folder()
            folder = folders[directory]
        folder.bytes += size
        folder.own_count += 1
        folder.largest = name
    held: dict[int, _Held] = {}
    found: list[WasteGroup] = []
    for (stored, by, reason), folders in keys.items():
        if stored not in held:
            held[stored] = _Held(overlay.layers[stored])
        _add_up(folders)
        groups = _groups(folders, held[stored])
        found += (WasteGroup(public(path), size, count, stored, by, reason) for path, size, count in groups)
    found.sort(key=lambda group: (-group.bytes, group.path, group.stored_in, group.wasted_by, group.reason))
    return found


class _Held:
    """A layer's entries with content, counted by folder as far as that is asked."""

    def __init__(self, index: LayerIndex) -> None:
        self._index = index
        self._directories = sorted(index.children)
        # The last place is that of directories which no entry describes.
        self._has_content = bytes(map(bool, index.sizes)) + b"\0"
        self._own: dict[bytes, int] = {}

    def are(self, path: bytes, count: int) -> bool:
        """Tell whether a folder and all that lies below it hold ``count`` entries with content: no more than that."""
        # "0" follows "/": so all that lies below a folder stands side by side.
        first = bisect_left(self._directories, path + b"/")
        stop = bisect_left(self._directories, path + b"0", first)
        for directory in chain([path], islice(self._directories, first, stop)):
            own = self._own.get(directory)
            if own is None:
                names = self._index.children.get(directory, {})
                own = self._own[directory] = sum(map(self._has_content.__getitem__, names.values()))
            count -= own
            if count < 0:
                return False
        return count == 0


def _add_up(folders: dict[bytes, _Folder]) -> None:
    """Give each folder the sums of what lies below it, and make the folders above."""
    for directory in list(folders):
        while directory:
            directory = directory.rpartition(b"/")[0]
            if directory in folders:
                break
            folders[directory] = _Folder()
    # A folder sorts before what lies below it.
    for directory in sorted(folders, reverse=True):
        folder = folders[directory]
        folder.count += folder.own_count
        if directory:
            parent = folders[directory.rpartition(b"/")[0]]
            parent.bytes += folder.bytes
            parent.count += folder.count
            parent.children.append(directory)


def _groups(folders: dict[bytes, _Folder], held: _Held) -> Iterator[tuple[bytes, int, int]]:
    """Choose the folders that say most, and yield each with its bytes and copies."""
    least = folders[b""].bytes / _SMALL
    todo = [b""]
    while todo:
        path = todo.pop()
        folder = folders[path]
        fork = not folder.own_count and len(folder.children) <= _FORK
        if not folder.children or (path and not fork and held.are(path, folder.count)):
            yield _row(path, folder, folder.bytes, folder.count)
            continue
        alone = [child for child in folder.children if fork or folders[child].bytes >= least]
        small = len(folder.children) - len(alone)
        if small == 1 and not folder.own_count:
            alone = folder.children
        todo += alone
        count = folder.count - sum(folders[child].count for child in alone)
        if count:
            yield _row(path, folder, folder.bytes - sum(folders[child].bytes for child in alone), count)


def _row(path: bytes, folder: _Folder, size: int, count: int) -> tuple[bytes, int, int]:
    if count == 1 and folder.own_count == 1:
        return (path + b"/" + folder.largest if path else folder.largest), size, count
    return (path + b"/" if path else b""), size, count
