"""Where a symbolic link leads within the tree that is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from ...layer.index import SYMLINK
from .columns import Columns
from .pair import PairPaths, PairView
from .paths import Paths
from .views import View

# As many links as Linux follows on the way to one file.
_MOST = 40


class Target(NamedTuple):
    """What a link leads to: its node, -1 if there is none; and why there is none."""

    node: int
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """The symbolic links of a tree: what a node's says (``None`` where it is none), and whether the tree has a node."""

    paths: Columns
    said: Callable[[int], bytes | None]
    there: Callable[[int], bool]

    def target(self, node: int) -> str | None:
        """Return what a link says (as bytes that are no UTF-8 read: with surrogates); ``None`` of all else."""
        said = self.said(node)
        return None if said is None else said.decode("utf-8", "surrogateescape")

    def follow(self, node: int) -> Target:
        """Follow a symbolic link to its end, from folder to folder, with the image's root as the root."""
        paths, said = self.paths, self.said(node)
        if said is None:
            return Target(-1, "it is no symbolic link")
        here = paths.path(node).split(b"/")[:-1]
        todo = said.split(b"/")[::-1]
        if said.startswith(b"/"):
            here = []
        hops = 1
        while todo:
            part = todo.pop()
            if part in (b"", b"."):
                continue
            if part == b"..":
                here = here[:-1]
                continue
            path = b"/".join([*here, part])
            found = paths.find(path)
            if found < 0 or not self.there(found):
                return Target(-1, f"there is no /{path.decode('utf-8', 'surrogateescape')}")
            further = self.said(found)
            if further is None:
                here.append(part)
                continue
            hops += 1
            if hops > _MOST:
                return Target(-1, "it leads round in a circle")
            if further.startswith(b"/"):
                here = []
            todo += further.split(b"/")[::-1]
        return Target(paths.find(b"/".join(here))) if here else Target(-1, "it leads to the root folder")


def links_of(paths: Paths, view: View) -> Links:
    """Return the links of a layer's tree."""
    overlay = paths.overlay

    def said(node: int) -> bytes | None:
        entry = view.entry(node)
        if overlay.kinds[entry] != SYMLINK:
            return None
        layer, own = overlay.locate(entry)
        return overlay.layers[layer].links.get(own)

    return Links(paths, said, lambda node: view.entries[node] != paths.absent)


def links_beside(paths: PairPaths, view: PairView, node: int) -> Links:
    """Return the links of the image that ``node`` is shown of: NEW, or OLD where NEW does not have it."""
    number = int(view.has(node)[1])
    side, column, absent = paths.sides[number], (paths.before, paths.after)[number], paths.absent[number]

    def said(node: int) -> bytes | None:
        entry = column[node]
        return side.link(entry) if side.overlay.kind(entry) == SYMLINK else None

    return Links(paths, said, lambda node: column[node] != absent)
