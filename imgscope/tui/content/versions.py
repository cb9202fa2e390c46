"""Which layers hold a file's content, and which of them the tree shows."""

from __future__ import annotations

from typing import NamedTuple

from ...analysis import Analysis
from ...errors import UsageError
from ...escape import escape
from ...layer.index import DIRECTORY, FILE, SYMLINK, TYPE_NAMES
from ...overlay.merge import NO_ENTRY
from ...paths import internal
from ..model.paths import Paths
from ..model.views import View


class Held(NamedTuple):
    """A file, the layers that hold content of it, and the one whose content the tree shows."""

    path: str
    layers: list[int]
    shown: int


def held(analysis: Analysis, paths: Paths, view: View, path: str) -> Held:
    """Return who holds a file, or that which a link leads to.

    Raises ``ImgscopeError`` for a link that leads nowhere, and for what has no content.
    """
    overlay = paths.overlay
    node = paths.find(internal(path))
    if node >= 0 and overlay.kinds[view.entry(node)] == SYMLINK:
        path = analysis.resolve(path).path
        node = paths.find(internal(path))
    directory, _, name = internal(path).rpartition(b"/")
    layers = []
    for number in paths.holding(node):
        inode = overlay.inode(overlay.layers[number].children[directory][name] + overlay.first[number])
        if inode != NO_ENTRY and overlay.kinds[inode] == FILE:
            layers.append(number)
    if not layers:
        kind = overlay.kinds[view.entry(node)] if node >= 0 else DIRECTORY
        raise UsageError(f"{escape(path)} is a {TYPE_NAMES[kind]}: it has no content.")
    shown = overlay.layer_of(view.entry(node))
    return Held(path, layers, shown if shown in layers else layers[-1])


def layer_of_tree(paths: Paths, view: View, node: int, last: int) -> int:
    """Return the layer as of which a path is to be extracted: of one that the tree has no more, one that has it.

    ``last`` is the image's last layer.
    """
    if view.entries[node] != paths.absent:
        return view.layer
    # Removed in the tree that is shown: as it was in the one that has it, or, of waste, where it was stored.
    layers = paths.holding(node)
    return view.base if view.before[node] != paths.absent else layers[-1] if layers else last
