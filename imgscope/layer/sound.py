"""Tells whether an index that was read back can be one: every number in it is looked up by somebody later."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from . import codec
from .index import DIRECTORY, HARDLINK, IMPLIED, NOT_ALL, SYMLINK, TYPE_NAMES, LayerIndex

_MOST = (1 << 63) - 1
UNSOUND = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading back may raise for bytes that nobody wrote so."""


def restored(data: bytes) -> LayerIndex | None:
    """Return the index that was kept as bytes; ``None`` for bytes that are none."""
    try:
        index = codec.decode(data)
        check(index)
    except UNSOUND:
        return None
    return index


def check(index: LayerIndex) -> None:
    """Raise ``ValueError`` or ``TypeError`` for an index whose parts do not fit one another.

    Columns are looked at as a whole; of the tree each directory is, and of rare things each one.
    """
    count = len(index.kinds)
    _within("kinds", index.kinds, 0, len(TYPE_NAMES))
    for column in (index.sizes, index.offsets):
        _within("sizes", column, 0, _MOST)
    for numbers in (
        index.links,
        index.inodes,
        index.inodes.values(),
        index.xattrs,
        index.devices,
        index.sparse,
        index.kept,
        index.parts,
        index.judged,
        index.claims,
        index.elf,
        [entry for _, _, entry in index.repeated],
    ):
        _within("entries", numbers, 0, count)
    _within("entries", index.heads, NOT_ALL, count)
    _links(index)
    _tree(index)
    _within("owners", (number for row in index.meta_table for number in row), -_MOST, _MOST)
    _within("markers", (number for one in index.markers for number in (one.kind, one.size, one.meta)), -_MOST, _MOST)
    _within("claims", (number for flag, size, _ in index.claims.values() for number in (flag, size)), -_MOST, _MOST)
    _within("figures", (index.tar_bytes, index.members, *index.costs.values()), 0, _MOST)
    _within("devices", (number for pair in index.devices.values() for number in pair), -_MOST, _MOST)
    _within("places", (offset for parts in index.parts.values() for offset, _ in parts), 0, _MOST)
    _within("kinds of secrets", (number for proofs, _ in index.judged.values() for number in proofs), 0, 1 << 10)
    _sparse(index.sparse.values())
    texts = [*index.notes, *(text for _, text in index.judged.values() if text is not None)]
    if not isinstance(index.notes, list) or not isinstance(index.odd, bool) or {*map(type, texts)} - {str}:
        raise TypeError("texts that are none")


def _within(what: str, numbers: Iterable[int], least: int, most: int) -> None:
    """Raise for numbers that are none, or out of bounds (``most`` is too much)."""
    if not isinstance(numbers, (bytearray, array)):
        numbers = list(numbers)
        if {*map(type, numbers)} - {int}:
            raise TypeError(f"{what} that are no numbers")
    if numbers and not least <= min(numbers) <= max(numbers) < most:
        raise ValueError(f"{what} out of bounds")


def _links(index: LayerIndex) -> None:
    kinds = index.kinds
    if kinds.count(SYMLINK) + kinds.count(HARDLINK) != len(index.links):
        raise ValueError("links without a target")
    if not {kinds[entry] for entry in index.links} <= {SYMLINK, HARDLINK}:
        raise ValueError("targets of what is no link")
    if index.inodes and not (
        {kinds[entry] for entry in index.inodes} == {HARDLINK} and index.inodes.keys().isdisjoint(index.inodes.values())
    ):
        raise ValueError("links that lead in circles")


def _tree(index: LayerIndex) -> None:
    children, kinds = index.children, index.kinds
    for directory in children:
        if directory:
            parent, _, name = directory.rpartition(b"/")
            entry = children[parent][name]
            if entry != IMPLIED and kinds[entry] != DIRECTORY:
                raise ValueError("a file with files in it")


def _sparse(maps: Iterable[Sequence[int]]) -> None:
    for numbers in maps:
        if len(numbers) % 2:
            raise ValueError("half a piece of a sparse file")
        _within("pieces", numbers, 0, _MOST)
