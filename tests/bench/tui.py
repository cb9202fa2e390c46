"""Measures how long a person waits for the interactive view, and for dive on the same image in the same terminal.

Each program runs in a terminal of its own (a pseudo terminal of 140x45). A key's reaction is the time from the key's
byte to the last byte of the screen that it caused; after a quiet moment the next key is sent. Run it as
``python -m tests.bench.tui [ARCHIVE]``; without an archive one of 160,000 files is made.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

COLUMNS, LINES = 140, 45
# A screen that stands this long is what the key led to; nobody presses keys faster than this.
QUIET = 0.06
PATIENCE = 30.0
_ESCAPES = re.compile(rb"\x1b(\[[0-9;:?<>=]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>78])")


class Program:
    """A program in a terminal of its own."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, {**os.environ, **environment, "TERM": "xterm-256color", "CI": ""})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.peak = 0

    def read(self, patience: float) -> bytes:
        """Return what the program writes next, empty if it writes nothing for so long."""
        if not select.select([self.fd], [], [], patience)[0]:
            return b""
        try:
            return os.read(self.fd, 1 << 16)
        except OSError:
            return b""

    def wait_for(self, words: bytes) -> float:
        """Return the seconds since the start until ``words`` are on the screen."""
        seen = b""
        while time.perf_counter() - self.began < PATIENCE:
            seen += self.read(1.0)
            if words in _ESCAPES.sub(b"", seen):
                return time.perf_counter() - self.began
        raise TimeoutError(f"{words!r} did not come; the screen had {_ESCAPES.sub(b'', seen)[-2000:]!r}")

    def settle(self, quiet: float) -> None:
        """Read until the program is quiet."""
        while self.read(quiet):
            pass

    def press(self, key: bytes) -> float:
        """Return the seconds until the screen that a key leads to is complete; 0 when it changes nothing."""
        began = last = time.perf_counter()
        os.write(self.fd, key)
        waiting = 2.0
        while self.read(waiting):
            last = time.perf_counter()
            waiting = QUIET
        return last - began

    def busy(self) -> float:
        """Return the seconds of processor time that the program's first thread, which draws, has taken (Linux)."""
        try:
            return int(Path(f"/proc/{self.pid}/task/{self.pid}/schedstat").read_text().split()[0]) / 1e9
        except OSError:
            return 0.0

    def memory(self) -> int:
        """Return the most bytes of memory that the program has had (resident)."""
        try:
            text = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(r"VmHWM:\s+(\d+) kB", text)
        return int(found[1]) * 1024 if found else 0

    def end(self, key: bytes) -> None:
        """Leave by the program's own key, else by force."""
        try:
            os.write(self.fd, key)
            deadline = time.perf_counter() + 3
            while time.perf_counter() < deadline:
                self.read(0.05)
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    return
        except OSError:
            pass
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@dataclass
class Measured:
    """What one program did."""

    first: list[float] = field(default_factory=list)
    useful: list[float] = field(default_factory=list)
    keys: dict[str, list[float]] = field(default_factory=dict)
    busy: list[float] = field(default_factory=list)
    """Processor time of the thread that draws, for each key but typed filters: that of a Go program is spread."""
    memory: int = 0

    def at(self, share: float) -> float:
        """Return the reaction that this share of all keys is faster than; typed filters apart."""
        times = sorted(t for name, some in self.keys.items() if not name.startswith("filter") for t in some)
        return times[min(int(len(times) * share), len(times) - 1)] if times else 0.0


UP, DOWN, END, TAB, ESC = b"\x1b[A", b"\x1b[B", b"\x1b[F", b"\t", b"\x1b"
PAGE_UP, PAGE_DOWN = b"\x1b[5~", b"\x1b[6~"


def keys_of_imgscope(rounds: int) -> list[tuple[str, bytes]]:
    """Return the keys of a visit: through the layers, the folders, the tree, the toggles, a filter."""
    visit = [("switch layer", END)] + [("switch layer", UP)] * 4 + [("switch layer", DOWN)] * 4 + [("pane", b"2")]
    visit += [("move", DOWN)] * 5 + [("open a folder", b" "), ("move", DOWN), ("move", DOWN), ("open a folder", b" ")]
    visit += [("open all", b"\x00")] + [("page", PAGE_DOWN)] * 6 + [("page", PAGE_UP)] * 3 + [("move", DOWN)] * 10
    visit += [("switch layer", b"["), ("switch layer", b"["), ("switch layer", b"]"), ("switch layer", b"]")]
    visit += [("toggle", b"U"), ("toggle", b"U"), ("toggle", b"A"), ("toggle", b"A"), ("attributes", b"\x02")] * 2
    visit += [("sort", b"s"), ("sort", b"s"), ("sort", b"s"), ("next change", b"n"), ("next change", b"n")]
    visit += [("close all", b"\x00"), ("filter: open", b"/")]
    visit += [("filter: type", char.encode()) for char in "config"] + [("filter: close", ESC), ("pane", b"1")]
    return visit * rounds


def keys_of_dive(rounds: int) -> list[tuple[str, bytes]]:
    """Return the same visit by dive's keys, as far as it has them. It starts at the first layer, all folders open."""
    visit = [("switch layer", DOWN)] * 4 + [("switch layer", UP)] * 4 + [("pane", TAB)]
    visit += [("move", DOWN)] * 5 + [("open a folder", b" "), ("move", DOWN), ("move", DOWN), ("open a folder", b" ")]
    visit += [("open all", b"\x00")] + [("page", PAGE_DOWN)] * 6 + [("page", PAGE_UP)] * 3 + [("move", DOWN)] * 10
    visit += [
        ("toggle", b"\x15"),
        ("toggle", b"\x15"),
        ("toggle", b"\x01"),
        ("toggle", b"\x01"),
        ("attributes", b"\x02"),
    ]
    visit += [("sort", b"\x0f"), ("sort", b"\x0f"), ("close all", b"\x00"), ("filter: open", b"\x06")]
    visit += [("filter: type", char.encode()) for char in "config"] + [("filter: close", b"\x06"), ("pane", TAB)]
    return visit * rounds


def measure(
    command: list[str],
    first: bytes,
    useful: bytes,
    keys: list[tuple[str, bytes]],
    starts: int,
    environment: dict[str, str],
) -> Measured:
    """Start a program some times, and the last time press the keys."""
    found = Measured()
    for number in range(starts):
        program = Program(command, environment)
        try:
            found.first.append(program.wait_for(first))
            found.useful.append(program.wait_for(useful) if useful != first else found.first[-1])
            program.settle(0.5)
            if number == starts - 1:
                for name, key in keys:
                    before = program.busy()
                    took = program.press(key)
                    # A key that changes nothing (down at the end) says nothing of how fast the others are.
                    if took:
                        found.keys.setdefault(name, []).append(took)
                        if not name.startswith("filter"):
                            found.busy.append(program.busy() - before)
                found.memory = program.memory()
        finally:
            program.end(b"\x03")
            os.close(program.fd)
    return found


def report(names: list[str], measured: list[Measured]) -> str:
    """Return a table, a column a program; milliseconds."""
    rows = [("", *names)]
    rows.append(("first screen (median)", *(f"{statistics.median(m.first) * 1e3:.0f}" for m in measured)))
    rows.append(("tree on the screen (median)", *(f"{statistics.median(m.useful) * 1e3:.0f}" for m in measured)))
    for share, words in ((0.5, "any key, median"), (0.95, "any key, 95th percentile"), (1.0, "any key, slowest")):
        rows.append((words, *(f"{m.at(share) * 1e3:.0f}" for m in measured)))
    busy = [sorted(m.busy) or [0.0] for m in measured]
    cells = [f"{statistics.median(some) * 1e3:.0f} / {some[int(len(some) * 0.95)] * 1e3:.0f}" for some in busy]
    rows.append(("processor time: median / 95th", *cells))
    for name in dict.fromkeys(name for m in measured for name in m.keys):
        cells = []
        for m in measured:
            times = sorted(m.keys.get(name, []))
            cells.append(f"{statistics.median(times) * 1e3:.0f} / {times[-1] * 1e3:.0f}" if times else "-")
        rows.append((f"  {name}: median / slowest", *cells))
    rows.append(("memory, MB", *(f"{m.memory / 1e6:.0f}" for m in measured)))
    return "\n".join(f"{row[0]:<36}" + "".join(f"{cell:>16}" for cell in row[1:]) for row in rows)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("archive", nargs="?", type=Path)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bench")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=2, help="visits of imgscope; dive gets one")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--no-dive", action="store_true")
    options = parser.parse_args()
    archive = options.archive
    if archive is None:
        from tests.bench.archives import make

        archive = make(options.folder, "files-160k", ["plain"], lambda text: print(text, file=sys.stderr))["plain"]
    names, measured = [], []
    with tempfile.TemporaryDirectory() as cache:
        environment = {"IMGSCOPE_CACHE_DIR": cache}
        ours = [sys.executable, "-m", "imgscope", "analyze", str(archive)]
        # Once to fill the cache.
        measure(ours, b"Instruction", b"up to layer", [], 1, environment)
        names.append("imgscope")
        measured.append(
            measure(ours, b"Instruction", b"up to layer", keys_of_imgscope(options.rounds), options.starts, environment)
        )
    dive = shutil.which("dive") or shutil.which("dive", path=str(Path(sys.executable).parent))
    if dive and not options.no_dive:
        theirs = [dive, "--source", "docker-archive", str(archive)]
        names.append("dive")
        words = b"Current Layer Contents"
        measured.append(measure(theirs, words, words, keys_of_dive(1), min(options.starts, 3), {}))
    print(report(names, measured))
    if options.json:
        options.json.write_text(
            json.dumps(
                {
                    n: {"first": m.first, "useful": m.useful, "keys": m.keys, "memory": m.memory}
                    for n, m in zip(names, measured, strict=True)
                },
                indent=1,
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
