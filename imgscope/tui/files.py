"""What can be done with the selected path, or with all that is shown: extract, copy, export."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.screen import Screen

from ..errors import ImgscopeError, UsageError
from ..escape import escape
from ..report.sizes import quantity, size
from . import clipboard
from .dialogs.ask import Ask
from .dialogs.help import HelpScreen
from .keys import Key
from .model.rows import Rows

if TYPE_CHECKING:
    from ..analysis import Analysis


async def copy_and_tell(screen: Screen[None], text: str, words: str) -> None:
    """Copy a text through the terminal and through what programs there are; say ``words``, and which took it."""
    screen.app.copy_to_clipboard(text)
    took = [clipboard.TERMINAL, *await asyncio.to_thread(clipboard.copy, text)]
    screen.notify(f"{words} (by {', '.join(took)})", markup=False)


JSON, MARKDOWN = "json", "markdown"


class FileActions(Screen[None]):
    """The actions on a path that all main screens have."""

    keys: ClassVar[tuple[Key, ...]] = ()
    """The keys that hold on this screen."""
    signs: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Marks of the tree's lines, and what they mean."""
    rows: Rows | None

    def selected_path(self) -> str | None:
        """Return the selected path."""
        raise NotImplementedError

    def export_name(self) -> str:
        """Return the file name that exporting proposes."""
        raise NotImplementedError

    def export(self, form: str) -> Iterator[bytes]:
        """Yield what the tree shows as ``JSON`` or ``MARKDOWN``."""
        raise NotImplementedError

    # -- to disk -----------------------------------------------------------------------------------------

    async def ask_and_extract(self, analysis: Analysis, path: str, layer: int | None, where: str) -> None:
        """Extract a file or folder as of a layer, after asking where to; ``where`` says which one it is."""
        answer = await self.app.push_screen_wait(
            Ask("Extract", f"Extract {escape(path)} {where} into the folder:", ("Extract", "Cancel"), str(Path.cwd()))
        )
        if answer is not None:
            await self._extract(analysis, path, Path(answer[1]).expanduser(), layer)

    async def _extract(
        self, analysis: Analysis, path: str, folder: Path, layer: int | None, force: bool = False
    ) -> None:
        from ..extract import extract

        try:
            result = await asyncio.to_thread(extract, analysis, path, folder, as_of=layer, force=force)
        except UsageError as error:
            # Something is there already.
            answer = await self.app.push_screen_wait(Ask("Overwrite?", escape(str(error)), ("Overwrite", "Cancel")))
            if answer is not None and not force:
                await self._extract(analysis, path, folder, layer, force=True)
            return
        except ImgscopeError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        words = f"{quantity(result.count, 'path')}, {size(result.bytes)}, written to {escape(str(folder))}"
        if result.skipped:
            words += f"; left out: {escape('; '.join(result.skipped[:3]))}"
            if result.left_out > 3:
                words += f"; and {result.left_out - 3:,} more"
        self.notify(words, markup=False)

    def refuse_special(self, path: str, kind: str) -> bool:
        """Say that a device or FIFO can't be extracted; return whether it is one."""
        special = kind in ("character", "block", "fifo")
        if special:
            words = f"{escape(path)} is a {kind} special file: it can't be extracted."
            self.notify(words, severity="warning", markup=False)
        return special

    @work(exclusive=True, group="disk")
    async def action_export(self) -> None:
        """Write what the tree shows to a file, after asking where to."""
        if self.rows is None or self.rows.view is None:
            return
        answer = await self.app.push_screen_wait(
            Ask(
                "Export",
                f"Write the {quantity(len(self.rows.nodes), 'line')} of the tree to a file; .md writes Markdown, "
                ".json JSON:",
                ("Export", "Cancel"),
                str(Path.cwd() / self.export_name()),
            )
        )
        if answer is None:
            return
        target = Path(answer[1]).expanduser()
        form = MARKDOWN if target.suffix in (".md", ".markdown") else JSON
        if target.exists():
            sure = await self.app.push_screen_wait(
                Ask("Overwrite?", f"{escape(str(target))} exists already.", ("Overwrite", "Cancel"))
            )
            if sure is None:
                return
        from ..output import write_whole

        try:
            await asyncio.to_thread(write_whole, target, self.export(form))
        except ImgscopeError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.notify(f"Written: {escape(str(target))}", markup=False)

    def action_copy(self) -> None:
        """Copy the selected path to the clipboard."""
        path = self.selected_path()
        if path is not None:
            text = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            self.copy_text(text, f"Copied: {escape(path)}")

    @work(group="copy")
    async def copy_text(self, text: str, words: str) -> None:
        """Copy a text to the clipboard; say ``words``, and what took it."""
        await copy_and_tell(self, text, words)

    def action_help(self) -> None:
        """List all keys."""
        chosen = getattr(getattr(self.app, "settings", None), "keys", {})
        self.app.push_screen(HelpScreen(self.keys, self.signs, chosen))
