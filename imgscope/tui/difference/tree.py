"""The tree of two images' paths: sizes before and after, and how each path differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.segment import Segment

from ...differences.model import FileDifference
from ...differences.report.words import signed
from ...escape import escape
from ...layer.index import HARDLINK, SYMLINK
from ..model.marks import Mark
from ..model.pair import PairPaths, PairView
from ..text import shown, size
from ..tree.pane import TreePane


class PairTreePane(TreePane):
    """A line for each path that either image has."""

    by_head: ClassVar[Mapping[str, str]] = {"Delta": "delta", "Before": "size", "After": "size", "Path": "name"}

    def _wide(self, width: int) -> bool:
        """Tell whether there is room for the sizes, beside their difference."""
        return width >= 60

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        sizes = f"{'Before':>8} {'After':>8}  " if self._wide(width) else " "
        return f"  {'Delta':>9} {sizes}  Path"

    def line(self, row: int, width: int) -> list[Segment]:
        """Return what stands on a line."""
        paths, rows = self.paths, self.rows
        assert isinstance(paths, PairPaths)
        assert rows is not None
        view = rows.view
        assert isinstance(view, PairView)
        node = rows.nodes[row]
        before, after = view.both_sizes(node, rows.part)
        had, has = view.has(node)
        quiet = self.part("lines--quiet")
        delta = after - before
        colour = self.part("size--shrunk" if delta < 0 else "size--grown") if delta else quiet
        side = view.shown_side(node)
        entry = view.entry(node)
        kind = side.overlay.kind(entry)
        same = view.marks[node] == Mark.UNCHANGED
        segments = [self.sign(node), Segment(f"{signed(delta) if delta or not same else '.':>9} ", colour)]
        if self._wide(width):
            numbers = (size(before) if had else ".", size(after) if has else ".")
            segments.append(Segment(f"{numbers[0]:>8} {numbers[1]:>8}  ", quiet))
        else:
            segments.append(Segment(" "))
        return self.name_part(segments, node, kind, self._more(paths, node, kind), width)

    def _more(self, paths: PairPaths, node: int, kind: int) -> str:
        """Say what stands after the name: where a link leads, where a file went, what of the metadata differs."""
        row = paths.row_of.get(node)
        view = self.rows.view if self.rows is not None else None
        assert isinstance(view, PairView)
        words = ""
        if kind in (SYMLINK, HARDLINK):
            side = view.shown_side(node)
            target = side.link(view.entry(node))
            if target is not None:
                words = (" → " if kind == SYMLINK else " ⇒ /") + shown(target)
        if row is None:
            return words
        found = paths.files.describe(row)
        if found.kind == "moved" and found.path_before is not None:
            arrived = view.has(node)[1]
            words += f"  ← {escape(found.path_before)}" if arrived else f"  ⇢ {escape(found.path)}"
        elif found.kind == "type_changed":
            words += f"  {found.type_before} → {found.type_after}"
        differs = self._differs(paths, node, found) if self.attributes is not False else []
        # A changed file differs in its content: the mark says so.
        if differs and differs != ["content"]:
            words += "  " + ", ".join(differs)
        return words

    @staticmethod
    def _differs(paths: PairPaths, node: int, found: FileDifference) -> list[str]:
        """Name what differs, modes and owners with their values."""
        row = paths.row_of[node]
        words = [word for word in found.differs if word not in ("type", "mode", "owner")]
        if row.old is None or row.new is None:
            return words
        old, new = (side.meta(side.inode(entry)) for side, entry in zip(paths.sides, (row.old, row.new), strict=True))
        if old[0] != new[0]:
            words.append(f"mode {old[0]:04o} → {new[0]:04o}")
        if old[1:] != new[1:]:
            words.append(f"owner {old[1]}:{old[2]} → {new[1]}:{new[2]}")
        return ["time" if word == "mtime" else word for word in words]
