"""The window in which a Dockerfile is fixed and proven: what is under way, then what came of it."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from ...errors import ImgscopeError
from ...escape import escape
from ...secrets import redact
from ...stopping import Stop, Stopped
from ..dialogs.window import Window

if TYPE_CHECKING:
    from ...fixes.model import Record
    from ...suggestions.model import Suggestions

_EVERY = 0.2
# An image that was built for the proof has no other name; its digest's first digits tell as much.
_DIGEST = re.compile(r"(?:docker:|podman:)?sha256:([0-9a-f]{12})[0-9a-f]{52}")
# Seconds that the program's end waits until the removal of what was built has been started.
_PATIENCE = 3.0


class ProofProgress:
    """Keeps what was begun, and when. Raises ``Stopped`` in the run's thread once somebody has stopped it."""

    def __init__(self, stop: Stop) -> None:
        """Begin with nothing."""
        self.steps: list[tuple[str, float]] = []
        self._stop = stop

    def start(self, total: int | None, what: str) -> None:
        """Begin ``what``."""
        self._stop.look()
        what = _DIGEST.sub(r"\1", what)
        if not self.steps or self.steps[-1][0] != what:
            self.steps.append((what, time.monotonic()))

    def advance(self, count: int) -> None:
        """Count nothing: how long it takes is what matters here."""
        self._stop.look()

    def finish(self) -> None:
        """End what was begun."""
        self._stop.look()


def proof_of(report: Suggestions | None) -> ProofScreen | str:
    """Return the window for the Dockerfile that a report's image is of, or why there is none."""
    if report is None:
        return "The findings are not known yet: 5 looks."
    found = report.dockerfile
    if found is None or not found.belongs:
        return "No Dockerfile here is this image's: there is nothing to prove."
    return ProofScreen(found.dockerfile.path)


class ProofScreen(Window):
    """Fixes a Dockerfile in a thread of its own, and shows how far that is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,F", "leave", "Stop or close"),
        Binding("y", "copy", "Copy the patch", show=False),
    ]

    def __init__(self, dockerfile: str) -> None:
        """Fix ``dockerfile``, which lies in its build context."""
        super().__init__(f"Prove: {escape(dockerfile)}", "y copies the patch, once it is proven")
        self.add_class("wide")
        self.dockerfile = dockerfile
        self.record: Record | None = None
        self.failure: str = ""
        self._stop = Stop()
        self._progress = ProofProgress(self._stop)
        self._ended: float | None = None
        self._thread = threading.Thread(target=self._work, daemon=True, name="prove")

    def content(self) -> ComposeResult:
        """Make the text."""
        yield Static(Text(), id="proof")

    def on_mount(self) -> None:
        """Begin."""
        self._thread.start()
        self._timer = self.set_interval(_EVERY, self._look)
        self._look()

    def on_unmount(self) -> None:
        """Stop what is under way, as when the whole view is left."""
        self._stop.now()
        self._thread.join(_PATIENCE)

    def _work(self) -> None:
        from ...fixes import fix

        try:
            with self._stop.holds():
                self.record = fix(Path(self.dockerfile).parent, self.dockerfile, progress=self._progress)
        except Stopped:
            pass
        except ImgscopeError as error:
            said = [redact(line) for line in getattr(error, "said", ())]
            self.failure = "\n".join([str(error), *(f"    {escape(line)}" for line in said)])
        except Exception as error:
            self.failure = f"it could not be tried: {escape(redact(repr(error)))}"

    def _look(self) -> None:
        """Show how far the work is, or what came of it."""
        if self._thread.is_alive():
            self.query_one("#proof", Static).update(self._under_way())
            return
        self._timer.stop()
        if self._stop.asked:
            self.dismiss(None)
            self.app.notify("Stopped; what was built for it is removed.")
            return
        self.query_one("#proof", Static).update(self._outcome())

    def _under_way(self) -> Text:
        now, steps = time.monotonic(), list(self._progress.steps)
        text = Text()
        ends = [began for _, began in steps[1:]]
        for number, (what, began) in enumerate(steps):
            over = number < len(ends)
            ended = ends[number] if over else now
            text.append(f"{'✓' if over else '…'} {escape(what)}", style="dim" if over else "")
            text.append(f"  {ended - began:.0f} s\n", style="dim")
        words = "Stopping: what was built is removed…" if self._stop.asked else "Nothing is written. Esc stops it."
        return text.append(f"\n{words}", style="dim")

    def _outcome(self) -> Text:
        if self.record is None:
            return Text(self.failure)
        from ...fixes.outputs import renderer
        from ...report import Options

        width = max(self.query_one("#proof").content_size.width, 40)
        data = b"".join(renderer("text")(self.record, Options(width=width, colour=True), secrets=False))
        text = Text.from_ansi(data.decode("utf-8", "replace"))
        if self.record.after is not None:
            text.append("\n\nNothing is written: imgscope fix --write makes these changes.", style="dim")
        return text

    def action_leave(self) -> None:
        """Stop what is under way; close the window once that is over."""
        if self._thread.is_alive():
            self._stop.now()
            self._look()
        else:
            self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the patch."""
        if self.record is not None and self.record.after is not None:
            from ...fixes.outputs.words import patch

            text, hidden = patch(self.record, secrets=False)
            self.app.copy_to_clipboard(text)
            whole = ", to be read: its lines hold secrets, which imgscope fix --format patch writes" if hidden else ""
            self.notify(f"Copied: the patch{whole}")
