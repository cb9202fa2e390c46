"""What can be done with the selected path: view, compare, extract, copy, export."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work
from textual.screen import Screen

from ..errors import ImgscopeError, UsageError
from ..escape import escape
from ..layer.index import DIRECTORY, FILE, TYPE_NAMES
from ..layer.names import internal
from ..overlay.merge import NO_ENTRY
from ..report.sizes import quantity, size
from .content.screen import ContentScreen
from .dialogs.ask import Ask
from .dialogs.help import HelpScreen
from .export import FORMATS, render

if TYPE_CHECKING:
    from ..analysis import Analysis
    from .model.paths import Paths
    from .model.rows import Rows
    from .tree.pane import TreePane


class FileActions(Screen[None]):
    """The actions on a path; the main screen inherits them."""

    analysis: Analysis
    paths: Paths | None
    rows: Rows | None

    @property
    def tree_pane(self) -> TreePane:
        """The file tree."""
        raise NotImplementedError

    def selected_path(self) -> str | None:
        """Return the selected path."""
        raise NotImplementedError

    # -- contents ----------------------------------------------------------------------------------------

    def _versions(self) -> tuple[str, list[int], int] | None:
        """Return the selected file, the layers that hold a regular file there, and the one to show."""
        path = self.selected_path()
        if path is None or self.paths is None:
            return None
        node = self.paths.find(internal(path))
        overlay = self.paths.overlay
        held = []
        for number in self.paths.holding(node):
            directory, _, name = internal(path).rpartition(b"/")
            inode = overlay.inode(overlay.layers[number].children[directory][name] + overlay.first[number])
            if inode != NO_ENTRY and overlay.kinds[inode] == FILE:
                held.append(number)
        view = self.tree_pane.view
        if not held or view is None:
            kind = overlay.kinds[view.entry(node)] if view is not None and node >= 0 else DIRECTORY
            self.notify(f"{escape(path)} is a {TYPE_NAMES[kind]}: it has no content.", severity="warning", markup=False)
            return None
        shown = overlay.layer_of(view.entry(node))
        return path, held, shown if shown in held else held[-1]

    def action_view(self) -> None:
        """View the file as of the layer that the tree shows."""
        found = self._versions()
        if found is not None:
            self.app.push_screen(ContentScreen(self.analysis, *found))

    def action_diff(self) -> None:
        """Show what a layer changed in the file."""
        found = self._versions()
        if found is None:
            return
        path, held, layer = found
        if len(held) < 2:
            self.notify(f"Only layer {held[0]} holds {escape(path)}.", severity="warning", markup=False)
            return
        layer = max(layer, held[1])
        self.app.push_screen(ContentScreen(self.analysis, path, held, layer, diff=True))

    # -- to disk -----------------------------------------------------------------------------------------

    @work(exclusive=True, group="disk")
    async def action_extract(self) -> None:
        """Extract the file or folder, after asking where to."""
        path, node = self.selected_path(), self.tree_pane.node
        view = self.tree_pane.view
        if path is None or self.paths is None or view is None:
            return
        node = self.paths.find(internal(path))
        entry = view.entry(node)
        kind = self.paths.overlay.kinds[entry]
        if TYPE_NAMES[kind] in ("character", "block", "fifo"):
            self.notify(
                f"{escape(path)} is a {TYPE_NAMES[kind]} special file: it can't be extracted.",
                severity="warning",
                markup=False,
            )
            return
        last = len(self.analysis.layers) - 1
        layer = None if view.layer == last and view.entries[node] == entry != self.paths.absent else -1
        if layer is not None:
            # Not the final tree's: the path as one layer holds it.
            layer = self.paths.overlay.layer_of(entry)
        where = "from the image" if layer is None else f"as layer {layer} holds it"
        answer = await self.app.push_screen_wait(
            Ask("Extract", f"Extract {escape(path)} {where} into the folder:", ("Extract", "Cancel"), str(Path.cwd()))
        )
        if answer is not None:
            await self._extract(path, Path(answer[1]).expanduser(), layer)

    async def _extract(self, path: str, folder: Path, layer: int | None, force: bool = False) -> None:
        from ..extract import extract

        try:
            result = await asyncio.to_thread(extract, self.analysis, path, folder, layer=layer, force=force)
        except UsageError as error:
            # Something is there already.
            answer = await self.app.push_screen_wait(Ask("Overwrite?", escape(str(error)), ("Overwrite", "Cancel")))
            if answer is not None and not force:
                await self._extract(path, folder, layer, force=True)
            return
        except ImgscopeError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        words = f"{quantity(result.count, 'path')}, {size(result.bytes)}, written to {escape(str(folder))}"
        if result.skipped:
            words += f"; left out: {escape('; '.join(result.skipped[:3]))}"
        self.notify(words, markup=False)

    @work(exclusive=True, group="disk")
    async def action_export(self) -> None:
        """Write what the tree shows to a file, after asking where to."""
        if self.rows is None or self.rows.view is None:
            return
        name = f"layer-{self.rows.view.layer}.json"
        answer = await self.app.push_screen_wait(
            Ask(
                "Export",
                f"Write the {quantity(len(self.rows.nodes), 'line')} of the tree to a file; .md writes Markdown, "
                ".json JSON:",
                ("Export", "Cancel"),
                str(Path.cwd() / name),
            )
        )
        if answer is None:
            return
        target = Path(answer[1]).expanduser()
        form = FORMATS[1] if target.suffix in (".md", ".markdown") else FORMATS[0]
        if target.exists():
            sure = await self.app.push_screen_wait(
                Ask("Overwrite?", f"{escape(str(target))} exists already.", ("Overwrite", "Cancel"))
            )
            if sure is None:
                return
        from ..output import write_whole

        try:
            await asyncio.to_thread(write_whole, target, render(self.rows, self.analysis.image.reference, form))
        except ImgscopeError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.notify(f"Written: {escape(str(target))}", markup=False)

    def action_copy(self) -> None:
        """Copy the selected path to the clipboard, through the terminal."""
        path = self.selected_path()
        if path is not None:
            self.app.copy_to_clipboard(path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
            self.notify(f"Copied: {escape(path)}", markup=False)

    def action_help(self) -> None:
        """List all keys."""
        chosen = getattr(getattr(self.app, "settings", None), "keys", {})
        self.app.push_screen(HelpScreen(chosen))
