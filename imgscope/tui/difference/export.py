"""Writes what the tree of a difference shows as JSON or Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from ...differences.report.words import signed
from ...layer.index import TYPE_NAMES
from ...paths import public
from ...report.markdown import code, table
from ...report.portable import dumps, dumps_row
from ..export import SCHEMA_VERSION
from ..files import JSON
from ..model.marks import Mark
from ..model.pair import PairPaths, PairView
from ..model.rows import Rows


def rows_of(rows: Rows) -> Iterator[dict[str, object]]:
    """Yield a plain value for each line of the tree, in its order; sizes in bytes, folders' with all in them."""
    view, paths = rows.view, rows.paths
    assert isinstance(view, PairView)
    assert isinstance(paths, PairPaths)
    for node in rows.nodes:
        before, after = view.both_sizes(node)
        had, has = view.has(node)
        row = paths.row_of.get(node)
        mark = Mark(view.marks[node])
        yield {
            "path": public(paths.path(node)),
            "path_before": None if row is None or row.path_before is None else public(row.path_before),
            "type": TYPE_NAMES[view.shown_side(node).overlay.kind(view.entry(node))],
            "change": "unchanged" if row is None else "changed" if mark is Mark.MODIFIED else mark.name.lower(),
            "size_before": before if had else None,
            "size_after": after if has else None,
            "delta": after - before,
        }


def render(rows: Rows, old: str, new: str, form: str) -> Iterator[bytes]:
    """Yield the lines of the tree as JSON or Markdown."""
    if form == JSON:
        yield dumps({"schema_version": SCHEMA_VERSION, "old": old, "new": new}, indent=None)[:-1] + b', "paths": [\n'
        for number, row in enumerate(rows_of(rows)):
            yield (b",\n" if number else b"") + dumps_row(row)
        yield b"\n]}\n"
        return
    columns = (("", False), ("Path", False), ("Delta", True))
    cells = ((str(row["change"]), code(str(row["path"])), signed(int(str(row["delta"])))) for row in rows_of(rows))
    for line in chain((f"# {code(old)} to {code(new)}", ""), table(columns, cells)):
        yield line.encode() + b"\n"
