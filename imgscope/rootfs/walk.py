"""Follows paths of a merged tree as a kernel does: the one follower of links that everything shares.

Follows path_resolution(7): components from the left, a symlink's target in place of the link, ``..`` from wherever the
walk really is, no more than 40 links on the way; the tree's root is the root, above which nothing leads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..layer.index import DIRECTORY, HARDLINK, SYMLINK
from ..overlay.merge import NO_ENTRY
from ..paths import join, split

if TYPE_CHECKING:
    from ..overlay.merge import Overlay

MAX_LINKS = 40
# Components of links' targets that one walker goes through in all: an image may have any number of long links.
MAX_STEPS = 4_000_000

MISSING, LOOP, NO_DIRECTORY = "missing", "loop", "no directory"
"""Why a path leads nowhere: a name that is not there, too many links, a name below what is not a directory."""


Child = Callable[[bytes, bytes], "int | None"]
"""Gives the global entry of a name in a directory, ``NO_ENTRY`` for a directory that no layer names."""


class Walked(NamedTuple):
    """Where a path leads: ``path`` without links, and the entry that the merged tree has there.

    ``links`` are the symlinks that were followed, by their own paths without links. With ``trouble`` the path leads
    nowhere, and ``path`` is where the walk ends. The root's entry is that of a directory that no layer names.
    """

    path: bytes
    entry: int
    links: tuple[bytes, ...] = ()
    trouble: str = ""


class Walker:
    """Walks one merged tree."""

    def __init__(self, overlay: Overlay, child: Child | None = None) -> None:
        """Walk ``overlay``'s tree, or what ``child`` says of its entries."""
        self._overlay = overlay
        self._child = child or self._shown
        self._steps = MAX_STEPS

    def _shown(self, directory: bytes, name: bytes) -> int | None:
        return self._overlay.tree.get(directory, {}).get(name)

    def walk(self, path: bytes, *, last: bool = True) -> Walked:
        """Follow a path from the root; its last name too, if that is a link, unless ``last`` is off."""
        overlay = self._overlay
        pending = _parts(path)
        here, entry, kind = b"", NO_ENTRY, DIRECTORY
        links: list[bytes] = []
        while pending:
            if kind != DIRECTORY:
                return Walked(here, entry, tuple(links), NO_DIRECTORY)
            part = pending.pop()
            if part == b".":
                continue
            if part == b"..":
                here = split(here)[0]
                found = self._child(*split(here)) if here else NO_ENTRY
                entry = NO_ENTRY if found is None else found
                continue
            at = join(here, part)
            found = self._child(here, part)
            if found is None:
                return Walked(at, NO_ENTRY, tuple(links), MISSING)
            kind = kind_of(overlay, found)
            if kind == SYMLINK and (last or pending):
                links.append(at)
                target = overlay.link(overlay.inode(found)) or b""
                more = _parts(target)
                self._steps -= len(more)
                if len(links) > MAX_LINKS or self._steps < 0:
                    return Walked(at, found, tuple(links), LOOP)
                if not target:
                    return Walked(at, NO_ENTRY, tuple(links), MISSING)
                pending += more
                kind = DIRECTORY
                if target[:1] == b"/":
                    here, entry = b"", NO_ENTRY
                continue
            here, entry = at, found
        return Walked(here, entry, tuple(links))


def kind_of(overlay: Overlay, entry: int) -> int:
    """Return the kind of what a name stands for: a hard link's is its inode's, ``HARDLINK`` where that is nowhere."""
    inode = overlay.inode(entry)
    return HARDLINK if inode == NO_ENTRY and entry >= 0 else overlay.kind(inode)


def _parts(path: bytes) -> list[bytes]:
    """Return the components of a path, last first; a slash at its end asks for a directory, as ``/.`` does."""
    parts = [part for part in path.split(b"/") if part]
    return [*parts, b"."][::-1] if path.endswith(b"/") and parts else parts[::-1]
