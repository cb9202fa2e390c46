"""What the screens of images have: a tree beside other panes, to move in, to fold, to sort, to filter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import on, work

from ..escape import escape
from ..paths import public
from ..report.sizes import quantity
from .aside import settle_down
from .details.why import WhyPane
from .list_pane import ListPane
from .model.bits import both
from .model.columns import Columns
from .model.filter import Finder, Query, understand
from .model.links import Links
from .model.marks import Mark
from .model.rows import Rows, Shown
from .model.terms import FilterError
from .panes import PaneScreen
from .text import shown
from .tree.filter_bar import FilterBar
from .tree.pane import TreePane
from .tree.path_line import PathLine
from .widgets import Lines


class Browser(PaneScreen):
    """A tree beside other panes."""

    sorts: ClassVar[tuple[str, ...]] = ("name",)
    """The orders of the tree; the first is the one it opens with."""
    hiding: ClassVar[dict[str, tuple[Mark, ...]]] = {}
    """Names of what can be hidden, and the marks that it has."""

    def __init__(self) -> None:
        """Show nothing until ``start``."""
        super().__init__()
        self.paths: Columns | None = None
        self.rows: Rows | None = None
        self.finder: Finder | None = None
        self.wanted: Query | None = None
        """What the filter looks for, while it looks for anything."""
        self.named = bytearray()
        """What its patterns match, whatever layer is shown."""
        self._all_open = False
        self.only = ""
        """What the tree is limited to, but for the filter; for its title."""
        self.leave: Callable[[], object] | None = None
        """What Esc does where there is nothing more to close: an image of a fleet goes back to it."""

    def start(self, paths: Columns, rows: Rows) -> None:
        """Show the tree."""
        self.paths, self.rows = paths, rows
        settle_down()
        self.tree_pane.start(paths, rows)
        self.tree_pane.when_moved = self.say_path

    async def make_orders_ready(self, view: Shown) -> None:
        """Sort all of a view while nobody presses a key: when everything is open that takes long."""
        for sort in self.sorts:
            if self.rows is not None and sort != "name":
                await asyncio.sleep(0.1)
                await asyncio.to_thread(self.rows.order_of, view, sort)

    # -- the panes ---------------------------------------------------------------------------------------

    @property
    def tree_pane(self) -> TreePane:
        """The file tree."""
        return self.query_one("#tree", TreePane)

    @property
    def filter_bar(self) -> FilterBar:
        """The filter's line."""
        return self.query_one("#filter", FilterBar)

    def say_path(self) -> None:
        """Write the path under the cursor below the tree."""
        node, paths = self.tree_pane.node, self.paths
        path = "/" + shown(paths.path(node)) if paths is not None and node >= 0 else "nothing to show"
        self.query_one(PathLine).show(path)

    def say_tree(self) -> None:
        """Write above the tree what it shows."""
        raise NotImplementedError

    def hidden_words(self) -> str:
        """Say what of the tree is hidden, and how it is sorted."""
        if self.rows is None:
            return ""
        hidden = [
            name for name, marks in self.hiding.items() if name != "unmodified" and marks[0] not in self.rows.shown
        ]
        words = f" · no {', '.join(hidden)}" if hidden else ""
        if self.rows.sort != self.sorts[0]:
            words += f" · by {self.rows.sort}"
        return words

    def selected_path(self) -> str | None:
        """Return the path under the cursor of the tree."""
        node = self.tree_pane.node
        return public(self.paths.path(node)) if self.paths is not None and node >= 0 else None

    # -- moving ------------------------------------------------------------------------------------------

    def action_pane(self, name: str) -> None:
        """Go to a pane."""
        if name == "why":
            self.add_class("why")
        super().action_pane(name)

    def seen_panes(self) -> list[str]:
        """Return the panes that are seen: why only where it was asked for."""
        return [name for name in self.panes if name != "why" or self.has_class("why")]

    def sorted_by(self, pane: Lines) -> str | None:
        """Return what a pane is sorted by."""
        return self.rows.sort if pane is self.tree_pane and self.rows is not None else super().sorted_by(pane)

    def go_to(self, node: int | None, otherwise: str) -> None:
        """Put the tree's cursor on a path; say ``otherwise`` where that can't be."""
        if node is None or not self.tree_pane.go_to(node):
            self.notify(otherwise, severity="warning")
            return
        self.action_pane("tree")
        self.say_path()

    def action_next_change(self, step: int = 1) -> None:
        """Go to the next change."""
        if self.rows is not None:
            self.go_to(self.rows.next_change(self.tree_pane.node, step), "Nothing that is shown was changed.")

    def action_previous_change(self) -> None:
        """Go to the change before."""
        self.action_next_change(-1)

    def action_largest_file(self) -> None:
        """Go to the largest file."""
        if self.rows is not None:
            self.go_to(self.rows.largest("size"), "There is no file with content here.")

    # -- the tree ----------------------------------------------------------------------------------------

    def action_toggle_folder(self) -> None:
        """Open or close the folder under the cursor."""
        self.tree_pane.fold()

    def action_open(self) -> None:
        """Open a folder, or step into it."""
        if self.tree_pane.node >= 0 and self.focused is self.query_one("#layers"):
            self.action_pane("tree")
        else:
            self.tree_pane.step_in()

    def action_close(self) -> None:
        """Close a folder, or step out of it."""
        if self.focused is self.tree_pane:
            self.tree_pane.step_out()

    def action_toggle_all(self) -> None:
        """Open all folders, or close them all the next time."""
        if self.rows is not None:
            node = self.tree_pane.node
            self._all_open = not self._all_open
            self.rows.open_all(self._all_open)
            self.tree_pane.keep(node)

    def action_attributes(self) -> None:
        """Show or hide mode and owner."""
        self.tree_pane.attributes = not self.tree_pane.shows_attributes
        self.tree_pane.refresh()

    def action_sort(self) -> None:
        """Sort in the next way."""
        if self.rows is not None:
            node = self.tree_pane.node
            self.rows.order(self.sorts[(self.sorts.index(self.rows.sort) + 1) % len(self.sorts)])
            self.tree_pane.keep(node)
            self.say_tree()

    def action_toggle_mark(self, name: str) -> None:
        """Show or hide paths by what was done to them."""
        if self.rows is not None:
            node = self.tree_pane.node
            self.rows.toggle_mark(*self.hiding[name])
            self.tree_pane.keep(node)
            self.say_tree()

    def action_changes_only(self) -> None:
        """Show only what was changed, or all."""
        self.action_toggle_mark("unmodified")

    # -- the filter --------------------------------------------------------------------------------------

    def show_only(self, matches: bytearray, words: str, otherwise: str, node: int = -1) -> None:
        """Show only some paths until Esc, with the cursor on ``node``; ``words`` say what they are of.

        Where there are none, say ``otherwise`` and ``words``.
        """
        if self.rows is None:
            return
        if not matches.count(1):
            self.notify(f"{otherwise} {escape(words)}.", severity="warning", markup=False)
            return
        self.clear_filter()
        self.rows.only(matches)
        self.only = f" · of {escape(words)}"
        self.action_pane("tree")
        self.tree_pane.keep(self.rows.best_match(matches, node if node >= 0 else self.tree_pane.node))
        self.say_tree()

    def action_filter(self) -> None:
        """Type a filter: of the list that has the keys where it takes one, else of the tree."""
        if self.only:
            self.clear_filter()
        if self.rows is None:
            return
        bar, pane = self.filter_bar, self.focused if isinstance(self.focused, ListPane) else self.tree_pane
        assert pane.id is not None
        if bar.has_class("open") and bar.target != pane.id:
            self.clear_filter()
        self.bring(pane.id)
        bar.open(pane.id)

    def action_filter_mode(self) -> None:
        """Understand the filter in the next way."""
        if self.filter_bar.has_class("open"):
            self.filter_bar.next_mode()
        else:
            self.action_filter()

    def action_clear_filter(self) -> None:
        """Clear the filter and leave it; where there is none, close the pane that has the keys."""
        if self.only or self.filter_bar.has_class("open"):
            self.clear_filter()
        elif self.has_class("zoom"):
            self.action_zoom()
        elif self.has_class("why"):
            self.action_why()
        elif self.focused is None or self.focused.id in self.lower:
            self.action_pane("tree")
        elif self.leave is not None:
            self.leave()

    def clear_filter(self) -> None:
        """Clear the filter and leave it; show all paths again."""
        if self.only:
            self.only = ""
            node = self.tree_pane.node
            if self.rows is not None:
                self.rows.only(None)
            self.tree_pane.keep(node)
            self.say_tree()
        bar = self.filter_bar
        if bar.has_class("open"):
            bar.close()
            self.wanted = None
            self.action_pane(bar.target)

    def action_leave_filter(self) -> None:
        """Go to what was filtered; where nothing is found, to where something is."""
        if not self.go_elsewhere():
            self.action_pane(self.filter_bar.target)

    def go_elsewhere(self) -> bool:
        """Where nothing matches here, go to where something does; return whether there is such a place."""
        return False

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        pane = self.query_one(f"#{self.filter_bar.target}")
        if isinstance(pane, ListPane):
            self.filter_bar.understood("")
            self.filter_bar.tell(pane.filter(event.text))
        else:
            self.run_worker(self._filter(event.text, event.mode), exclusive=True, group="filter")

    async def _filter(self, text: str, mode: str) -> None:
        """Find what matches, a piece at a time, and show it; a later pattern ends the work for this one."""
        rows, bar, node = self.rows, self.filter_bar, self.tree_pane.node
        if rows is None or self.paths is None:
            return
        matches: bytearray | None = None
        try:
            query = understand(text, mode)
            bar.understood(query.mode if query else "")
            if query is None:
                bar.tell("")
                self.wanted = None
                if rows.matches is not None:
                    rows.only(None)
                    self.tree_pane.keep(node)
                    self.say_path()
                return
            if self.finder is None:
                self.finder = Finder(self.paths)
            for matches in self.finder.search(query):
                if matches is None:
                    await asyncio.sleep(0)
        except FilterError as error:
            bar.tell(str(error), wrong=True)
            return
        if matches is None:
            return
        if rows.view is None:
            # An image without layers.
            bar.tell(quantity(0, "match", "matches"))
            return
        self.wanted, self.named = query, matches
        found = self.matching()
        rows.only(found, exact=query.terms is not None)
        self.tell_matches()
        self.tree_pane.keep(rows.best_match(found, node))
        self.say_path()
        await asyncio.sleep(0)
        self.tell_elsewhere()

    def matching(self) -> bytearray:
        """Return what the filter finds in the tree that is shown: terms are asked of what stands there now."""
        assert self.rows is not None and self.rows.view is not None and self.wanted is not None
        terms = self.wanted.terms
        return self.named if terms is None else both(self.named, self.rows.view.where(terms))

    def sift(self, view: Shown) -> None:
        """Show another view; the filter finds what there is in it."""
        assert self.rows is not None
        self.rows.view = view
        if self.wanted is not None:
            self.rows.filter(self.matching(), exact=self.rows.exact)
            self.tell_matches()
            self.tell_elsewhere()
        else:
            self.rows.show(view)

    def tell_matches(self) -> None:
        """Say how much the filter finds."""
        if self.rows is not None and self.rows.matches is not None:
            self.filter_bar.tell(self.matched_words(self.rows, self.rows.matches))

    def matched_words(self, rows: Rows, matches: bytearray) -> str:
        """Write how much the filter finds."""
        return quantity(rows.count(matches), "match", "matches")

    def tell_elsewhere(self) -> None:
        """Say what the filter would find elsewhere."""

    # -- choosing, and why -------------------------------------------------------------------------------

    @on(Lines.Chosen, "#tree")
    def _path_chosen(self) -> None:
        if self.rows is not None and self.tree_pane.node >= 0:
            if self.rows.has_names(self.tree_pane.node):
                self.tree_pane.fold()
            elif not self.follow_link():
                self.choose_file()

    def choose_file(self) -> None:
        """Do what Enter does on a file."""
        raise NotImplementedError

    def links(self, node: int) -> Links | None:
        """Return the links of the tree that a path is shown of."""
        raise NotImplementedError

    def follow_link(self) -> bool:
        """Go to where the selected symbolic link leads, or say that it leads nowhere; return whether it is one."""
        node = self.tree_pane.node
        links = self.links(node) if self.paths is not None and node >= 0 else None
        if links is None or (said := links.target(node)) is None:
            return False
        found = links.follow(node)
        if found.node >= 0:
            self.go_to(found.node, f"/{public(links.paths.path(found.node))} is hidden: see what is filtered out.")
        else:
            self.notify(f"→ {escape(said)}: {escape(found.wrong)}.", severity="warning", markup=False)
        return True

    def action_choose(self) -> None:
        """Do what is natural for the line under the cursor."""
        if self.focused is self.tree_pane and not self.tree_pane.count():
            self.go_elsewhere()
        else:
            super().action_choose()

    def action_why(self) -> None:
        """Show or hide what each layer did to the selected path."""
        if self.has_class("why"):
            if self.focused is self.query_one(WhyPane):
                self.action_pane("tree")
            self.remove_class("why")
        else:
            self.add_class("why")
            self.ask_why()

    def path_selected(self) -> None:
        """Tell of the path that the cursor came to."""
        self.say_path()
        if self.has_class("why"):
            self.ask_why()

    @work(exclusive=True, group="why")
    async def ask_why(self) -> None:
        """Show what happened to the selected path."""
        # Whoever holds an arrow key down wants the last path's answer only.
        await asyncio.sleep(0.05)
        path = self.selected_path()
        pane = self.query_one(WhyPane)
        if path is None:
            pane.say("No path is selected.")
        else:
            await self.tell_why(path, pane)

    async def tell_why(self, path: str, pane: WhyPane) -> None:
        """Show what happened to a path."""
        raise NotImplementedError
