"""The columns of the map: every path of the merged tree, and every wasted copy as a ghost at the path that it had.

Nodes stand in preorder, the names of a directory sorted by their bytes, live before dead; so their depths tell the
tree. Sizes are content bytes: those of live nodes add up to the merged bytes, those of ghosts to the wasted ones.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ...escape import escape
from ...layer.index import DIRECTORY, FILE, HARDLINK, SYMLINK
from ...overlay.changes import WASTE_REASONS
from ...paths import join, split

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ...tree import Tree

# How a node's type is written in the column of types: a character each.
_TYPES = {DIRECTORY: "d", FILE: "f", SYMLINK: "l", HARDLINK: "h"}
_DAY_NS = 86_400 * 10**9


class Ghost(NamedTuple):
    """A wasted copy: its entry, its bytes, the layer that made it waste, and why."""

    entry: int
    bytes: int
    by: int
    reason: str


@dataclass(slots=True)
class Nodes:
    """An image's nodes, as columns; ``number_of`` finds the node of an inode's global entry."""

    names: list[str] = field(default_factory=lambda: [""])
    depths: array[int] = field(default_factory=lambda: array("l", [0]))
    types: list[str] = field(default_factory=lambda: ["d"])
    sizes: array[int] = field(default_factory=lambda: array("q", [0]))
    layers: array[int] = field(default_factory=lambda: array("l", [0]))
    days: array[int] = field(default_factory=lambda: array("l", [0]))
    packages: array[int] = field(default_factory=lambda: array("l", [-1]))
    ghosts: dict[int, Ghost] = field(default_factory=dict)
    number_of: dict[int, int] = field(default_factory=dict)

    def add(self, name: str, depth: int, type_: str, size: int, layer: int, day: int, package: int) -> int:
        """Append a node and return its number."""
        self.names.append(name)
        self.depths.append(depth)
        self.types.append(type_)
        self.sizes.append(size)
        self.layers.append(layer)
        self.days.append(day)
        self.packages.append(package)
        return len(self.names) - 1

    def columns(self) -> dict[str, Any]:
        """Return the columns as JSON takes them; ghosts by the numbers of their nodes."""
        return {
            "names": "\n".join(self.names),
            "depths": list(self.depths),
            "types": "".join(self.types),
            "sizes": list(self.sizes),
            "layers": list(self.layers),
            "days": list(self.days),
            "packages": list(self.packages),
            "dead": list(self.ghosts),
            "dead_by": [ghost.by for ghost in self.ghosts.values()],
            "dead_why": [ghost.reason for ghost in self.ghosts.values()],
        }


def live_size(tree: Tree, entry: int) -> int:
    """Return the content bytes that a path of the merged tree counts for."""
    overlay = tree.overlay
    inode = tree.promoted.get(entry, entry)
    return overlay.sizes[inode] if overlay.kinds[inode] == FILE else 0


def ghosts_of(analysis: Analysis) -> dict[bytes, dict[bytes, list[Ghost]]]:
    """Return every wasted copy, by directory and name."""
    overlay, kinds = analysis.body.overlay, analysis.body.comparison.kinds
    hidden = overlay.hidden
    found: dict[bytes, dict[bytes, list[Ghost]]] = {}
    for row, wasted in enumerate(hidden.wasted):
        if wasted:
            directory, name = split(overlay.waste_path(row))
            entry = overlay.inode(hidden.entries[row])
            ghost = Ghost(entry, wasted, hidden.by[row], WASTE_REASONS[kinds[row]])
            found.setdefault(directory, {}).setdefault(name, []).append(ghost)
    for names in found.values():
        for rows in names.values():
            rows.sort(key=lambda ghost: (overlay.layer_of(ghost.entry), ghost))
    return found


def nodes_of(analysis: Analysis, owners: Mapping[bytes, int]) -> Nodes:
    """Make the nodes of an image; ``owners`` maps paths to the numbers of their packages."""
    tree = analysis.files.tree
    overlay = tree.overlay
    nodes = Nodes()
    for path, name, depth, entry, ghosts in _walk(overlay.tree, ghosts_of(analysis), overlay.kinds):
        shown = escape(name.decode("utf-8", "surrogateescape"))
        if entry is None and not ghosts:
            # A directory that is gone, with ghosts below.
            nodes.add(shown, depth, "d", 0, 0, 0, -1)
            continue
        if entry is not None:
            inode = tree.promoted.get(entry, entry)
            day = overlay.mtime(inode) // _DAY_NS if inode >= 0 else 0
            type_ = _TYPES.get(overlay.kinds[inode], "o")
            size, layer = live_size(tree, entry), overlay.layer_of(inode)
            number = nodes.add(shown, depth, type_, size, layer, day, owners.get(path, -1))
            nodes.number_of[inode] = number
        for ghost in ghosts:
            day = overlay.mtime(ghost.entry) // _DAY_NS
            number = nodes.add(shown, depth, "f", ghost.bytes, overlay.layer_of(ghost.entry), day, -1)
            nodes.ghosts[number] = ghost
            nodes.number_of[ghost.entry] = number
    return nodes


Step = tuple[bytes, bytes, int, int | None, list[Ghost]]


def _walk(
    tree: Mapping[bytes, Mapping[bytes, int]], ghosts: dict[bytes, dict[bytes, list[Ghost]]], kinds: bytearray
) -> Iterator[Step]:
    """Yield (path, name, depth, live entry, ghosts), in preorder; a directory with its name once, ghosts before it."""
    # Directories that are gone, by the one that they lay in.
    gone: dict[bytes, set[bytes]] = {}
    for directory in ghosts:
        while directory:
            above, name = split(directory)
            known = gone.setdefault(above, set())
            if name in known:
                break
            known.add(name)
            directory = above
    nothing: dict[bytes, Any] = {}

    def steps(directory: bytes, depth: int) -> Iterator[tuple[Step, bool]]:
        live, dead, folders = tree.get(directory, nothing), ghosts.get(directory, nothing), gone.get(directory, ())
        for name in sorted({*live, *dead, *folders}) if dead or folders else sorted(live):
            entry, copies = live.get(name), dead.get(name, [])
            below = name in folders or (entry is not None and kinds[entry] == DIRECTORY)
            path = join(directory, name)
            if below and copies:
                yield (path, name, depth, None, copies), False
                copies = []
            if below and entry is not None and kinds[entry] != DIRECTORY:
                # A file where a directory was: the directory is a node of its own.
                yield (path, name, depth, entry, copies), False
                entry, copies = None, []
            yield (path, name, depth, entry, copies), below

    stack = [steps(b"", 1)]
    while stack:
        for step, below in stack[-1]:
            yield step
            if below:
                stack.append(steps(step[0], step[2] + 1))
                break
        else:
            stack.pop()
