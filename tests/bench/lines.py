"""Counts the bytes that the interactive view writes for a key, beside dive: what a slow line must carry.

Each program runs at 140x45: in a tmux session of its own (what it writes is what ``pipe-pane`` gets), or with
``--pty`` in a bare pseudo terminal. Every key is pressed some times, a quiet moment apart; the mean counts. Run it as
``python -m tests.bench.lines [ARCHIVE]``; without an archive one of 160,000 files is made.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.bench.tui import _ESCAPES, COLUMNS, LINES, Program

# A screen that stands this long is all that the key led to.
QUIET = 0.4
PATIENCE = 60.0
# A key that changes nothing within this time changes nothing.
PAUSE = 3.0


class Press(NamedTuple):
    """A key by tmux's name and by its bytes, and what it is counted as; ``""`` only gets there."""

    name: str
    key: str
    sent: bytes


UP, DOWN, TAB, ESCAPE = ("Up", b"\x1b[A"), ("Down", b"\x1b[B"), ("Tab", b"\t"), ("Escape", b"\x1b")


def _typed(text: str) -> list[Press]:
    return [Press("typed letter", char, char.encode()) for char in text]


# Both begin at the first layer, with the layers' pane in charge, and end there.
OURS = [
    *[Press("", "Home", b"\x1b[H")],
    *[Press("layer step", *DOWN)] * 3,
    *[Press("layer step", *UP)] * 3,
    *[Press("change of pane", "2", b"2"), Press("change of pane", "1", b"1")] * 3,
    Press("", "2", b"2"),
    Press("", "E", b"E"),
    *[Press("line down", *DOWN)] * 10,
    Press("", "/", b"/"),
    *_typed("config"),
    Press("", *ESCAPE),
]
THEIRS = [
    *[Press("layer step", *DOWN)] * 3,
    *[Press("layer step", *UP)] * 3,
    *[Press("change of pane", *TAB)] * 6,
    Press("", *TAB),
    *[Press("line down", *DOWN)] * 10,
    Press("", "C-f", b"\x06"),
    *_typed("config"),
]


class Counted(Protocol):
    """A running program whose bytes are counted."""

    def written(self) -> int:
        """Return how much it has written so far."""

    def send(self, press: Press) -> None:
        """Press a key."""

    def end(self) -> None:
        """End it."""


class InTmux:
    """A program in a tmux session of its own."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: Path) -> None:
        self.socket = str(folder / "tmux")
        self.log = folder / "written"
        self.log.touch()
        shell = ["sh", "-c", "read go"]
        self._tmux("-f", os.devnull, "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), *shell, environment={})
        self._tmux("set-option", "-g", "remain-on-exit", "on")
        self._tmux("set-option", "-g", "status", "off")
        self._tmux("resize-window", "-x", str(COLUMNS), "-y", str(LINES))
        self._tmux("pipe-pane", "-O", f"exec cat > {shlex.quote(str(self.log))}")
        words = [f"{name}={value}" for name, value in environment.items()]
        self._tmux("respawn-pane", "-k", shlex.join(["env", *words, *command]))

    def _tmux(self, *words: str, environment: dict[str, str] | None = None) -> str:
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=True).stdout

    def written(self) -> int:
        """Return how much the program has written so far."""
        return self.log.stat().st_size

    def screen(self) -> str:
        """Return what is on the screen."""
        return self._tmux("capture-pane", "-p")

    def wait_for(self, words: str) -> None:
        """Wait until ``words`` are on the screen."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.screen():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{words!r} did not come:\n{self.screen()}")
            time.sleep(0.1)

    def send(self, press: Press) -> None:
        """Press a key."""
        self._tmux("send-keys", press.key)

    def end(self) -> None:
        """End it, and tmux."""
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, check=False)


class InPty:
    """A program in a bare pseudo terminal."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.program = Program(list(command), environment)
        self._count = 0
        self._seen = b""

    def written(self) -> int:
        """Return how much the program has written so far."""
        while data := self.program.read(0.05):
            self._count += len(data)
            self._seen += data
        return self._count

    def wait_for(self, words: str) -> None:
        """Wait until ``words`` were written."""
        deadline = time.monotonic() + PATIENCE
        while words.encode() not in _ESCAPES.sub(b"", self._seen):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{words!r} did not come")
            self.written()

    def send(self, press: Press) -> None:
        """Press a key."""
        os.write(self.program.fd, press.sent)

    def end(self) -> None:
        """End it."""
        self.program.end(b"\x03")
        os.close(self.program.fd)


def settled(program: Counted, before: int) -> int:
    """Return what the program has written once it is quiet after it wrote something; or soon, if it never does."""
    began = time.monotonic()
    while (count := program.written()) == before and time.monotonic() - began < PAUSE:
        time.sleep(0.05)
    while True:
        time.sleep(QUIET)
        now = program.written()
        if now == count:
            return now
        count = now


def count(program: InTmux | InPty, ready: str, keys: Sequence[Press]) -> dict[str, list[int]]:
    """Press keys, and return the bytes that each led to."""
    found: dict[str, list[int]] = {}
    try:
        program.wait_for(ready)
        time.sleep(2)
        found["first screen"] = [settled(program, 0)]
        before = found["first screen"][0]
        for press in keys:
            program.send(press)
            after = settled(program, before)
            if press.name:
                found.setdefault(press.name, []).append(after - before)
            before = after
    finally:
        program.end()
    return found


def table(counted: dict[str, dict[str, list[int]]]) -> str:
    """Return a table: a row a kind of key, a column a program, and how many times dive's bytes ours are."""
    names = list(counted)
    rows = [["bytes written", *names, *([f"times {names[1]}'s"] if len(names) > 1 else [])]]
    for kind in counted[names[0]]:
        means = [statistics.fmean(some[kind]) if kind in some else 0 for some in counted.values()]
        row = [kind, *(f"{number:,.0f}" for number in means)]
        if len(names) > 1 and means[1]:
            row.append(f"{means[0] / means[1]:.1f}")
        rows.append(row)
    return "\n".join(f"{row[0]:<16}" + "".join(f"{cell:>14}" for cell in row[1:]) for row in rows)


def main() -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("archive", nargs="?", type=Path)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bench")
    parser.add_argument("--pty", action="store_true", help="a bare pseudo terminal in place of tmux")
    parser.add_argument("--colours", choices=("16", "256", "truecolor"), default="256")
    parser.add_argument("--no-dive", action="store_true")
    parser.add_argument("--all", action="store_true", help="show the bytes of each key")
    options = parser.parse_args()
    archive = options.archive
    if archive is None:
        from tests.bench.archives import make

        archive = make(options.folder, "files-160k", ["plain"], lambda text: print(text, file=sys.stderr))["plain"]
    colours = {"16": ("screen", ""), "256": ("screen-256color", ""), "truecolor": ("screen-256color", "truecolor")}
    term, colorterm = colours[options.colours]
    programs = {"imgscope": ([sys.executable, "-m", "imgscope", "analyze", str(archive)], "Files up to", OURS)}
    dive = shutil.which("dive") or shutil.which("dive", path=str(Path(sys.executable).parent))
    if dive and not options.no_dive:
        theirs = [dive, "--ignore-errors", "--source", "docker-archive", str(archive)]
        programs["dive"] = (theirs, "Current Layer Contents", THEIRS)
    counted = {}
    for name, (command, ready, keys) in programs.items():
        with tempfile.TemporaryDirectory() as folder:
            environment = {"TERM": term, "COLORTERM": colorterm, "IMGSCOPE_CACHE_DIR": folder, "CI": ""}
            environment["PYTHONPATH"] = str(Path(__file__).parents[2])
            program = InPty(command, environment) if options.pty else InTmux(command, environment, Path(folder))
            counted[name] = count(program, ready, keys)
    print(table(counted))
    if options.all:
        print(counted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
