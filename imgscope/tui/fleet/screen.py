"""The screen of a fleet: repositories, images, layers side by side; Enter opens an image in its own view."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from ...errors import ImgscopeError
from ...escape import escape
from ...fleet.questions import browse
from ...fleet.questions.browse import ImageLayer, Overall, Repository, TaggedImage
from ...report.sizes import percent, quantity, size
from ..aside import aside, settle_down
from ..containers import Column, Row
from ..key_bar import bindings
from ..keys import FLEET_KEYS
from ..list_pane import ListPane
from ..loading import Cancelled, LoadingScreen, ScreenProgress
from ..panes import PaneScreen
from ..tree.filter_bar import FilterBar
from ..tree.path_line import PathLine
from ..widgets import Lines
from .panes import ImagesPane, RepositoriesPane, StackPane
from .store import OpenFleet

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ..explorer import Explorer

# Whoever holds an arrow key down wants the last line's images only.
_REST = 0.04
# What is open so soon needs no screen that says that it is being opened.
_SOON = 0.15


class FleetScreen(PaneScreen):
    """All repositories; the images of the selected one; the layers of the selected image."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(FLEET_KEYS)
    keys = FLEET_KEYS
    signs = (("×3", "Three images of the host use the layer"), ("~", "No stored size is known: what it holds counts"))
    panes = ("repositories", "images", "image-layers")

    def __init__(self, fleet: OpenFleet, *, open_folders: bool = False) -> None:
        """Show ``fleet``; with ``open_folders`` images are opened with all of their folders open."""
        super().__init__()
        self.fleet = fleet
        self.rows = None
        self._open_folders = open_folders
        self._overall: Overall | None = None

    def compose(self) -> ComposeResult:
        """Make the panes."""
        yield Static(self._summary(), id="title")
        with Row(id="panes"):
            with Column(id="left"):
                yield RepositoriesPane(id="repositories")
            with Column(id="right"):
                yield ImagesPane(id="images")
                yield StackPane(id="image-layers")
        yield PathLine(id="path")
        yield FilterBar(id="filter")
        yield self.key_bar()

    def on_mount(self) -> None:
        """Show the panes at once; what they hold follows."""
        self.entitle("repositories", "Repositories")
        self.entitle("images", "Images")
        self.entitle("image-layers", "Layers")
        self.query_one(PathLine).show("reading the store…")
        self.repositories.focus()
        self._fill()

    # -- what the panes hold -----------------------------------------------------------------------------

    @property
    def repositories(self) -> RepositoriesPane:
        """The repositories."""
        return self.query_one("#repositories", RepositoriesPane)

    @property
    def images(self) -> ImagesPane:
        """The images of the selected repository."""
        return self.query_one("#images", ImagesPane)

    @property
    def stack(self) -> StackPane:
        """The layers of the selected image."""
        return self.query_one("#image-layers", StackPane)

    @property
    def lists(self) -> tuple[ListPane[Repository] | ListPane[TaggedImage] | ListPane[ImageLayer], ...]:
        """All lists, from left to right."""
        return self.repositories, self.images, self.stack

    @work(exit_on_error=False, group="fill")
    async def _fill(self) -> None:
        """List the repositories; what they waste is added up after that."""
        try:
            found = await aside(lambda: self.fleet.ask(browse.repositories))
            self.repositories.fill(found)
            settle_down()
            self._say()
            self._overall = await aside(lambda: self.fleet.ask(browse.overall))
            self.query_one("#title", Static).update(self._summary())
            wasted = await aside(lambda: self.fleet.ask(browse.repository_waste))
        except ImgscopeError as error:
            self.app.exit(error)
            return
        self.repositories.refill([replace(row, wasted=wasted.get(row.id, 0)) for row in found])
        self._say()

    def _summary(self) -> Text:
        """Write what the whole fleet is."""
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(self.fleet.name, style="bold")
        found = self._overall
        if found is not None:
            text.append(
                f"  {size(found.physical)} stored of {size(found.logical)} summed"
                f" ({percent(found.physical, found.logical)})  {quantity(found.images, 'image')}"
                f"  {quantity(found.tags, 'tag')}  {quantity(found.repositories, 'repository', 'repositories')}"
            )
        return text

    @on(Lines.Moved, "#repositories")
    def _repository_moved(self) -> None:
        self._say()

    @on(Lines.Moved, "#images")
    def _image_moved(self) -> None:
        self._say()

    @on(Lines.Moved, "#image-layers")
    def _layer_moved(self) -> None:
        self._say_path()

    def _say(self) -> None:
        """Tell of what is selected, and show what it holds."""
        self._say_lists()
        self._follow()

    def _say_lists(self) -> None:
        """Write above the lists how much they hold, and below them what is selected."""
        self._say_path()
        for pane, name in zip(self.lists, ("Repositories", "Images", "Layers"), strict=True):
            words = f"{name} {pane.total:,}" if pane.total else name
            assert pane.id is not None
            self.entitle(pane.id, words)
            pane.border_subtitle = f"by {pane.sort}" if pane.sort != next(iter(pane.orders)) else ""

    def _say_path(self) -> None:
        repository, image, layer = (pane.selected for pane in self.lists)
        words = "nothing to show"
        if self.focused is self.stack and isinstance(layer, ImageLayer):
            words = layer.blob or layer.layer
        elif self.focused is self.images and isinstance(image, TaggedImage):
            words = f"{escape(image.reference)}  {escape(image.image)}"
        elif isinstance(repository, Repository):
            words = escape(repository.place)
        self.query_one(PathLine).show(words)

    def watch_focused(self) -> None:
        """Show the keys of the pane that has them now, and what is selected there."""
        super().watch_focused()
        if self.is_mounted:
            self._say_path()

    @work(exclusive=True, exit_on_error=False, group="follow")
    async def _follow(self) -> None:
        """Show the images of the selected repository, and the layers of the selected image."""
        await asyncio.sleep(_REST)
        repository, images, stack = self.repositories.selected, self.images, self.stack
        try:
            if repository is None:
                images.show(None, ())
            elif images.of != repository.id:
                asked = repository.id
                images.show(asked, await aside(lambda: self.fleet.ask(lambda each: browse.images(each, asked))))
            image = images.selected
            if image is None:
                stack.show(None, ())
            elif stack.of != (image.host_id, image.id):
                stack.show(
                    (image.host_id, image.id),
                    await aside(lambda: self.fleet.ask(lambda each: browse.layers(each, image))),
                )
        except ImgscopeError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._say_lists()

    # -- the keys ----------------------------------------------------------------------------------------

    def _here(self) -> int:
        """Return the place of the list that has the keys, or had them before the filter."""
        name = self.filter_bar.target if self.filter_bar.has_class("open") else self.focused and self.focused.id
        return self.panes.index(name) if name in self.panes else 0

    @property
    def filter_bar(self) -> FilterBar:
        """The filter's line."""
        return self.query_one("#filter", FilterBar)

    def action_open(self) -> None:
        """Go to the pane that the line leads to."""
        self.action_pane(self.panes[min(self._here() + 1, len(self.panes) - 1)])

    def action_close(self) -> None:
        """Go back to the pane that led here."""
        self.action_pane(self.panes[max(self._here() - 1, 0)])

    def action_sort(self) -> None:
        """Sort the list that has the keys by the next column."""
        self.lists[self._here()].order()
        self._say()

    def action_filter(self) -> None:
        """Type words that lines of the list are to have."""
        bar, name = self.filter_bar, self.panes[self._here()]
        if bar.has_class("open") and bar.target != name:
            self._clear()
        self.bring(name)
        bar.open(name)

    def action_filter_mode(self) -> None:
        """Do nothing: words are all that these lists are filtered by."""

    def action_leave_filter(self) -> None:
        """Go to what was filtered."""
        self.action_pane(self.filter_bar.target)

    def _clear(self) -> None:
        bar = self.filter_bar
        bar.close()
        self.lists[self.panes.index(bar.target)].filter("")
        self.action_pane(bar.target)
        self._say()

    def action_clear_filter(self) -> None:
        """Clear the filter and leave it; else go back to the pane that led here."""
        if self.filter_bar.has_class("open"):
            self._clear()
        elif self.has_class("zoom"):
            self.action_zoom()
        elif self._here():
            self.action_close()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        if self.filter_bar.has_class("open"):
            self.filter_bar.tell(self.lists[self.panes.index(self.filter_bar.target)].filter(event.text))
            self._say()

    def action_copy(self) -> None:
        """Copy what names the line under the cursor."""
        item = self.lists[self._here()].selected
        if isinstance(item, Repository):
            text = item.place
        elif isinstance(item, TaggedImage):
            text = item.reference
        elif isinstance(item, ImageLayer):
            text = item.blob or item.layer
        else:
            return
        self.copy_text(text.encode("utf-8", "replace").decode(), f"Copied: {escape(text)}")

    # -- an image ----------------------------------------------------------------------------------------

    @on(Lines.Chosen, "#repositories")
    def _repository_chosen(self) -> None:
        self.action_pane("images")

    @on(Lines.Chosen, "#images")
    def _image_chosen(self) -> None:
        self._open_image(None, False)

    @on(Lines.Chosen, "#image-layers")
    def _layer_chosen(self) -> None:
        layer = self.stack.selected
        self._open_image(layer.number if layer is not None else None, False)

    def action_ask_again(self) -> None:
        """Open the image from its reference."""
        self._open_image(None, True)

    @work(exclusive=True, exit_on_error=False, group="open")
    async def _open_image(self, layer: int | None, again: bool) -> None:
        """Open the selected image in its own view, from the store if it has all that it takes."""
        image = self.images.selected
        if image is None:
            return
        progress = ScreenProgress()
        left = asyncio.Event()
        opening = asyncio.ensure_future(aside(partial(self.fleet.analysis, image, progress, again)))
        leaving = asyncio.ensure_future(left.wait())
        await asyncio.wait({opening}, timeout=_SOON)
        loading: LoadingScreen | None = None
        if not opening.done():
            loading = LoadingScreen(image.reference, progress, left.set)
            self.app.push_screen(loading)
            await asyncio.wait({opening, leaving}, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if not opening.done():
            progress.cancel()
            opening.add_done_callback(self._unwanted)
            self._back_to(loading)
            return
        try:
            analysis = opening.result()
        except Cancelled:
            self._back_to(loading)
        except ImgscopeError as error:
            self._back_to(loading)
            self.notify(str(error), severity="error", markup=False)
        else:
            self._show(analysis, layer, loading)

    def _back_to(self, loading: LoadingScreen | None) -> None:
        if loading is not None and self.app.screen is loading:
            self.app.pop_screen()

    def _show(self, analysis: Analysis, layer: int | None, loading: LoadingScreen | None) -> None:
        """Show an image in its own view, and take it away again when Esc leads back."""
        from ..explorer import Explorer

        explorer = Explorer(analysis, open_folders=self._open_folders)
        explorer.leave = partial(self._left, explorer, analysis)
        if loading is not None and self.app.screen is loading:
            self.app.switch_screen(explorer)
        else:
            self.app.push_screen(explorer)
        if layer is not None and layer < len(analysis.layers):
            explorer.call_after_refresh(lambda: setattr(explorer.layer_pane, "cursor", layer))
        note = escape(analysis.notes[-1]).partition(";")[0].capitalize()
        explorer.notify(f"{note}. Esc goes back to the fleet.", markup=False)

    def _left(self, explorer: Explorer, analysis: Analysis) -> None:
        if self.app.screen is explorer:
            self.app.pop_screen()
            self.fleet.release(analysis)

    def _unwanted(self, opening: asyncio.Future[Analysis]) -> None:
        """Close an image that nobody waited for."""
        if not opening.cancelled() and opening.exception() is None:
            self.fleet.release(opening.result())
