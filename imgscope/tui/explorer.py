"""The main screen: the panes, what is selected in them, and what the keys do."""

from __future__ import annotations

import asyncio
import gc
from array import array
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from ..analysis import Analysis
from ..errors import ImgscopeError
from ..escape import escape
from ..layer.names import public
from ..report.sizes import percent, quantity, size
from .details.pane import DetailsPane
from .details.why import WhyPane
from .files import FileActions
from .key_bar import KeyBar
from .keys import FOOTER, actions, identifier, pretty
from .layers.pane import LayersPane
from .model.filter import FilterError, Finder, understand
from .model.marks import Mark
from .model.paths import Paths
from .model.rows import SORTS, Rows
from .model.views import NOTHING, Views
from .text import clip_left, shown
from .tree.filter_bar import FilterBar
from .tree.pane import TreePane
from .tree.path_line import PathLine
from .waste.pane import WastePane
from .widgets import Lines

_PANES = ("layers", "details", "waste", "tree", "why")
_HIDING = {
    "added": (Mark.ADDED,),
    "modified": (Mark.MODIFIED, Mark.METADATA_ONLY, Mark.REWRITTEN),
    "removed": (Mark.REMOVED,),
    "unmodified": (Mark.UNCHANGED,),
}


def _bindings() -> list[BindingType]:
    return [
        Binding(
            key.keys,
            key.name,
            key.words,
            show=False,
            id=identifier(key.name),
        )
        for key in actions()
        if key.keys
    ]


class Explorer(FileActions):
    """Layers, their trees, their waste, and what each path went through."""

    BINDINGS: ClassVar[list[BindingType]] = _bindings()

    def __init__(self, analysis: Analysis, *, open_folders: bool = False) -> None:
        """Explore ``analysis``; ``open_folders`` opens all folders at the start, as dive does."""
        super().__init__()
        self.analysis = analysis
        self.open_folders = open_folders
        self.paths: Paths | None = None
        self.views: Views | None = None
        self.rows: Rows | None = None
        self.finder: Finder | None = None
        self.base: int | None = None
        """Layer that is compared with, ``None`` for the one below the selected."""
        self._opened_before: bytearray | None = None
        self._all_open = open_folders

    def compose(self) -> ComposeResult:
        """Make the panes."""
        yield Static(self._summary(), id="title")
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield LayersPane(self.analysis.layers, id="layers")
                yield DetailsPane(self.analysis, id="details")
                yield WastePane(id="waste")
            with Vertical(id="right"):
                yield TreePane(id="tree")
                yield PathLine(id="path")
                yield FilterBar(id="filter")
                yield WhyPane(id="why")
        by_name = {key.name: key for key in actions()}
        yield KeyBar((pretty(by_name[name].keys.split(",")[0]), by_name[name].short, name) for name in FOOTER)

    def _summary(self) -> Text:
        image = self.analysis.image
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(clip_left(escape(image.reference), 40), style="bold")
        text.append(f"  {quantity(len(self.analysis.layers), 'layer')} · {size(image.content_bytes)} content")
        if image.wasted_bytes:
            share = percent(image.wasted_bytes, image.content_bytes)
            text.append(f" · {size(image.wasted_bytes)} wasted ({share})")
        text.append(f" · {size(image.merged_bytes)} merged")
        text.append(f" · efficiency {percent(image.efficiency)}")
        return text

    # -- the panes ---------------------------------------------------------------------------------------

    @property
    def layer_pane(self) -> LayersPane:
        """The list of layers."""
        return self.query_one("#layers", LayersPane)

    @property
    def tree_pane(self) -> TreePane:
        """The file tree."""
        return self.query_one("#tree", TreePane)

    @property
    def waste_pane(self) -> WastePane:
        """The wasted files."""
        return self.query_one("#waste", WastePane)

    @property
    def filter_bar(self) -> FilterBar:
        """The filter's line."""
        return self.query_one("#filter", FilterBar)

    def on_mount(self) -> None:
        """Show what is known at once; the tree follows."""
        self.layer_pane.border_title = "Layers"
        self.tree_pane.border_title = "Files"
        self.waste_pane.border_title = "Waste"
        self.query_one(PathLine).show("reading the layers…")
        self.query_one(DetailsPane).show_layer(self.layer_pane.cursor)
        self.layer_pane.focus()
        self._build()

    @work(thread=True, exit_on_error=False, group="build")
    def _build(self) -> None:
        """Lay out the paths; the panes can be used meanwhile."""
        try:
            paths = Paths(self.analysis.body)
            views, rows = Views(paths), Rows(paths)
            if self.analysis.layers:
                rows.show(views.get(*self._range(len(self.analysis.layers) - 1)))
            ranked = self.waste_pane.ranked(self.analysis.body)
        except ImgscopeError as error:
            self.app.call_from_thread(self.app.exit, error)
            return
        self.app.call_from_thread(self._built, paths, views, rows, ranked)

    def _built(self, paths: Paths, views: Views, rows: Rows, ranked: array[int]) -> None:
        self.paths, self.views, self.rows = paths, views, rows
        # All that was made so far stays: collections needn't look at it again.
        gc.freeze()
        gc.enable()
        if self.open_folders:
            rows.open_all(True)
        self.tree_pane.start(paths, rows)
        self.tree_pane.when_moved = self._say_path
        self.waste_pane.start(self.analysis.body, ranked)
        count = self.waste_pane.count()
        self.waste_pane.border_subtitle = quantity(count, "copy", "copies") if count else ""
        self._show_layer()

    # -- layers and comparing ----------------------------------------------------------------------------

    def _range(self, layer: int) -> tuple[int, int]:
        """Return the two trees to compare when a layer is selected, the lower first."""
        if self.base is None or self.base == layer:
            return (layer - 1 if layer else NOTHING), layer
        return min(self.base, layer), max(self.base, layer)

    def _show_layer(self) -> None:
        """Show the tree of the selected layer; cursor and open folders stay where they are."""
        if self.views is None or self.rows is None or not self.analysis.layers:
            return
        node = self.tree_pane.node
        base, layer = self._range(self.layer_pane.cursor)
        self.rows.show(self.views.get(base, layer))
        self.tree_pane.keep(node)
        self._say_tree()
        if self.base is None:
            self._make_ready(layer)

    @work(exclusive=True, group="ready")
    async def _make_ready(self, layer: int) -> None:
        """Make the views of the layers beside this one while nobody presses a key: they are wanted next."""
        await asyncio.sleep(0.12)
        for number in (layer - 1, layer + 1):
            if self.views is not None and 0 <= number < len(self.analysis.layers):
                views = self.views
                base = number - 1 if number else NOTHING
                await asyncio.to_thread(views.make_ready, base, number)

    def _say_tree(self) -> None:
        """Write above and below the tree what it shows."""
        if self.rows is None or self.rows.view is None:
            return
        view = self.rows.view
        words = f"Files up to layer {view.layer}"
        if view.base != view.layer - 1 and view.base != NOTHING:
            words += f" · changes since layer {view.base}"
        elif view.base != NOTHING:
            words += f" · changes of layer {view.layer}"
        if Mark.UNCHANGED not in self.rows.shown:
            words += " only"
        hidden = [name for name, marks in _HIDING.items() if name != "unmodified" and marks[0] not in self.rows.shown]
        if hidden:
            words += f" · no {', '.join(hidden)}"
        if self.rows.sort != "name":
            words += f" · by {self.rows.sort}"
        self.tree_pane.border_title = words
        self._say_path()

    def _say_path(self) -> None:
        node = self.tree_pane.node
        known = self.paths is not None and node >= 0
        path = "/" + shown(self.paths.path(node)) if known and self.paths is not None else "nothing to show"
        self.query_one(PathLine).show(path)

    @on(Lines.Moved, "#layers")
    def _layer_selected(self) -> None:
        self.query_one(DetailsPane).show_layer(self.layer_pane.cursor)
        self._show_layer()

    def action_layer(self, step: int) -> None:
        """Select the layer above or below."""
        self.layer_pane.cursor = max(0, min(self.layer_pane.cursor + step, len(self.analysis.layers) - 1))

    def _compare(self, base: int | None) -> None:
        self.base = base
        self.layer_pane.compare_from(base)
        self._show_layer()

    def action_compare_layer(self) -> None:
        """Compare each layer with the one below it."""
        self._compare(None)

    def action_compare_all(self) -> None:
        """Compare with the first layer."""
        self._compare(0)

    def action_compare_from(self) -> None:
        """Compare from the selected layer on, or stop that."""
        here = self.layer_pane.cursor
        if self.base is not None:
            self._compare(None)
            self.notify("Each layer is compared with the one below it.")
        else:
            self._compare(here)
            self.notify(f"Compare from layer {here}: choose another layer to see all that lies between.")

    # -- moving ------------------------------------------------------------------------------------------

    def action_pane(self, name: str) -> None:
        """Go to a pane."""
        if name == "why":
            self.add_class("why")
        self._bring(name)
        self.set_focus(self.query_one(f"#{name}"))

    def _bring(self, name: str) -> None:
        """On a narrow terminal, show the pane in the place that the lower ones share."""
        if self.has_class("-narrow"):
            self.set_class(name == "details", "on-details")
            self.set_class(name == "waste", "on-waste")

    def on_resize(self) -> None:
        """Show the pane that has the keys when the terminal gets narrow."""
        if self.focused is not None and self.focused.id:
            self.call_after_refresh(self._bring, self.focused.id)

    def _go_round(self, step: int) -> None:
        order = [name for name in _PANES if name != "why" or self.has_class("why")]
        focused = self.focused
        here = next((place for place, name in enumerate(order) if focused is not None and focused.id == name), -1)
        if here < 0 and step < 0:
            here = 0
        self.action_pane(order[(here + step) % len(order)])

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self._go_round(1)

    def action_last_pane(self) -> None:
        """Go to the pane before."""
        self._go_round(-1)

    def _go_to(self, node: int | None, otherwise: str) -> None:
        if node is None or not self.tree_pane.go_to(node):
            self.notify(otherwise, severity="warning")
            return
        self.action_pane("tree")
        self._say_path()

    def action_next_change(self, step: int = 1) -> None:
        """Go to the next change."""
        if self.rows is not None:
            self._go_to(self.rows.next_change(self.tree_pane.node, step), "Nothing that is shown was changed.")

    def action_last_change(self) -> None:
        """Go to the change before."""
        self.action_next_change(-1)

    def action_largest_file(self) -> None:
        """Go to the largest file."""
        if self.rows is not None:
            self._go_to(self.rows.largest_file(), "There is no file with content here.")

    def action_largest_waste(self) -> None:
        """Go to the path that wastes most."""
        if self.rows is not None:
            self._go_to(self.rows.largest_waste(), "Nothing that is shown is wasted.")

    # -- the tree ----------------------------------------------------------------------------------------

    def _fold(self, toggle: bool) -> None:
        tree, rows = self.tree_pane, self.rows
        if rows is not None and tree.node >= 0 and toggle and rows.toggle(tree.cursor):
            tree.reload()

    def action_toggle_folder(self) -> None:
        """Open or close the folder under the cursor."""
        self._fold(True)

    def action_open(self) -> None:
        """Open a folder, or step into it."""
        tree, rows = self.tree_pane, self.rows
        if rows is None or tree.node < 0:
            return
        if self.focused is self.layer_pane:
            self.action_pane("tree")
        elif not rows.opened[tree.node]:
            self._fold(True)
        elif rows.has_names(tree.node):
            tree.cursor += 1

    def action_close(self) -> None:
        """Close a folder, or step out of it."""
        tree, rows = self.tree_pane, self.rows
        if rows is None or self.paths is None or tree.node < 0 or self.focused is not tree:
            return
        if rows.opened[tree.node] and rows.has_names(tree.node):
            self._fold(True)
        elif self.paths.parent[tree.node] >= 0:
            tree.reload(rows.row_of(self.paths.parent[tree.node]))
            self._say_path()

    def action_toggle_all(self) -> None:
        """Open all folders, or close them all the next time."""
        if self.rows is not None:
            node = self.tree_pane.node
            self._all_open = not self._all_open
            self.rows.open_all(self._all_open)
            self.tree_pane.keep(node)

    def action_attributes(self) -> None:
        """Show or hide mode and owner."""
        self.tree_pane.attributes = not self.tree_pane.attributes
        self.tree_pane.refresh()

    def action_sort(self) -> None:
        """Sort in the next way."""
        if self.rows is not None:
            node = self.tree_pane.node
            self.rows.order(SORTS[(SORTS.index(self.rows.sort) + 1) % len(SORTS)])
            self.tree_pane.keep(node)
            self._say_tree()

    def action_toggle_mark(self, name: str) -> None:
        """Show or hide paths by what was done to them."""
        if name == "added" and self.focused is self.layer_pane:
            # As in dive: Ctrl+A means another thing there.
            self.action_compare_all()
        elif self.rows is not None:
            node = self.tree_pane.node
            self.rows.toggle_mark(*_HIDING[name])
            self.tree_pane.keep(node)
            self._say_tree()

    def action_changes_only(self) -> None:
        """Show only what was changed, or all."""
        self.action_toggle_mark("unmodified")

    # -- the filter --------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Type a filter."""
        if self.rows is not None:
            self._bring("tree")
            self.filter_bar.open()

    def action_filter_mode(self) -> None:
        """Understand the filter in the next way."""
        if self.filter_bar.has_class("open"):
            self.filter_bar.next_mode()
        else:
            self.action_filter()

    def action_clear_filter(self) -> None:
        """Clear the filter and leave it."""
        if self.filter_bar.has_class("open"):
            self.filter_bar.close()
            self.action_pane("tree")

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.run_worker(self._filter(event.text, event.mode), exclusive=True, group="filter")

    async def _filter(self, text: str, mode: str) -> None:
        """Find what matches, a piece at a time, and show it; a later pattern ends the work for this one."""
        rows, bar, node = self.rows, self.filter_bar, self.tree_pane.node
        if rows is None or self.paths is None:
            return
        pattern = understand(text, mode)
        bar.understood(pattern.mode if pattern else "")
        if pattern is None:
            bar.tell("")
            if rows.matches is not None:
                if self._opened_before is not None:
                    rows.opened, self._opened_before = self._opened_before, None
                rows.filter(None)
                self.tree_pane.keep(node)
                self._say_path()
            return
        if self.finder is None:
            self.finder = Finder(self.paths)
        matches: bytearray | None = None
        try:
            for matches in self.finder.search(pattern):
                if matches is None:
                    await asyncio.sleep(0)
        except FilterError as error:
            bar.tell(str(error), wrong=True)
            return
        if matches is None:
            return
        if self._opened_before is None:
            self._opened_before = bytearray(rows.opened)
        rows.opened = bytearray(self._opened_before)
        rows.filter(matches)
        rows.open_matches()
        bar.tell(quantity(rows.matched, "match", "matches"))
        self.tree_pane.keep(self._best(matches, node))
        self._say_path()

    def _best(self, matches: bytearray, node: int) -> int:
        """Return where the cursor should be: where it was if that matches, else on the first match."""
        assert self.rows is not None
        if self.rows.view is None or (node >= 0 and matches[node]):
            return node
        marks = self.rows.view.marks
        found = matches.find(1)
        while found >= 0 and not marks[found]:
            found = matches.find(1, found + 1)
        return found

    # -- waste, and why ----------------------------------------------------------------------------------

    @on(Lines.Chosen, "#waste")
    def _waste_chosen(self, event: Lines.Chosen) -> None:
        """Go to the layer that wrote a wasted file, and to the file there."""
        stored, _ = self.waste_pane.layers_of(event.row)
        self.layer_pane.cursor = stored
        self._compare(None)
        if self.paths is not None:
            node = self.paths.find(self.waste_pane.path(event.row))
            self._go_to(node, "The path is hidden: see what is filtered out.")

    @on(Lines.Moved, "#tree,#waste")
    def _path_selected(self) -> None:
        self._say_path()
        if self.has_class("why"):
            self._ask_why()

    @on(Lines.Chosen, "#layers")
    def _layer_chosen(self) -> None:
        self.action_pane("tree")

    @on(Lines.Chosen, "#tree")
    def _path_chosen(self) -> None:
        if self.rows is not None and self.tree_pane.node >= 0:
            if self.rows.has_names(self.tree_pane.node):
                self._fold(True)
            else:
                self.action_view()

    def action_choose(self) -> None:
        """Do what is natural for the line under the cursor."""
        focused = self.focused
        if isinstance(focused, Lines) and focused.count():
            focused.post_message(Lines.Chosen(focused, focused.cursor))

    def selected_path(self) -> str | None:
        """Return the path under the cursor of the tree or the list of waste."""
        if self.focused is self.waste_pane and self.waste_pane.count():
            return public(self.waste_pane.path(self.waste_pane.cursor))
        node = self.tree_pane.node
        return public(self.paths.path(node)) if self.paths is not None and node >= 0 else None

    def action_why(self) -> None:
        """Show or hide what each layer did to the selected path."""
        if self.has_class("why"):
            if self.focused is self.query_one(WhyPane):
                self.action_pane("tree")
            self.remove_class("why")
        else:
            self.add_class("why")
            self._ask_why()

    @work(exclusive=True, group="why")
    async def _ask_why(self) -> None:
        # Whoever holds an arrow key down wants the last path's answer only.
        await asyncio.sleep(0.05)
        path = self.selected_path()
        pane = self.query_one(WhyPane)
        if path is None:
            pane.say("No path is selected.")
            return
        try:
            events = await asyncio.to_thread(self.analysis.why, path)
        except ImgscopeError as error:
            pane.say(str(error))
            return
        pane.show(path, events, self.analysis.layers)
