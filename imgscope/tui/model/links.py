"""Where a symbolic link leads within the tree that is shown."""

from __future__ import annotations

from typing import NamedTuple

from ...layer.index import SYMLINK
from .paths import Paths
from .views import View

# As many links as Linux follows on the way to one file.
_MOST = 40


class Target(NamedTuple):
    """What a link leads to: its node, -1 if there is none; and why there is none."""

    node: int
    wrong: str = ""


def target(paths: Paths, view: View, node: int) -> str | None:
    """Return what a symbolic link says (as bytes that are no UTF-8 read: with surrogates); ``None`` of all else."""
    said = _said(paths, view, node)
    return None if said is None else said.decode("utf-8", "surrogateescape")


def follow(paths: Paths, view: View, node: int) -> Target:
    """Follow a symbolic link to its end, from folder to folder, with the image's root as the root."""
    said = _said(paths, view, node)
    if said is None:
        return Target(-1, "it is no symbolic link")
    here = paths.path(node).split(b"/")[:-1]
    todo = said.split(b"/")[::-1]
    if said.startswith(b"/"):
        here = []
    hops, found = 1, -1
    while todo:
        part = todo.pop()
        if part in (b"", b"."):
            continue
        if part == b"..":
            here = here[:-1]
            continue
        path = b"/".join([*here, part])
        found = paths.find(path)
        if found < 0 or view.entries[found] == paths.absent:
            return Target(-1, f"there is no /{path.decode('utf-8', 'surrogateescape')}")
        further = _said(paths, view, found)
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


def _said(paths: Paths, view: View, node: int) -> bytes | None:
    entry = view.entry(node)
    if paths.overlay.kinds[entry] != SYMLINK:
        return None
    layer, own = paths.overlay.locate(entry)
    return paths.overlay.layers[layer].links.get(own)
