"""Compares two entries, of one image or of two: the one judge of what is the same.

The words: ``type``, or ``content``, ``target`` or ``device`` for what an entry is; ``mode``, ``owner``, ``mtime``,
``xattrs`` and ``links`` for its metadata. Of a directory that no entry describes (mode 755, owned by root) there is no
time. Linux keeps no mode of a symlink.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..layer.index import DIRECTORY, FILE, HARDLINK, SYMLINK, SYMLINK_MODE
from .merge import NO_ENTRY

if TYPE_CHECKING:
    from .merge import Overlay


class Entries:
    """One overlay's entries, as they are compared. What takes an ``inode`` takes what ``Entries.inode`` returns."""

    def __init__(self, overlay: Overlay) -> None:
        """Compare entries of ``overlay``."""
        self.overlay = overlay
        self._link_counts: dict[int, dict[int, int]] = {}

    def inode(self, entry: int) -> int:
        """Return the entry whose content and metadata a name shows; a dangling hard link stands for itself."""
        inode = self.overlay.inode(entry)
        return entry if inode == NO_ENTRY else inode

    def meta(self, inode: int) -> tuple[int, int, int]:
        """Return an inode's mode, uid and gid."""
        meta = self.overlay.meta(inode)
        return (SYMLINK_MODE, *meta[1:]) if self.overlay.kinds[inode] == SYMLINK else meta

    def link_count(self, layer: int, own: int) -> int:
        """Return how many names a layer's own entry has in that layer."""
        index = self.overlay.layers[layer]
        if not index.inodes:
            return 1
        counts = self._link_counts.get(layer)
        if counts is None:
            counts = self._link_counts[layer] = {}
            repeated = {entry for _, _, entry in index.repeated}
            for link, inode in index.inodes.items():
                counts[inode] = counts.get(inode, inode not in repeated) + (link not in repeated)
        return counts.get(own, 1)

    def content_differs(self, a: int, other: Entries, b: int) -> str | None:
        """Return the word for how two inodes are other things; empty: they are not, ``None``: their bytes decide."""
        kind = self.overlay.kinds[a]
        if kind != other.overlay.kinds[b]:
            return "type"
        if kind == FILE:
            size = self.overlay.sizes[a]
            if size != other.overlay.sizes[b]:
                return "content"
            return None if size and (a != b or self is not other) else ""
        if kind in (SYMLINK, HARDLINK):
            return "target" if self.overlay.link(a) != other.overlay.link(b) else ""
        return "device" if kind != DIRECTORY and self.overlay.device(a) != other.overlay.device(b) else ""

    def metadata_differs(self, a: int, other: Entries, b: int, *, links: bool) -> list[str]:
        """Name what differs of the metadata of two inodes; with ``links`` the number of names in their layers too."""
        words: list[str] = []
        mine, theirs = self.meta(a), other.meta(b)
        if mine != theirs:
            if mine[0] != theirs[0]:
                words.append("mode")
            if mine[1:] != theirs[1:]:
                words.append("owner")
        (layer_a, own_a), (layer_b, own_b) = self.overlay.locate(a), other.overlay.locate(b)
        one, two = self.overlay.layers[layer_a], other.overlay.layers[layer_b]
        if own_a >= 0 <= own_b and one.mtimes[own_a] != two.mtimes[own_b]:
            words.append("mtime")
        if (one.xattrs.get(own_a) or None) != (two.xattrs.get(own_b) or None):
            words.append("xattrs")
        if links and self.link_count(layer_a, own_a) != other.link_count(layer_b, own_b):
            words.append("links")
        return words


def compare_entries(entries: Entries, old: int, new: int, same_content: bool | None) -> tuple[str, ...]:
    """Name all that differs between two entries of one image, what they are first.

    ``same_content`` tells whether the bytes of two files of equal size are; where it is not known (``None``) they count
    as other ones.
    """
    a, b = entries.inode(old), entries.inode(new)
    if a == b:
        return ()
    word = entries.content_differs(a, entries, b)
    if word is None:
        word = "" if same_content else "content"
    words = entries.metadata_differs(a, entries, b, links=True)
    return (word, *words) if word else tuple(words)
