"""Writes what the tree shows as JSON or Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from ..layer.index import IMPLIED, IMPLIED_META, TYPE_NAMES
from ..paths import public
from ..report.markdown import code, table
from ..report.portable import dumps, dumps_row
from ..report.sizes import size
from .model.marks import Mark
from .model.paths import Paths
from .model.rows import Rows
from .model.views import View

FORMATS = ("json", "markdown")


SCHEMA_VERSION = 1


def rows_of(rows: Rows) -> Iterator[dict[str, object]]:
    """Yield a plain value for each line of the tree, in its order; sizes in bytes, folders' with all in them."""
    view, paths = rows.view, rows.paths
    assert isinstance(view, View)
    assert isinstance(paths, Paths)
    overlay = paths.overlay
    for node in rows.nodes:
        entry = view.entry(node)
        layer, own = overlay.locate(entry)
        index = overlay.layers[layer]
        mode, uid, gid = IMPLIED_META if own == IMPLIED else index.meta_table[index.metas[own]]
        yield {
            "path": public(paths.path(node)),
            "type": TYPE_NAMES[overlay.kinds[entry]],
            "change": Mark(view.marks[node]).name.lower(),
            "size": view.size(node),
            "wasted_bytes": paths.wasted[paths.end[node]] - paths.wasted[node],
            "mode": mode,
            "uid": uid,
            "gid": gid,
            "layer": layer,
        }


def render(rows: Rows, reference: str, form: str) -> Iterator[bytes]:
    """Yield the lines of the tree as ``json`` or ``markdown``."""
    view = rows.view
    assert isinstance(view, View)
    if form == "json":
        base = view.base if view.base >= 0 else None
        where = {"layer": view.layer, "compared_with_layer": base}
        head = {"schema_version": SCHEMA_VERSION, "reference": reference, **where}
        yield dumps(head, indent=None)[:-1] + b', "paths": [\n'
        for number, row in enumerate(rows_of(rows)):
            yield (b",\n" if number else b"") + dumps_row(row)
        yield b"\n]}\n"
        return
    columns = (("", False), ("Path", False), ("Size", True), ("Wasted", True), ("Layer", True))
    cells = (
        (
            Mark[str(row["change"]).upper()].sign,
            code(str(row["path"])),
            size(int(str(row["size"]))),
            size(int(str(row["wasted_bytes"]))),
            str(row["layer"]),
        )
        for row in rows_of(rows)
    )
    for line in chain((f"# {code(reference)}, layer {view.layer}", ""), table(columns, cells)):
        yield line.encode() + b"\n"
