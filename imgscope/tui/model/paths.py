"""All paths that any layer ever held, once, in preorder; and what each layer does to them.

A path is a *node*: its number in the preorder of the union of all layers' trees, names sorted by their bytes. So a
node stands for the same path in every layer, an open folder stays open when another layer is looked at, and all that
varies from layer to layer is a column of entries. Work is done a directory at a time; nothing is a Python object per
path but the name, which the layers' indexes own already.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from itertools import accumulate, groupby

from ...analysis import Body
from ...history import moment
from ...layer.index import DIRECTORY
from ...overlay.changes import COVERED, GONE, METADATA_ONLY, MODIFIED, REWRITTEN, UNCHANGED
from ...overlay.merge import NO_ENTRY
from ...paths import join, split
from .columns import Columns, Holders
from .marks import Mark

_MARKS = {
    MODIFIED: Mark.MODIFIED,
    METADATA_ONLY: Mark.METADATA_ONLY,
    REWRITTEN: Mark.REWRITTEN,
    GONE: Mark.REMOVED,
    COVERED: Mark.REMOVED,
    UNCHANGED: Mark.UNCHANGED,
}
NOWHERE = -2
"""Instead of an entry number: a folder that no tree ever shows. Below that, ``NOWHERE - 1 - entry`` stands for an entry
that no tree ever shows."""


def nanoseconds(created: str | None) -> int | None:
    """Read a time as image configs write it, in nanoseconds since 1970; ``None`` for what is none."""
    found = moment(created)
    return int(found.timestamp()) * 10**9 if found is not None else None


@dataclass(slots=True)
class Delta:
    """What one layer does: columns side by side, in no order that matters."""

    nodes: array[int] = field(default_factory=lambda: array("i"))
    """Nodes that get an entry of this layer."""
    entries: array[int] = field(default_factory=lambda: array("i"))
    """That global entry."""
    implied: array[int] = field(default_factory=lambda: array("i"))
    """Nodes of directories that the layer only implies: they count where no directory is yet."""
    whiteouts: array[int] = field(default_factory=lambda: array("i"))
    """Nodes that the layer's whiteouts name, were they there or not: what they hide depends on the layers below."""
    opaques: array[int] = field(default_factory=lambda: array("i"))
    """Nodes of directories whose former contents the layer hides; -1 is the root."""
    never: array[int] = field(default_factory=lambda: array("i"))
    """Nodes of what the layer stores and replaces itself, where nothing else is ever: no tree shows them."""
    never_entries: array[int] = field(default_factory=lambda: array("i"))
    """The global entries of these."""
    gone: array[int] = field(default_factory=lambda: array("i"))
    """Nodes that the layer takes out of the tree."""
    marked: array[int] = field(default_factory=lambda: array("i"))
    """Nodes that were there before and are gone or replaced."""
    marks: bytearray = field(default_factory=bytearray)
    """How, a ``Mark`` for each of ``marked``."""


class Paths(Columns):
    """The union of all layers' paths.

    ``copies[n]`` counts the layers that hold an entry there (up to 255). ``wasted`` are bytes over the whole image, as
    prefix sums: the bytes below and at ``n`` are ``wasted[end[n]] - wasted[n]``.
    """

    def __init__(self, body: Body, created: int | None = None) -> None:
        """Lay out every path of ``body``; some 150 ms for 150,000 paths.

        ``created`` is when the image was made, in nanoseconds since 1970, if that is known.
        """
        super().__init__()
        self.created = created
        self.body = body
        self.overlay = overlay = body.overlay
        self.content_bytes = sum(layer.content_bytes for layer in overlay.layers)
        # The columns' tail has a directory of size 0 for each layer's implied directories, and one spare: absent.
        self.absent = -(len(overlay.layers) + 1)
        self.deltas = [Delta() for _ in overlay.layers]
        # Of each directory, the hidden rows; bytes wasted by node, and at paths that other directories have.
        self._rows_of: dict[bytes, list[int]] = {}
        self._elsewhere: list[tuple[bytes, int]] = []
        self.waste_of: dict[int, int] = {}
        self.twice: list[tuple[int, int]] = []
        """(node, entry) of what a layer stored and replaced itself."""
        self._hiding: dict[bytes, list[tuple[int, bytes, bool]]] = {}
        self._find_all()
        self.copies = bytearray(len(self.end))
        self._count_copies()
        self.links = self._hard_links()

    # -- building ----------------------------------------------------------------------------------------

    def _find_all(self) -> None:
        overlay = self.overlay
        holders: Holders = {}
        for number, index in enumerate(overlay.layers):
            for directory, names in index.children.items():
                if names:
                    holders.setdefault(directory, []).append((number, names))
        self._hold_repeated(holders)
        for number, index in enumerate(overlay.layers):
            for directory, name in index.whiteouts:
                self._hiding.setdefault(directory, []).append((number, name, False))
            for directory in index.opaques:
                if directory:
                    above, name = split(directory)
                    self._hiding.setdefault(above, []).append((number, name, True))
                else:
                    self.deltas[number].opaques.append(-1)
        hidden = overlay.hidden
        for directory, rows in groupby(range(len(hidden)), hidden.directories.__getitem__):
            self._rows_of.setdefault(directory, []).extend(rows)
        self.lay_out(holders)
        lost = self.waste_of
        for path, size in self._elsewhere:
            node = self.find(path)
            lost[node] = lost.get(node, 0) + size
        column = array("q", bytes(8 * len(self.end)))
        for node, size in lost.items():
            column[node] = size
        self.wasted = array("q", accumulate(column, initial=0))
        # All that was needed on the way alone.
        self._rows_of, self._elsewhere, self._hiding = {}, [], {}

    def _hold_repeated(self, holders: Holders) -> None:
        """Give a place to what a layer held only until it replaced it itself: no tree shows it, but it wastes bytes."""
        for number, index in enumerate(self.overlay.layers):
            for path, own in [(join(directory, name), own) for directory, name, own in index.repeated]:
                entry = NOWHERE - 1 - own
                while path:
                    directory, name = split(path)
                    held = holders.setdefault(directory, [])
                    if any(name in names for _, names in held):
                        break
                    held.append((number, {name: entry}))
                    path, entry = directory, NOWHERE

    def record(self, path: bytes, nodes: dict[bytes, int], held: list[tuple[int, dict[bytes, int]]]) -> None:
        """Note what the layers do to the names of one directory."""
        overlay, node_of = self.overlay, nodes
        rows, elsewhere, lost = self._rows_of.get(path, ()), self._elsewhere, self.waste_of
        for number, names in held:
            delta, first = self.deltas[number], overlay.first[number]
            least = min(names.values())
            if least <= NOWHERE:
                for name, own in names.items():
                    delta.never.append(node_of[name])
                    delta.never_entries.append(-number - 1 if own == NOWHERE else first + NOWHERE - 1 - own)
                continue
            if least >= 0:
                delta.nodes.extend(map(node_of.__getitem__, names))
                delta.entries.extend([own + first for own in names.values()] if first else names.values())
                continue
            for name, own in names.items():
                if own < 0:
                    delta.implied.append(node_of[name])
                else:
                    delta.nodes.append(node_of[name])
                    delta.entries.append(own + first)
        for number, name, opaque in self._hiding.get(path, ()):
            if name in node_of:
                delta = self.deltas[number]
                (delta.opaques if opaque else delta.whiteouts).append(node_of[name])
        hidden, kinds, judged = overlay.hidden, overlay.kinds, self.body.comparison.kinds
        for row in rows:
            node = node_of[hidden.names[row]]
            size = hidden.wasted[row]
            if size:
                if overlay.home and (path := overlay.waste_path(row)) != hidden.path(row):
                    elsewhere.append((path, size))
                else:
                    lost[node] = lost.get(node, 0) + size
            mark = _MARKS.get(judged[row])
            if mark is None:
                self.twice.append((node, hidden.entries[row]))
                continue
            delta = self.deltas[hidden.by[row]]
            if mark is Mark.REMOVED:
                delta.gone.append(node)
            elif hidden.replaced_by[row] < 0:
                # A directory that nothing describes took the place, whatever was there.
                delta.nodes.append(node)
                delta.entries.append(hidden.replaced_by[row])
            elif mark is Mark.REWRITTEN and kinds[hidden.entries[row]] == DIRECTORY:
                # A directory with another time alone: any write into it does that, so it is no news.
                mark = Mark.UNCHANGED
            delta.marked.append(node)
            delta.marks.append(mark)

    def _count_copies(self) -> None:
        copies = self.copies
        for delta in self.deltas:
            for node, entry in zip(delta.nodes, delta.entries, strict=True):
                if entry >= 0 and copies[node] < 255:
                    copies[node] += 1

    def _hard_links(self) -> list[tuple[int, int, int]]:
        """Return (node, entry, inode) of every name of an inode that has several, the inode's own included."""
        overlay = self.overlay
        if not overlay.names_alive:
            return []
        shared = overlay.names_alive
        found: list[tuple[int, int, int]] = []
        for delta in self.deltas:
            for node, entry in zip(delta.nodes, delta.entries, strict=True):
                inode = overlay.inode(entry)
                if inode != NO_ENTRY and inode in shared:
                    found.append((node, entry, inode))
        found.sort()
        return found

    # -- reading -----------------------------------------------------------------------------------------

    def holding(self, node: int) -> list[int]:
        """Return the layers that hold an entry at a node, ascending."""
        directory, name = split(self.path(node))
        found = []
        for number, index in enumerate(self.overlay.layers):
            own = index.children.get(directory, {}).get(name)
            if own is not None and own >= 0:
                found.append(number)
        return found
