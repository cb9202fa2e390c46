"""The main screen: the panes, what is selected in them, and what the keys do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from ..analysis import Analysis
from ..errors import ImgscopeError
from ..escape import escape
from ..layer.index import TYPE_NAMES
from ..paths import internal, public
from ..report.sizes import quantity, size
from ..rollup import WasteGroup, roll_up
from .aside import aside, settle_down
from .containers import Column, Row
from .content.screen import ContentScreen, Version
from .content.versions import Held, held, layer_of_tree
from .details.pane import DetailsPane
from .details.why import WhyPane
from .export import render
from .findings.fix import FixScreen
from .findings.pane import FindingsPane, look_for
from .findings.prove import proof_of
from .key_bar import bindings
from .keys import KEYS
from .layers.pane import LayersPane
from .model.links import Links, links_of
from .model.marks import LAYER_CHANGES, Mark, table
from .model.paths import Paths, nanoseconds
from .model.rows import Rows
from .model.views import NOTHING, Views
from .tree.filter_bar import FilterBar
from .tree.layer_tree import LayerTreePane
from .tree.path_line import PathLine
from .waste.pane import WastePane
from .whatif import WhatIf
from .widgets import Lines


class Explorer(WhatIf):
    """Layers, their trees, their waste, and what each path went through."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    keys = KEYS
    signs = (
        *((mark.sign, mark.word.capitalize()) for mark in LAYER_CHANGES),
        (Mark.DEAD.sign, "Dead: a layer stores it, the tree has it no more (X shows these)"),
        ("·", "Something in the folder was changed"),
        ("×2", "Two layers hold the file"),
    )
    panes = ("layers", "details", "waste", "findings", "tree", "why")
    lower = ("details", "waste", "findings")
    sorts = ("name", "size", "wasted")
    hiding: ClassVar[dict[str, tuple[Mark, ...]]] = {
        "added": (Mark.ADDED,),
        "modified": (Mark.MODIFIED, Mark.METADATA_ONLY, Mark.REWRITTEN),
        "removed": (Mark.REMOVED,),
        "unmodified": (Mark.UNCHANGED,),
    }

    def __init__(
        self, analysis: Analysis, *, open_folders: bool = False, layer: int | None = None, path: bytes | None = None
    ) -> None:
        """Explore ``analysis``, from a ``layer`` and a ``path`` on; ``open_folders`` opens all, as dive does."""
        super().__init__(analysis)
        self._finding = False
        self._all_open = open_folders
        self._begin = layer, path

    def compose(self) -> ComposeResult:
        """Make the panes."""
        yield Static(self.summary(), id="title")
        with Row(id="panes"):
            with Column(id="left"):
                yield LayersPane(self.analysis.layers, id="layers", first=self._begin[0])
                yield DetailsPane(self.analysis, id="details").add_class("lower", "chosen")
                yield WastePane(id="waste").add_class("lower")
                yield FindingsPane(id="findings").add_class("lower")
            with Column(id="right"):
                yield LayerTreePane(id="tree")
                yield PathLine(id="path")
                yield WhyPane(id="why")
        yield FilterBar(id="filter")
        yield self.key_bar()

    # -- the panes ---------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Show what is known at once; the tree follows."""
        self.entitle("layers", f"Layers {len(self.analysis.layers):,}")
        self.entitle("tree", "Files")
        self.entitle("details", "Layer")
        self.entitle("waste", "Waste")
        self.entitle("findings", "Findings")
        self.query_one(PathLine).show("reading the layers…")
        self._say_layer()
        self.set_focus(self.layer_pane)
        self._build()

    @work(thread=True, exit_on_error=False, group="build")
    def _build(self) -> None:
        """Lay out the paths; the panes can be used meanwhile."""
        try:
            paths = Paths(self.analysis.body, nanoseconds(self.analysis.image.created))
            views, rows = Views(paths), Rows(paths)
            if self.analysis.layers:
                rows.show(views.get(*self._range(self.layer_pane.cursor)))
            groups = roll_up(self.analysis.body.comparison)
        except ImgscopeError as error:
            self.app.call_from_thread(self.app.exit, error)
            return
        self.app.call_from_thread(self._built, paths, views, rows, groups)

    def _built(self, paths: Paths, views: Views, rows: Rows, groups: Sequence[WasteGroup]) -> None:
        self.views = self._whole = views
        if self._all_open:
            rows.open_all(True)
        else:
            rows.open_largest(self.tree_pane.page * 2 // 3)
        self.start(paths, rows)
        self.waste_pane.fill(groups)
        self._say_waste()
        self.show_layer()
        if self._begin[1] is not None:
            self.go_to(paths.find(self._begin[1]), "The path is in no tree any more.")
        if Path(self.analysis.image.reference).exists():
            self._find()
        else:
            # Of an image that an engine has all contents would be exported once more.
            self.findings_pane.say("5 looks for what this image does not need")

    # -- layers and comparing ----------------------------------------------------------------------------

    def _range(self, layer: int) -> tuple[int, int]:
        """Return the two trees to compare when a layer is selected, the lower first."""
        if self.base is None or self.base == layer:
            return (layer - 1 if layer else NOTHING), layer
        return min(self.base, layer), max(self.base, layer)

    def show_layer(self) -> None:
        """Show the tree of the selected layer; cursor and open folders stay where they are."""
        if self.views is None or self.rows is None or not self.analysis.layers:
            return
        node = self.tree_pane.node
        base, layer = self._range(self.layer_pane.cursor)
        view = self.views.get(base, layer)
        self.sift(self.views.with_dead(view) if self.tree_pane.dead else view)
        self.tree_pane.keep(node)
        self.say_tree()
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
                if self.rows is not None:
                    await asyncio.to_thread(self.rows.ends_of, views.get(base, number))
        if self.rows is not None and self.view is not None:
            await self.make_orders_ready(self.view)

    @property
    def tree_pane(self) -> LayerTreePane:
        """The file tree."""
        return self.query_one("#tree", LayerTreePane)

    def say_tree(self) -> None:
        """Write above and below the tree what it shows."""
        view = self.view
        if self.rows is None or view is None:
            return
        words = f"Files up to layer {view.layer}"
        if view.base != view.layer - 1 and view.base != NOTHING:
            words += f" · changes since layer {view.base}"
        elif view.base != NOTHING:
            words += f" · changes of layer {view.layer}"
        if Mark.UNCHANGED not in self.rows.shown:
            words += " only"
        if self.tree_pane.dead:
            words += " · with what is dead"
        self.entitle("tree", words + self.only + self.hidden_words(), "Files")
        self.say_path()

    def _say_layer(self) -> None:
        """Tell of the selected layer."""
        self.query_one(DetailsPane).show_layer(self.layer_pane.cursor)
        if self.analysis.layers:
            self.entitle("details", f"Layer {self.layer_pane.cursor}")

    @on(Lines.Moved, "#layers")
    def _layer_selected(self) -> None:
        self._say_layer()
        self.show_layer()

    def action_layer(self, step: int) -> None:
        """Select the layer above or below."""
        self.layer_pane.cursor = max(0, min(self.layer_pane.cursor + step, len(self.analysis.layers) - 1))

    def action_dead(self) -> None:
        """Show or hide what is dead; when it comes, the folder under the cursor opens to all that is dead in it."""
        if self.rows is None or self.paths is None or self.view is None:
            return
        tree, rows, node = self.tree_pane, self.rows, self.tree_pane.node
        tree.dead = not tree.dead
        self.show_layer()
        if not tree.dead or rows.view is None:
            return
        dead = rows.view.marks.translate(table(Mark.DEAD))
        if not dead.count(1):
            tree.dead = False
            self.show_layer()
            self.notify("Nothing is dead up to this layer: all that is stored is in the tree.")
        elif node >= 0:
            node = node if self.paths.end[node] > node + 1 else rows.above(node)
            first, stop = (node, self.paths.end[node]) if node >= 0 else (0, len(dead))
            here = bytearray(first) + dead[first:stop] + bytearray(len(dead) - stop)
            if here.count(1):
                rows.open_to(here)
                tree.keep(node)
            else:
                count = dead.count(1)
                elsewhere = f"{'is' if count == 1 else 'are'} {quantity(count, 'dead path')}"
                path = escape(public(self.paths.path(node)))
                self.notify(f"Nothing is dead in {path}; elsewhere there {elsewhere}.", markup=False)
            self.say_tree()

    def _compare(self, base: int | None) -> None:
        self.base = base
        self.layer_pane.compare_from(base)
        self.show_layer()

    def action_compare_layer(self) -> None:
        """Compare each layer with the one below it; draw the screen anew, which Ctrl+L does elsewhere."""
        self._compare(None)
        self.app.call_later(self.app.run_action, "app.draw_again")

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

    def action_largest_waste(self) -> None:
        """Go to the largest group of waste, in the layer that stores it."""
        pane = self.waste_pane
        rows = [row for row, group in enumerate(pane.items) if group not in pane.gone]
        if not rows:
            self.notify("Nothing is wasted.", severity="warning")
            return
        row = max(rows, key=lambda row: pane.items[row].bytes)
        pane.post_message(Lines.Chosen(pane, row))

    def action_sort(self) -> None:
        """Sort the pane that has the keys in the next way: the waste, the findings, else the tree."""
        if self.focused in (self.waste_pane, self.findings_pane):
            pane = self.waste_pane if self.focused is self.waste_pane else self.findings_pane
            pane.order()
            self._say_findings() if pane is self.findings_pane else self._say_waste()
        else:
            super().action_sort()

    # -- waste, and why ----------------------------------------------------------------------------------

    @on(Lines.Chosen, "#waste")
    def _waste_chosen(self, event: Lines.Chosen) -> None:
        """Go to the layer that wrote what is wasted, and to its folder or file there."""
        self.layer_pane.cursor = self.waste_pane.items[event.row].stored_in
        self._compare(None)
        if self.paths is not None:
            self.go_to(
                self.paths.find(self.waste_pane.path(event.row)), "The path is hidden: see what is filtered out."
            )

    def action_toggle_mark(self, name: str) -> None:
        """Show or hide paths by what was done to them."""
        if name == "added" and self.focused is self.layer_pane:
            # As in dive: Ctrl+A means another thing there.
            self.action_compare_all()
        else:
            super().action_toggle_mark(name)

    @on(Lines.Moved, "#tree,#waste")
    def _path_selected(self) -> None:
        self.path_selected()

    @on(Lines.Chosen, "#layers")
    def _layer_chosen(self) -> None:
        self.action_pane("tree")

    def selected_path(self) -> str | None:
        """Return the path under the cursor of the tree or the list of waste."""
        if self.focused is self.waste_pane and self.waste_pane.count():
            return public(self.waste_pane.path(self.waste_pane.cursor))
        return super().selected_path()

    async def tell_why(self, path: str, pane: WhyPane) -> None:
        """Show what each layer did to a path."""
        try:
            events = await asyncio.to_thread(self.analysis.why, path)
        except ImgscopeError as error:
            pane.say(str(error))
            return
        pane.show(path, events, self.analysis.layers)

    # -- findings ----------------------------------------------------------------------------------------

    @work(exit_on_error=False, group="findings")
    async def _find(self) -> None:
        """Ask suggest, in a thread of its own: the view does not wait for it."""
        if self._finding:
            return
        self._finding = True
        pane = self.findings_pane
        pane.say("looking for what this image does not need…")
        # Whoever has just opened the view presses keys first.
        await asyncio.sleep(0.5)
        # The thread gives way sooner to what draws.
        interval = sys.getswitchinterval()
        sys.setswitchinterval(0.001)
        try:
            report = await aside(partial(look_for, self.analysis))
        except ImgscopeError as error:
            pane.say(escape(str(error)))
            return
        except Exception as error:
            # The view is of use without the findings.
            pane.say(f"the findings could not be made: {escape(repr(error))}")
            return
        finally:
            sys.setswitchinterval(interval)
        settle_down()
        self.report = report
        pane.start(report.findings)
        self._say_findings()

    def _say_findings(self) -> None:
        """Write above the findings how many they are, below them what they save together, and how they are sorted."""
        pane, report = self.findings_pane, self.report
        if report is None:
            return
        left = [finding for finding in report.findings if not pane.is_gone(finding)]
        self.entitle("findings", f"Findings {len(left):,}")
        saved = report.total_bytes
        if self.without is not None:
            saved = self.without.saves(claim for finding in left for claim in finding.claims)
        words = [f"{size(saved)} to save"] if saved else []
        if report.with_dockerfile:
            words.append("with ./Dockerfile")
        if pane.sort != "bytes":
            words.append(f"by {pane.sort}")
        pane.border_subtitle = " · ".join(words)

    def _say_waste(self) -> None:
        """Write above the waste how many groups there are, below it how it is sorted."""
        pane = self.waste_pane
        self.entitle("waste", f"Waste {pane.total - len(pane.gone):,}")
        pane.border_subtitle = f"by {pane.sort}" if pane.sort != "bytes" else ""

    def say_lists(self) -> None:
        """Write above and below the lists how much they hold, and tell of the selected layer."""
        self._say_waste()
        self._say_findings()
        self._say_layer()

    def action_pane(self, name: str) -> None:
        """Go to a pane."""
        super().action_pane(name)
        if name == "findings" and self.paths is not None:
            self._find()

    @on(Lines.Chosen, "#findings")
    def _finding_chosen(self) -> None:
        """Show the paths that a finding is about, in the layer that holds the largest."""
        finding = self.findings_pane.selected
        if finding is None or self.paths is None:
            return
        nodes = [node for row in finding.evidence if (node := self.paths.find(internal(row.path))) >= 0]
        if not nodes:
            if finding.layers:
                self.layer_pane.cursor = finding.layers[0]
                self.action_pane("layers")
            else:
                self.action_fix()
            return
        matches = bytearray(len(self.paths))
        for node in nodes:
            matches[node] = 1
        self.layer_pane.cursor = finding.evidence[0].layer
        self._compare(None)
        self.show_only(matches, finding.code, "No path is shown of", nodes[0])

    def action_fix(self, one: bool = False) -> None:
        """Show what to change for what is struck out; else, or for ``one``, how to fix the selected finding."""
        if self.struck and not one:
            self.show_changes()
            return
        finding = self.findings_pane.selected
        if self.report is None or finding is None:
            self.notify("There is no finding to fix." if self.report else "The findings are not known yet: 5 looks.")
        else:
            self.app.push_screen(FixScreen(self.report, finding))

    def action_prove(self) -> None:
        """Fix the Dockerfile that the image is of, and prove it with an engine; nothing is written."""
        found = proof_of(self.report)
        if isinstance(found, str):
            self.notify(found, severity="warning")
        else:
            self.app.push_screen(found)

    # -- contents ----------------------------------------------------------------------------------------

    def _held(self) -> Held | None:
        """Return who holds the selected file, or that which the selected link leads to; where none does, say so."""
        path, view = self.selected_path(), self.view
        if path is None or self.paths is None or view is None:
            return None
        try:
            return held(self.analysis, self.paths, view, path)
        except ImgscopeError as error:
            self.notify(str(error), severity="warning", markup=False)
            return None

    def _show_content(self, path: str, layers: list[int], layer: int, diff: bool) -> None:
        versions = [Version(f"layer {number}", self.analysis, path, number) for number in layers]
        self.app.push_screen(ContentScreen(path, versions, layers.index(layer), diff=diff))

    def choose_file(self) -> None:
        """View the file."""
        self.action_view()

    def links(self, node: int) -> Links | None:
        """Return the links of the tree that is shown."""
        return links_of(self.paths, self.view) if self.paths is not None and self.view is not None else None

    def action_view(self) -> None:
        """View the file as of the layer that the tree shows."""
        found = self._held()
        if found is not None:
            self._show_content(*found, diff=False)

    def action_diff(self) -> None:
        """Show what a layer changed in the file."""
        found = self._held()
        if found is None:
            return
        path, layers, layer = found
        if len(layers) < 2:
            self.notify(f"Only layer {layers[0]} holds {escape(path)}.", severity="warning", markup=False)
            return
        self._show_content(path, layers, max(layer, layers[1]), diff=True)

    # -- to disk -----------------------------------------------------------------------------------------

    @work(exclusive=True, group="disk")
    async def action_extract(self) -> None:
        """Extract the file or folder, after asking where to."""
        path, view = self.selected_path(), self.view
        if path is None or self.paths is None or view is None:
            return
        node = self.paths.find(internal(path))
        entry = view.entry(node)
        if self.refuse_special(path, TYPE_NAMES[self.paths.overlay.kinds[entry]]):
            return
        last = len(self.analysis.layers) - 1
        layer = layer_of_tree(self.paths, view, node, last)
        where = "from the image" if layer == last else f"as of layer {layer}"
        await self.ask_and_extract(self.analysis, path, None if layer == last else layer, where)

    def export_name(self) -> str:
        """Return the file name that exporting proposes."""
        return f"layer-{self.view.layer}.json" if self.view is not None else "tree.json"

    def export(self, form: str) -> Iterator[bytes]:
        """Yield the lines of the tree as JSON or Markdown."""
        assert self.rows is not None
        return render(self.rows, self.analysis.image.reference, form)
