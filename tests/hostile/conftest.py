"""The command line on hostile input, with what it took: seconds, peak memory, and what it left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Run:
    """A finished command. ``peak`` is the largest process's peak resident set, in bytes."""

    code: int
    out: bytes
    err: bytes
    seconds: float
    peak: int

    def is_clean(self, *codes: int) -> None:
        """Assert what holds for any input: a known exit code, at most a line of error, nothing raw, no traceback."""
        assert self.code in codes, (self.code, self.err[-500:])
        assert b"Traceback" not in self.err and b"internal error" not in self.err, self.err[-2000:]
        if self.code >= 2:
            assert self.err.count(b"\n") == 1 and self.err.startswith(b"imgscope: "), self.err[-500:]
        for stream in (self.out, self.err):
            assert b"\x1b" not in stream and b"\r" not in stream and b"\x07" not in stream


@pytest.fixture
def run(tmp_path):
    """Run a command in a folder of its own; nothing may be left in it, or in the folder for temporary files."""

    def start(*arguments: object, seconds: float = 60, stdin: Path | None = None, keep: bool = False) -> Run:
        home, scratch = tmp_path / "cwd", tmp_path / "tmp"
        home.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        env = {**os.environ, "TMPDIR": str(scratch), "HOME": str(home), "COLUMNS": "100"}
        begin = time.monotonic()
        with (stdin or Path(os.devnull)).open("rb") as source:
            process = subprocess.Popen(
                [sys.executable, "-m", "imgscope", *map(str, arguments)],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=home,
                env=env,
            )
        watchdog = threading.Timer(seconds, process.send_signal, [signal.SIGKILL])
        watchdog.start()
        errors: list[bytes] = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))
        reader.start()
        peaks = [0]
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peaks, done))
        watcher.start()
        out = process.stdout.read()
        reader.join()
        done.set()
        watcher.join()
        process.wait()
        watchdog.cancel()
        process.stdout.close()
        process.stderr.close()
        took = time.monotonic() - begin
        assert process.returncode != -signal.SIGKILL, f"it did not end within {seconds} s"
        if not keep:
            assert not list(scratch.iterdir()) and not list(home.iterdir())
        return Run(process.returncode, out, errors[0], took, peaks[0])

    return start


def _watch(pid: int, peaks: list[int], done: threading.Event) -> None:
    """Note a process's peak: what the system counts for a child begins with the peak of the one that started it."""
    while not done.wait(0.01):
        try:
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    peaks[0] = max(peaks[0], int(line.split()[1]) * 1024)
        except OSError:
            return
