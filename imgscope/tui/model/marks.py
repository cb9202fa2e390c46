"""How a path of one tree stands to another tree."""

from __future__ import annotations

from enum import IntEnum


class Mark(IntEnum):
    """What became of a path. ``ABSENT`` is in neither tree; the numbers are bytes of a view's column.

    ``DEAD`` is in neither tree too, but some layer below stores it: shown where that is asked for.
    """

    ABSENT = 0
    UNCHANGED = 1
    ADDED = 2
    MODIFIED = 3
    METADATA_ONLY = 4
    REWRITTEN = 5
    REMOVED = 6
    TYPE_CHANGED = 7
    MOVED = 8
    UNREAD = 9
    DEAD = 10

    @property
    def sign(self) -> str:
        """One character that tells the mark without colour."""
        return SIGNS[self]

    @property
    def word(self) -> str:
        """The mark's name as people read it."""
        return WORDS[self]


SIGNS = (" ", " ", "+", "~", "m", "=", "-", "!", ">", "?", "x")
WORDS = (
    "absent",
    "unchanged",
    "added",
    "modified",
    "metadata only",
    "rewritten",
    "removed",
    "type changed",
    "moved",
    "not compared",
    "dead",
)
# What a layer does to the tree below it, and how the trees of two images differ.
LAYER_CHANGES = (Mark.ADDED, Mark.MODIFIED, Mark.METADATA_ONLY, Mark.REWRITTEN, Mark.REMOVED)
IMAGE_CHANGES = (
    Mark.ADDED,
    Mark.REMOVED,
    Mark.MODIFIED,
    Mark.TYPE_CHANGED,
    Mark.MOVED,
    Mark.METADATA_ONLY,
    Mark.UNREAD,
)
CHANGES = tuple(mark for mark in Mark if mark not in (Mark.ABSENT, Mark.UNCHANGED, Mark.DEAD))


def table(marks: object) -> bytes:
    """Return a table for ``bytes.translate`` that maps the given marks to 1 and all else to 0."""
    wanted = set(marks) if isinstance(marks, (set, frozenset, tuple, list)) else {marks}
    return bytes(number in wanted for number in range(256))
