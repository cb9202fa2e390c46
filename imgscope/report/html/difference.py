"""The columns of the map of two images: every path that either has, with its content bytes in both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...escape import escape
from ...layer.index import DIRECTORY
from ...paths import join
from .tree import live_size

if TYPE_CHECKING:
    from ...differences.model import Difference
    from ...tree import Tree

# A row of the column of kinds: a character each; equal paths are a dot.
KINDS = {
    "added": "a",
    "removed": "r",
    "changed": "c",
    "type_changed": "t",
    "moved": "m",
    "metadata_only": "p",
    "unread": "u",
}


def columns(difference: Difference) -> dict[str, Any]:
    """Return the nodes in preorder; paths without bytes in either image, where nothing differs, are left out."""
    kinds = {row.path: KINDS[row.kind] for row in difference.files}
    names, depths, types, kind_of, before, after = [""], [0], ["d"], ["."], [0], [0]
    for path, name, depth, folder, old, new in _walk(difference.old.files.tree, difference.new.files.tree):
        kind = kinds.get("/" + path.decode("utf-8", "surrogateescape"), ".")
        if not (folder or old or new or kind != "."):
            continue
        names.append(escape(name.decode("utf-8", "surrogateescape")))
        depths.append(depth)
        types.append("d" if folder else "f")
        kind_of.append(kind)
        before.append(old)
        after.append(new)
    return {
        "names": "\n".join(names),
        "depths": depths,
        "types": "".join(types),
        "kinds": "".join(kind_of),
        "before": before,
        "after": after,
    }


Step = tuple[bytes, bytes, int, bool, int, int]


def _walk(old: Tree, new: Tree) -> Iterator[Step]:
    """Yield (path, name, depth, is a directory in either, bytes before, bytes after), in preorder."""
    one, two = old.overlay, new.overlay

    def steps(directory: bytes, depth: int) -> Iterator[Step]:
        was, now = one.tree.get(directory, {}), two.tree.get(directory, {})
        for name in sorted({*was, *now}):
            first, second = was.get(name), now.get(name)
            folder = any(
                entry is not None and overlay.kinds[entry] == DIRECTORY
                for overlay, entry in ((one, first), (two, second))
            )
            before = 0 if first is None else live_size(old, first)
            after = 0 if second is None else live_size(new, second)
            yield join(directory, name), name, depth, folder, before, after

    stack = [steps(b"", 1)]
    while stack:
        for step in stack[-1]:
            yield step
            if step[3]:
                stack.append(steps(step[0], step[2] + 1))
                break
        else:
            stack.pop()
