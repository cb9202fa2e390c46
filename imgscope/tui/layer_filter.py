"""The filter of an image's tree: how much it finds in the layer that is shown, and where else there is something."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from ..report.sizes import quantity, size
from .browser import Browser
from .layers.pane import LayersPane
from .model.bits import Part, both
from .model.elsewhere import FilterHits, look, nearest
from .model.filter import Query
from .model.marks import Mark, table
from .model.paths import Paths
from .model.rows import Rows
from .model.views import View


class LayerFilter(Browser):
    """A tree that differs from layer to layer."""

    paths: Paths | None

    def __init__(self) -> None:
        """Filter nothing yet."""
        super().__init__()
        self.base: int | None = None
        """Layer that is compared with, ``None`` for the one below the selected."""
        self._elsewhere: tuple[int, Sequence[int], bool] | None = None
        """Where the filter, which finds nothing here, finds something: the layer, what, and whether it is removed."""
        self._found_for: Query | None = None
        self._found: list[FilterHits] = []
        self._everywhere = 0

    @property
    def layer_pane(self) -> LayersPane:
        """The list of layers."""
        return self.query_one("#layers", LayersPane)

    @property
    def view(self) -> View | None:
        """The tree that is shown."""
        view = self.rows.view if self.rows is not None else None
        assert view is None or isinstance(view, View)
        return view

    def show_layer(self) -> None:
        """Show the tree of the selected layer; cursor and open folders stay where they are."""
        raise NotImplementedError

    def matched_words(self, rows: Rows, matches: bytearray) -> str:
        """Write how much the filter finds, in paths and content bytes; what is removed is told apart."""
        view, part = self.view, rows.part
        if view is None or part is None:
            return super().matched_words(rows, matches)
        gone = rows.count(matches, Mark.REMOVED)
        live = rows.count(matches) - gone
        held = size(part.held(view.sizes, 0, len(matches)))
        words = f"{quantity(live, 'match', 'matches')}, {held}" if live or not gone else ""
        if gone:
            removed = Part(both(matches, view.marks.translate(table(Mark.REMOVED))))
            lost = size(removed.held(view.sizes_before, 0, len(matches)))
            words += f"{' · ' if live else ''}{gone:,} removed, {lost}"
        return words

    def tell_elsewhere(self) -> None:
        """Say what the filter finds in other layers: where to go if there is nothing here, else how much."""
        self._elsewhere = None
        rows, paths, view = self.rows, self.paths, self.view
        if rows is None or paths is None or view is None or rows.matches is None or self.wanted is None:
            return
        if self._found_for is not self.wanted:
            terms = self.wanted.terms
            column = terms.column(paths.overlay, paths.created) if terms is not None else None
            self._found_for, self._found = self.wanted, look(paths, self.named, column)
            self._everywhere = len(set(chain.from_iterable(one.brought for one in self._found)))
        here = rows.count(rows.matches)
        if here:
            more = self._everywhere - here
            if more > 0:
                self.filter_bar.tell(f"{self.matched_words(rows, rows.matches)} · {more:,} more in other layers")
            return
        self._elsewhere = nearest(self._found, view.layer)
        if self._elsewhere is not None:
            layer, nodes, gone = self._elsewhere
            self.filter_bar.tell(
                f"0 here; {len(nodes):,}{' removed' if gone else ''} in layer {layer}: Enter goes there"
            )

    def go_elsewhere(self) -> bool:
        """Where nothing matches here, go to the layer where something does."""
        if self._elsewhere is None:
            return False
        layer, nodes, _ = self._elsewhere
        self.base = None
        self.layer_pane.compare_from(None)
        self.layer_pane.cursor = layer
        # At once, not when the list of layers tells that its cursor moved.
        self.show_layer()
        if self.rows is not None:
            self.rows.open_matches()
        self.go_to(nodes[0], "The path is hidden: see what is filtered out.")
        return True
