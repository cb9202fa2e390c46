"""What is seen while the image is exported and read: where it is from, how far the work is, how to leave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import compress
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import ProgressBar, Static

from ..escape import escape
from ..report.sizes import quantity, size
from .aside import aside
from .containers import Row
from .key_bar import bindings
from .keys import KEYS
from .layers.pane import one_line
from .text import clip
from .tree.one_layer import OneLayerPane, described, laid_out
from .widgets import Lines

if TYPE_CHECKING:
    from ..archive.image import OpenImage
    from ..layer.index import LayerIndex
    from ..sources.backend import Step


# Seconds after which a layer under the cursor is one that is looked at.
_PASSING = 0.3


class Cancelled(BaseException):
    """The person left: the work is to end. No ``Exception``, so that nothing on the way takes it for a failure."""


@dataclass
class Outline:
    """An image before its layers are read: of each its stored size, ``None`` if not known, and its instruction."""

    words: str
    stored: Sequence[int | None]
    instructions: Sequence[str]
    content: dict[int, int] = field(default_factory=dict)
    """Content bytes of the layers that were read already."""
    expected: Sequence[int | None] = ()
    """Content bytes of each layer as an engine tells them."""
    passed: int = 0
    """Layers that streamed by and were read."""
    indexes: dict[int, LayerIndex] = field(default_factory=dict)
    """The layers that were read already."""

    def take(self, size: int) -> None:
        """Note that some layer with so many content bytes was read; of those of one size it does not matter which."""
        self.passed += 1
        for layer, expected in enumerate(self.expected):
            if expected == size and layer not in self.content:
                self.content[layer] = size
                break


# Instructions that never make a layer.
_EMPTY = {"ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER"}
_EMPTY |= {"ONBUILD", "SHELL", "STOPSIGNAL", "USER", "VOLUME"}


def foreseen(layers: int, steps: Sequence[Step], platform: str) -> Outline:
    """Return what an engine tells of an image; instructions and sizes as far as it is sure which layer they are of."""
    from ..history import read_history
    from ..secrets.config import redact_config

    history = [{"created_by": step.created_by, "comment": step.comment} for step in steps]
    cleaned, _ = read_history(redact_config({"history": history}).config, len(steps))
    words = [step.instruction for step in cleaned]
    for makes in (
        [step.bytes > 0 for step in steps],
        [step.bytes > 0 or word.partition(" ")[0] not in _EMPTY for step, word in zip(steps, words, strict=True)],
    ):
        if sum(makes) == layers:
            break
    else:
        makes, steps, words = [True] * layers, [], []
    written = f"{quantity(layers, 'layer')}{f' · {escape(platform)}' if platform else ''}"
    return Outline(
        written,
        [None] * layers,
        list(compress(words, makes)) or [""] * layers,
        expected=[step.bytes for step in compress(steps, makes)] or [None] * layers,
    )


def outline(image: OpenImage) -> Outline:
    """Return what manifest and config tell."""
    from ..history import read_history
    from ..secrets.config import redact_config

    steps, _ = read_history(redact_config(image.config).config, len(image.layers))
    made = {step.layer: step.instruction for step in steps if step.layer is not None}
    stored = [blob.size for blob in image.layers]
    words = f"{quantity(len(stored), 'layer')} · {escape(image.platform)}"
    if stored and None not in stored:
        words += f" · {size(sum(count or 0 for count in stored))} stored"
    return Outline(words, stored, [made.get(number, "") for number in range(len(stored))])


class OutlinePane(Lines):
    """A line for each layer: how large it is as it is stored, what it holds once it was read, what made it."""

    def __init__(self, *, id: str) -> None:
        """Show nothing yet."""
        super().__init__(id=id)
        self.outline: Outline | None = None

    def count(self) -> int:
        """Return the number of layers."""
        return len(self.outline.stored) if self.outline is not None else 0

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        return f"{'#':>6}{'Stored':>10}{'Size':>10}  Instruction"

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one layer's line."""
        assert self.outline is not None
        stored, content = self.outline.stored[row], self.outline.content.get(row)
        quiet = self.part("lines--quiet")
        written = "" if stored is None else size(stored)
        expected = self.outline.expected[row] if self.outline.expected else None
        held = expected if content is None else content
        start = f"{row:>6}{written:>10}{'…' if held is None else size(held):>10}  "
        text = one_line(self.outline.instructions[row] or "(no instruction known)")
        return [Segment(start, quiet if content is None else None), Segment(clip(text, width - len(start)))]


class ScreenProgress:
    """Counts bytes for the screen; the work's thread writes, the screen reads now and then."""

    def __init__(self) -> None:
        """Count from nothing."""
        self.what = "opening the image"
        self.total: int | None = None
        self.done = 0
        self.began = time.monotonic()
        self.outline: Outline | None = None
        """What is known of the image, once anything is."""
        self.heeded = False
        """Whether the layer that the person waits for is read first."""
        self._chosen: tuple[int, float] | None = None
        self._cancelled = threading.Event()

    def expected(self, layers: int, steps: Sequence[Step], platform: str) -> None:
        """Take note of what an engine says of the image. Raises ``Cancelled``."""
        self.advance(0)
        self.outline = foreseen(layers, steps, platform)

    def passed(self, index: LayerIndex) -> None:
        """Take note of a layer that streamed by. Raises ``Cancelled``."""
        self.advance(0)
        if self.outline is not None:
            self.outline.take(index.content_bytes)

    def opened(self, image: OpenImage) -> None:
        """Take note of what manifest and config tell. Raises ``Cancelled``."""
        self.advance(0)
        self.outline = outline(image)

    def scanned(self, layer: int, index: LayerIndex) -> None:
        """Take note of a layer that was read. Raises ``Cancelled``."""
        self.advance(0)
        if self.outline is not None:
            self.outline.indexes[layer] = index
            self.outline.content[layer] = index.content_bytes

    def choose(self, layer: int) -> None:
        """Take note that the person looks at a layer now."""
        self._chosen = layer, time.monotonic()

    @property
    def chosen(self) -> int | None:
        """The layer that the person chose to look at; ``None``: none yet."""
        return self._chosen[0] if self._chosen is not None else None

    def awaited(self) -> int | None:
        """Return the layer that the person waits for: one that was passed in going to another is none."""
        self.heeded = True
        chosen = self._chosen
        return chosen[0] if chosen is not None and time.monotonic() - chosen[1] > _PASSING else None

    def cancel(self) -> None:
        """End the work at its next report."""
        self._cancelled.set()

    def start(self, total: int | None, what: str) -> None:
        """Begin ``what``, of ``total`` bytes. Raises ``Cancelled``."""
        self.advance(0)
        self.what, self.total, self.done, self.began = what, total, 0, time.monotonic()

    def advance(self, count: int) -> None:
        """Count bytes. Raises ``Cancelled``."""
        if self._cancelled.is_set():
            raise Cancelled
        self.done += count

    def finish(self) -> None:
        """End what was begun. Raises ``Cancelled``."""
        self.start(None, "putting the layers together")


class LoadingScreen(Screen[None]):
    """A box with a bar, and above it what is known of the image already."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "app.quit", "Quit"),
        Binding("escape", "leave", "Back", show=False),
        *bindings(tuple(key for key in KEYS if key.name in ("next_pane", "previous_pane"))),
        *bindings(tuple(key for key in KEYS if key.name in ("toggle_folder", "open", "close", "choose"))),
    ]

    def __init__(self, reference: str, progress: ScreenProgress, leave: Callable[[], object] | None = None) -> None:
        """Show ``progress`` of reading ``reference``; Esc does ``leave``, if there is something to go back to."""
        super().__init__()
        self._leave = leave
        self.reference = reference
        self.progress = progress
        self._shown: tuple[int, bool] | None = None

    def compose(self) -> ComposeResult:
        """Make the list of layers and the files of the selected one, which show once they are known, and the box."""
        yield Static("", id="title")
        with Row(id="read"):
            yield OutlinePane(id="outline")
            yield OneLayerPane(id="own")
        with Vertical(id="loading"):
            yield Static(escape(self.reference), markup=False)
            yield ProgressBar(show_eta=False, id="bar")
            yield Static("", id="what", classes="quiet", markup=False)
            yield Static(self._ways_out, id="leave", classes="quiet")

    @property
    def _ways_out(self) -> str:
        return "q leaves" if self._leave is None else "Esc goes back, q leaves"

    def action_leave(self) -> None:
        """Go back, where there is something to go back to."""
        if self._leave is not None:
            self._leave()

    def on_mount(self) -> None:
        """Look at the progress now and then."""
        self.set_interval(0.1, self._look)
        self._look()

    @property
    def list_pane(self) -> OutlinePane:
        """The list of layers."""
        return self.query_one(OutlinePane)

    @property
    def own(self) -> OneLayerPane:
        """The files of the selected layer."""
        return self.query_one(OneLayerPane)

    @property
    def path(self) -> bytes | None:
        """The path that the person went to, if any."""
        own = self.own
        return own.paths.path(own.node) if own.has_focus and own.paths is not None and own.node >= 0 else None

    def _show_outline(self, pane: OutlinePane, known: Outline) -> None:
        pane.outline = known
        pane.border_title = f"Layers {len(known.stored):,}"
        title = Text(no_wrap=True, overflow="ellipsis")
        title.append(escape(self.reference), style="bold")
        self.query_one("#title", Static).update(title.append(f"  {known.words}"))
        self.add_class("outlined")
        # The largest is read first.
        pane.reload(max(range(len(known.stored)), key=lambda layer: known.stored[layer] or 0, default=0))
        pane.focus()

    def _look(self) -> None:
        progress = self.progress
        pane = self.list_pane
        if progress.outline is not None:
            if pane.outline is not progress.outline:
                self._show_outline(pane, progress.outline)
            pane.refresh()
            self._show_own(progress.outline)
        self.query_one("#bar", ProgressBar).update(total=progress.total or None, progress=progress.done)
        words = progress.what
        if progress.outline is not None and progress.outline.passed:
            words += f", {progress.outline.passed:,} of {quantity(len(progress.outline.stored), 'layer')}"
        if progress.done:
            elapsed = max(time.monotonic() - progress.began, 0.1)
            words += f": {size(progress.done)}, {size(int(progress.done / elapsed))}/s"
        self.query_one("#what", Static).update(words)
        if progress.heeded:
            self.query_one("#leave", Static).update(f"the selected layer is read first · {self._ways_out}")

    # -- the selected layer ------------------------------------------------------------------------------

    def _show_own(self, known: Outline) -> None:
        """Show what the selected layer holds, once it was read."""
        layer = self.list_pane.cursor
        index = known.indexes.get(layer)
        if self._shown == (layer, index is not None):
            return
        self._shown = layer, index is not None
        # Which of an engine's layers streams by is not known before the end.
        self.set_class(bool(known.indexes) or not known.expected, "listing")
        pane = self.own
        pane.border_title = f"Layer {layer}"
        pane.border_subtitle = described(index) if index is not None else "not read yet"
        pane.paths = pane.rows = None
        pane.reload(0)
        if index is not None:
            self._lay_out(layer, index)

    @work(exclusive=True, exit_on_error=False, group="own")
    async def _lay_out(self, layer: int, index: LayerIndex) -> None:
        pane = self.own
        paths, rows = await aside(partial(laid_out, index, pane.page * 2 // 3))
        if self.list_pane.cursor == layer:
            pane.number = layer
            pane.start(paths, rows)

    @on(Lines.Moved, "#outline")
    def _layer_selected(self) -> None:
        known = self.progress.outline
        if known is not None and self._shown is not None:
            self.progress.choose(self.list_pane.cursor)
            self._show_own(known)

    @on(Lines.Chosen, "#outline")
    def _layer_chosen(self) -> None:
        self.action_next_pane()

    def action_next_pane(self) -> None:
        """Go from the layers to the files, and back."""
        (self.list_pane if self.own.has_focus or not self.own.display else self.own).focus()

    action_previous_pane = action_next_pane

    def action_choose(self) -> None:
        """Go to the files of the selected layer; there, open or close a folder."""
        if self.own.has_focus:
            self.own.fold()
        else:
            self.action_next_pane()

    def action_toggle_folder(self) -> None:
        """Open or close the folder under the cursor."""
        if self.own.has_focus:
            self.own.fold()

    def action_open(self) -> None:
        """Open a folder, or step into it; from the layers go to the files."""
        self.own.step_in() if self.own.has_focus else self.action_next_pane()

    def action_close(self) -> None:
        """Close a folder, or step out of it."""
        if self.own.has_focus:
            self.own.step_out()
