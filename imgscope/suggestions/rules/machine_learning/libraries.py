"""The large files of an image, the shared objects among them: found once for the rules that ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....layer.index import FILE
from ....paths import join, split
from ...once import once

if TYPE_CHECKING:
    from ...context import Context

LARGE = 256 << 10
"""A library smaller than this is not told: copies of those are many and cost nothing."""


@once
def large_files(context: Context) -> list[tuple[bytes, int]]:
    """Return (path, global entry) of the regular files that are not small that the merged tree shows, by path."""
    overlay = context.overlay
    kinds = overlay.kinds
    large = {entry for entry, size in enumerate(overlay.sizes) if size >= LARGE and kinds[entry] == FILE}
    return sorted(
        (join(directory, name), entry)
        for directory, names in overlay.tree.items()
        if not large.isdisjoint(names.values())
        for name, entry in names.items()
        if entry in large
    )


@once
def large_libraries(context: Context) -> dict[int, bytes]:
    """Return the paths of shared objects that are not small that the merged tree shows, by global entry.

    One that has several names is there once. In the order of their paths.
    """
    found: dict[int, bytes] = {}
    for path, entry in large_files(context):
        if b".so" in split(path)[1]:
            found.setdefault(entry, path)
    return found
