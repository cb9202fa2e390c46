"""What one layer alone holds, while others are still read: its own files, before anything is stacked."""

from __future__ import annotations

from ...analysis import Body
from ...layer.index import LayerIndex
from ...overlay.changes import Comparison
from ...overlay.merge import Overlay
from ...report.sizes import quantity, size
from ..model.marks import Mark
from ..model.paths import Paths
from ..model.rows import Rows
from ..model.views import NOTHING, Views
from .layer_tree import LayerTreePane

# What it did to the layers below it is not known yet, so nothing is marked.
_UNMARKED = bytes([Mark.ABSENT]) + bytes([Mark.UNCHANGED]) * 255


def laid_out(index: LayerIndex, lines: int) -> tuple[Paths, Rows]:
    """Return the paths of a layer that stands alone, and their rows, of which some ``lines`` are open."""
    overlay = Overlay([index])
    paths = Paths(Body(overlay, Comparison(overlay, None)))
    view = Views(paths).get(NOTHING, 0)
    view.marks = view.marks.translate(_UNMARKED)
    rows = Rows(paths)
    rows.show(view)
    rows.open_largest(lines)
    return paths, rows


def described(index: LayerIndex) -> str:
    """Say how much a layer holds, and what it takes away from those below it."""
    words = f"{size(index.content_bytes)} in {quantity(len(index), 'entry', 'entries')}"
    removed = len(index.whiteouts) + len(index.opaques)
    return f"{words} · removes {quantity(removed, 'path')} of lower layers" if removed else words


class OneLayerPane(LayerTreePane):
    """The tree of one layer alone."""

    def _choose(self, width: int) -> frozenset[str]:
        # What is wasted shows only once all layers are read.
        return super()._choose(width) - {"wasted"}
