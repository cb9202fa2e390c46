"""Counts each stored byte for one finding only, so that the total is what all fixes together save."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from ..layer.index import FILE
from ..overlay.merge import NO_ENTRY
from .model import Claim

if TYPE_CHECKING:
    from ..overlay.merge import Overlay


class Ledger:
    """Which bytes of an image are claimed by now.

    The bytes of hard links go only with the last name: a claim gets them when all of an inode's names are claimed.
    """

    def __init__(self, overlay: Overlay) -> None:
        """Begin with nothing claimed."""
        self._overlay = overlay
        self._taken: dict[int, int] = {}
        self._names_left: dict[int, set[int]] = {}

    def alone(self, claims: Iterable[Claim]) -> dict[Claim, int]:
        """Return the bytes that each claim would save if nothing else were claimed."""
        return self._count(claims, {}, {})

    def take(self, claims: Iterable[Claim]) -> dict[Claim, int]:
        """Claim bytes, and return those that each claim gets: what nobody claimed before."""
        return self._count(claims, self._taken, self._names_left)

    def _count(
        self, claims: Iterable[Claim], taken: dict[int, int], names_left: dict[int, set[int]]
    ) -> dict[Claim, int]:
        overlay = self._overlay
        found: dict[Claim, int] = {}
        for claim in claims:
            inode = overlay.inode(claim.entry)
            if inode == NO_ENTRY or overlay.kind(inode) != FILE:
                continue
            names = self.names.get(inode)
            if names is not None:
                left = names_left.setdefault(inode, set(names))
                left.discard(claim.entry)
                if left and claim.bytes is None:
                    continue
            whole = overlay.sizes[inode]
            before = taken.get(inode, 0)
            gets = min(whole if claim.bytes is None else claim.bytes, whole - before)
            if gets > 0:
                taken[inode] = before + gets
                found[claim] = gets
        return found

    @cached_property
    def names(self) -> dict[int, set[int]]:
        """Entries that share an inode's content, for inodes with more than one name."""
        overlay = self._overlay
        found: dict[int, set[int]] = {}
        for first, layer in zip(overlay.first, overlay.layers, strict=True):
            for link, target in layer.inodes.items():
                found.setdefault(first + target, {first + target}).add(first + link)
        for link, inode in overlay.across.items():
            if inode != NO_ENTRY:
                found.setdefault(inode, {inode}).add(link)
        return found
