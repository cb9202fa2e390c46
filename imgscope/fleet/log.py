"""What a scan tells meanwhile: a line on a terminal, lines of JSON for machines, a summary at its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..escape import escape
from ..progress import TerminalProgress, finish_all, terminal_progress
from ..report.sizes import quantity, size
from .model import Trouble

if TYPE_CHECKING:
    from .scan import Scan

# Seconds between two lines of JSON that tell how far it is.
_EVERY = 5.0


class Log:
    """Tells of one scan on standard error; its result goes to standard output."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._last = time.monotonic()

    @contextmanager
    def showing(self, scan: Scan) -> Iterator[None]:
        """Draw a line on a terminal meanwhile."""
        drawn = None
        if not self._json and isinstance(terminal := terminal_progress(), TerminalProgress):
            drawn = _Line(scan, terminal)
            drawn.start(None, "scanning")
        try:
            yield
        finally:
            if drawn is not None:
                drawn.finish()

    def told(self, scan: Scan) -> None:
        """Take note that something was done."""
        if self._json and time.monotonic() - self._last > _EVERY:
            self._last = time.monotonic()
            self._write("progress", **_figures(scan))

    def trouble(self, trouble: Trouble) -> None:
        """Tell of what can't be read, at once."""
        if self._json:
            self._write("trouble", reference=escape(trouble.reference), why=trouble.why)
        else:
            finish_all()
            reference, why = escape(trouble.reference), escape(trouble.why)
            # Many errors begin with the path themselves.
            print(f"imgscope: {why if why.startswith(reference) else f'{reference}: {why}'}", file=sys.stderr)

    def interrupted(self, scan: Scan) -> None:
        """Say what to do after an end that was not the scan's own."""
        if self._json:
            self._write("interrupted", **_figures(scan))
        else:
            finish_all()
            print(f"imgscope: stopped after {quantity(scan.done, 'image')}; run it again to go on", file=sys.stderr)

    def done(self, scan: Scan) -> None:
        """Say what became of the scan."""
        if self._json:
            self._write("done", **_figures(scan))
        found = scan.summary
        words = f"{quantity(found.images, 'image')} read, {found.held:,} known"
        if found.artifacts:
            words += f", {quantity(found.artifacts, 'artifact')} passed over"
        if found.elsewhere:
            words += f", {found.elsewhere:,} with no such platform"
        if found.troubles:
            words += f", {len(found.troubles):,} not readable"
        print(words)
        print(f"{quantity(found.layers, 'layer')} read: {size(found.read_bytes)}; shared: {size(found.shared_bytes)}")
        if not self._json and found.troubles:
            print("not readable:", file=sys.stderr)
            for trouble in found.troubles:
                print(f"  {escape(trouble.reference)}", file=sys.stderr)

    def _write(self, event: str, **more: Any) -> None:
        from ..report.portable import dumps_row

        row = {"time": datetime.now(UTC).isoformat(timespec="seconds"), "event": event, **more}
        print(dumps_row(row).decode(), file=sys.stderr, flush=True)


def _figures(scan: Scan) -> dict[str, Any]:
    found = scan.summary
    seconds = time.monotonic() - scan.began
    return {
        "found": scan.found,
        "found_all": scan.found_all,
        "done": scan.done,
        "read": found.images,
        "known": found.held,
        "artifacts": found.artifacts,
        "no_such_platform": found.elsewhere,
        "troubles": len(found.troubles),
        "layers": found.layers,
        "read_bytes": found.read_bytes,
        "shared_bytes": found.shared_bytes,
        "seconds": round(seconds, 1),
        "seconds_left": left(scan),
    }


def left(scan: Scan) -> int | None:
    """Return about how many seconds what was found so far will take."""
    seconds, done = time.monotonic() - scan.began, scan.done
    return int((scan.found - done) * seconds / done) if done and seconds > 1 else None


class _Line(TerminalProgress):
    """The line on a terminal."""

    def __init__(self, scan: Scan, terminal: TerminalProgress) -> None:
        super().__init__(terminal._fd)
        self._scan = scan

    def line(self, elapsed: float, width: int) -> str:
        """Return the line after so many seconds."""
        scan, found = self._scan, self._scan.summary
        more = "" if scan.found_all else "+"
        parts = [
            f"{scan.done:,} of {scan.found:,}{more} images",
            f"{scan.done / max(elapsed, 0.1):.1f}/s",
            f"{size(found.read_bytes)} read",
            f"{size(found.shared_bytes)} shared",
            *([f"{len(found.troubles):,} not readable"] if found.troubles else []),
            f"{int(elapsed)} s",
            *([f"{seconds} s left"] if (seconds := left(scan)) is not None else []),
        ]
        while len(parts) > 1 and len(", ".join(parts)) > width:
            parts.pop()
        return ", ".join(parts)[:width]
