"""The screen of a difference: layers beside each other, all paths that differ, packages, configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from ...analysis import Analysis
from ...differences.model import Difference
from ...differences.report.words import signed
from ...differences.rows import FileDifferences
from ...errors import ImgscopeError, PathNotFoundError
from ...escape import escape
from ...layer.index import FILE, TYPE_NAMES
from ...paths import public
from ...report.sizes import quantity, size
from ...rows import Event, Layer
from ..browser import Browser
from ..containers import Column, Row
from ..content.screen import ContentScreen, Version
from ..details.why import WhyPane
from ..key_bar import bindings
from ..keys import DIFFERENCE_KEYS
from ..model.links import Links, links_beside
from ..model.marks import IMAGE_CHANGES, Mark
from ..model.pair import PairPaths, PairView
from ..model.rows import Rows
from ..text import clip_left
from ..tree.filter_bar import FilterBar
from ..tree.path_line import PathLine
from ..widgets import Lines
from .export import render
from .facts import ConfigPane, DifferenceFacts
from .layers import PairsPane
from .packages import PackagesPane
from .tree import PairTreePane

# What marks are called here, where that is not what they are called in one image.
WORDS = {Mark.MODIFIED: "changed"}


@dataclass(slots=True)
class OpenDifference:
    """A difference, and how to release its images."""

    difference: Difference
    release: Callable[[], object]

    def close(self) -> None:
        """Release both images."""
        self.release()


class Differ(Browser):
    """Two images' layers, paths, packages and configuration, and how they differ."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(DIFFERENCE_KEYS)
    keys = DIFFERENCE_KEYS
    signs = (
        *((mark.sign, WORDS.get(mark, mark.word).capitalize()) for mark in IMAGE_CHANGES),
        ("·", "Something in the folder differs"),
        ("◆", "The layer that ends the sharing"),
    )
    panes = ("layers", "details", "packages", "config", "tree", "why")
    lower = ("details", "packages", "config")
    sorts = ("delta", "name", "size")
    hiding: ClassVar[dict[str, tuple[Mark, ...]]] = {
        "added": (Mark.ADDED,),
        "modified": (Mark.MODIFIED, Mark.TYPE_CHANGED, Mark.UNREAD),
        "metadata": (Mark.METADATA_ONLY,),
        "removed": (Mark.REMOVED,),
        "moved": (Mark.MOVED,),
        "unmodified": (Mark.UNCHANGED,),
    }
    paths: PairPaths | None

    def __init__(self, difference: Difference, *, open_folders: bool = False) -> None:
        """Show ``difference``; ``open_folders`` opens all folders at the start."""
        super().__init__()
        self.difference = difference
        self.view: PairView | None = None
        self._all_open = open_folders

    def compose(self) -> ComposeResult:
        """Make the panes."""
        difference = self.difference
        broken = difference.broken.pair if difference.broken is not None else None
        yield Static(self._summary(), id="title")
        with Row(id="panes"):
            with Column(id="left"):
                yield PairsPane(difference.layers, broken, id="layers")
                yield DifferenceFacts(difference, id="details").add_class("lower", "chosen")
                yield PackagesPane(difference.packages, id="packages").add_class("lower")
                yield ConfigPane(difference, id="config").add_class("lower")
            with Column(id="right"):
                yield PairTreePane(id="tree")
                yield PathLine(id="path")
                yield WhyPane(id="why")
        yield FilterBar(id="filter")
        yield self.key_bar()

    def _summary(self) -> Text:
        old, new = self.difference.old.image, self.difference.new.image
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(clip_left(escape(old.title), 32), style="bold")
        text.append(" → ")
        text.append(clip_left(escape(new.title), 32), style="bold")
        text.append(f"  {signed(new.content_bytes - old.content_bytes)} content")
        pull = self.difference.pull
        if pull.layers:
            text.append(f" · pull {size(pull.bytes if pull.bytes is not None else pull.content_bytes)}")
            text.append(f" in {quantity(pull.layers, 'layer')}")
            text.append(f" · {size(pull.changed_bytes)} really changed")
        else:
            text.append(" · nothing to pull")
        return text

    @property
    def layer_pane(self) -> PairsPane:
        """The list of layers."""
        return self.query_one("#layers", PairsPane)

    @property
    def packages_pane(self) -> PackagesPane:
        """The list of packages."""
        return self.query_one("#packages", PackagesPane)

    def on_mount(self) -> None:
        """Show what is known at once; the tree follows."""
        shared = sum(pair.status == "shared" for pair in self.difference.layers)
        self.entitle("layers", f"Layers {len(self.difference.layers):,}")
        self.layer_pane.border_subtitle = f"{shared} shared"
        self.entitle("tree", "Files")
        self.entitle("details", "Difference")
        self.entitle("packages", f"Packages {self.packages_pane.count():,}")
        self.entitle("config", f"Config {len(self.difference.config):,}")
        if self.difference.owners == (None, None):
            self.packages_pane.border_subtitle = "can't be read"
        self.query_one(PathLine).show("laying out the paths…")
        self._layer_selected()
        self.layer_pane.focus()
        self._build()

    @work(thread=True, exit_on_error=False, group="build")
    def _build(self) -> None:
        """Lay out the paths; the panes can be used meanwhile."""
        files, wanted = self.difference.files, self.difference.filter
        assert isinstance(files, FileDifferences)
        # Of what a filter leaves out nobody has asked whether it is the same.
        paths = PairPaths(files, whole=not (wanted.kinds or wanted.paths or wanted.min_size))
        rows = Rows(paths)
        rows.sort = self.sorts[0]
        rows.shown.discard(Mark.UNCHANGED)
        view = PairView(paths)
        rows.show(view)
        self.app.call_from_thread(self._built, paths, view, rows)

    def _built(self, paths: PairPaths, view: PairView, rows: Rows) -> None:
        self.view = view
        if self._all_open:
            rows.open_all(True)
        else:
            self._open_single(paths, rows)
        self.start(paths, rows)
        self.say_tree()
        self.run_worker(self.make_orders_ready(view), group="ready")

    @staticmethod
    def _open_single(paths: PairPaths, rows: Rows) -> None:
        """Open folders as long as there is but one: what differs is often in one place."""
        while len(rows.nodes) and len(rows.nodes) < 12:
            closed = [row for row, node in enumerate(rows.nodes) if not rows.opened[node] and rows.has_names(node)]
            if len(closed) != 1 or not rows.toggle(closed[0]):
                break

    def matched_words(self, rows: Rows, matches: bytearray) -> str:
        """Write how much the filter finds, in paths, and by how many bytes these differ."""
        words = super().matched_words(rows, matches)
        if self.view is None or rows.part is None:
            return words
        return f"{words}, {signed(rows.part.held(self.view.deltas, 0, len(matches)))}"

    def say_tree(self) -> None:
        """Write above and below the tree what it shows."""
        if self.rows is None:
            return
        words = "Files that differ" if Mark.UNCHANGED not in self.rows.shown else "Files of both images"
        self.entitle("tree", words + self.only + self.hidden_words(), "Files")
        total = len(self.difference.files)
        self.tree_pane.border_subtitle = quantity(total, "difference") if total else "no difference"
        self.say_path()

    # -- layers and packages -----------------------------------------------------------------------------

    @on(Lines.Moved, "#layers")
    def _layer_selected(self) -> None:
        pairs = self.difference.layers
        pair = pairs[self.layer_pane.cursor] if pairs else None
        self.query_one(DifferenceFacts).show_pair(pair)

    def action_layer(self, step: int) -> None:
        """Select the layer before or after."""
        self.layer_pane.cursor = max(0, min(self.layer_pane.cursor + step, len(self.difference.layers) - 1))

    @on(Lines.Chosen, "#layers")
    def _layer_chosen(self, event: Lines.Chosen) -> None:
        """Show what differs in files of the selected layers alone."""
        if self.paths is None:
            return
        pair = self.difference.layers[event.row]
        layers = [None if layer is None else layer.index for layer in (pair.old, pair.new)]
        matches = bytearray(len(self.paths))
        for node, row in self.paths.row_of.items():
            for side, entry, layer in zip(self.paths.sides, (row.old, row.new), layers, strict=True):
                if entry is not None and layer is not None and side.overlay.layer_of(side.inode(entry)) == layer:
                    matches[node] = 1
        number = f"layer {pair.new.index}" if pair.new is not None else f"layer {layers[0]} of OLD"
        self.show_only(matches, number, "No path that differs is of")

    @on(Lines.Chosen, "#packages")
    def _package_chosen(self, event: Lines.Chosen) -> None:
        """Show what differs in files of the selected package alone."""
        if self.paths is None:
            return
        chosen = self.packages_pane.packages[event.row]
        matches = bytearray(len(self.paths))
        for node in self.paths.row_of:
            path = self.paths.path(node)
            for owners in self.difference.owners:
                owner = owners.owners.get(path) if owners is not None else None
                if owner is not None and (owner.ecosystem, owner.name) == (chosen.ecosystem, chosen.name):
                    matches[node] = 1
        self.show_only(matches, chosen.name, "No path that differs is of")

    def action_largest_delta(self) -> None:
        """Go to the path whose size changed most."""
        if self.rows is not None:
            self.go_to(self.rows.largest("delta"), "No size that is shown has changed.")

    @on(Lines.Moved, "#tree")
    def _path_selected(self) -> None:
        self.path_selected()

    # -- one path ----------------------------------------------------------------------------------------

    def _node(self) -> int:
        return self.tree_pane.node

    def _both_paths(self, node: int) -> tuple[bytes | None, bytes | None]:
        """Return the path of a node in OLD and in NEW; both for one that moved."""
        assert self.paths is not None
        assert self.view is not None
        path = self.paths.path(node)
        row = self.paths.row_of.get(node)
        if row is not None and row.path_before is not None:
            return row.path_before, row.path
        had, has = self.view.has(node)
        return path if had else None, path if has else None

    def _versions(self) -> list[Version]:
        node = self._node()
        if node < 0 or self.paths is None:
            return []
        found = []
        analyses = (self.difference.old, self.difference.new)
        for label, analysis, side, path in zip(
            ("OLD", "NEW"), analyses, self.paths.sides, self._both_paths(node), strict=True
        ):
            entry = None if path is None else side.overlay.lookup(path)
            if path is not None and entry is not None and side.overlay.kind(side.inode(entry)) == FILE:
                found.append(Version(label, analysis, public(path), None))
        if not found:
            shown = escape(public(self.paths.path(node)))
            self.notify(f"{shown} has no content in either image.", severity="warning", markup=False)
        return found

    def links(self, node: int) -> Links | None:
        """Return the links of NEW, or of OLD for a path that NEW does not have."""
        paths, view = self.paths, self.view
        return links_beside(paths, view, node) if paths is not None and view is not None else None

    def choose_file(self) -> None:
        """Show how the file differs, or its content where one image has it alone."""
        versions = self._versions()
        if versions:
            name = self.selected_path() or ""
            self.app.push_screen(ContentScreen(name, versions, len(versions) - 1, diff=len(versions) > 1))

    def action_diff(self) -> None:
        """Show how the file differs."""
        versions = self._versions()
        if len(versions) == 1:
            self.notify(f"Only {versions[0].label} has this file: v shows it.", severity="warning")
        elif versions:
            self.choose_file()

    def action_view(self) -> None:
        """View the file's content, of NEW if it has one."""
        versions = self._versions()
        if versions:
            self.app.push_screen(ContentScreen(self.selected_path() or "", versions, len(versions) - 1))

    async def tell_why(self, path: str, pane: WhyPane) -> None:
        """Show what happened to the selected path in both images."""
        paths = self._both_paths(self._node())

        def ask(analysis: Analysis, one: bytes | None) -> list[Event]:
            try:
                return analysis.why(path if one is None else public(one))
            except PathNotFoundError:
                return []

        told: list[tuple[str, list[Event], tuple[Layer, ...]]] = []
        try:
            for label, analysis, one in zip(
                ("In OLD", "In NEW"), (self.difference.old, self.difference.new), paths, strict=True
            ):
                events = await asyncio.to_thread(ask, analysis, one)
                if not events:
                    label += ": never there" if one is None else ": no layer says anything of it but what lies below"
                told.append((label, events, analysis.layers))
        except ImgscopeError as error:
            pane.say(str(error))
            return
        pane.show_several(path, told)

    # -- to disk -----------------------------------------------------------------------------------------

    @work(exclusive=True, group="disk")
    async def action_extract(self) -> None:
        """Extract the file or folder of NEW, or of OLD where NEW lacks it."""
        node = self._node()
        if node < 0 or self.paths is None or self.view is None:
            return
        path = public(self.paths.path(node))
        has = self.view.has(node)[1]
        side = self.view.shown_side(node)
        if self.refuse_special(path, TYPE_NAMES[side.overlay.kind(self.view.entry(node))]):
            return
        analysis = self.difference.new if has else self.difference.old
        await self.ask_and_extract(analysis, path, None, f"of {'NEW' if has else 'OLD'}")

    def export_name(self) -> str:
        """Return the file name that exporting proposes."""
        return "difference.json"

    def export(self, form: str) -> Iterator[bytes]:
        """Yield the lines of the tree as JSON or Markdown."""
        assert self.rows is not None
        old, new = self.difference.old.image.reference, self.difference.new.image.reference
        return render(self.rows, old, new, form)
