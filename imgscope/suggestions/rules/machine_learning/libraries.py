"""The large shared objects of an image, and what all of it shows of them: found once for the rules that ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....layer.index import FILE
from ....paths import join
from ...once import once

if TYPE_CHECKING:
    from ...context import Context

LARGE = 256 << 10
"""A library smaller than this is not told: copies of those are many and cost nothing."""


@once
def large_libraries(context: Context) -> dict[int, bytes]:
    """Return the paths of shared objects that are not small that the merged tree shows, by global entry.

    One that has several names is there once. In the order of their paths.
    """
    overlay = context.overlay
    sizes, kinds = overlay.sizes, overlay.kinds
    found: dict[int, bytes] = {}
    if max(sizes, default=0) < LARGE:
        return found
    paths = [
        (join(directory, name), entry)
        for directory, names in overlay.tree.items()
        for name, entry in names.items()
        if entry >= 0 and sizes[entry] >= LARGE and b".so" in name and kinds[entry] == FILE
    ]
    for path, entry in sorted(paths):
        found.setdefault(entry, path)
    return found
