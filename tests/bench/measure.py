"""Runs programs and measures them: wall time, processor time, and peak memory of all their processes together."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

SAMPLE = 0.004


@dataclass
class Command:
    """A program to measure. ``shell`` commands go through ``sh``; an exit code not in ``fine`` is an error."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    output: Path | None = None
    fine: tuple[int, ...] = (0,)

    def start(self, prefix: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        target = self.output.open("wb") if self.output else subprocess.DEVNULL
        try:
            return subprocess.Popen(
                [*prefix, *self.argv],
                env={**os.environ, **self.env},
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=target,
                stderr=subprocess.PIPE,
            )
        finally:
            if not isinstance(target, int):
                target.close()

    def check(self, code: int, stderr: bytes) -> None:
        if code not in self.fine:
            raise RuntimeError(
                f"{' '.join(self.argv)[:200]} ended with {code}: {stderr.decode(errors='replace')[-500:].strip()}"
            )


@dataclass
class Times:
    """What the runs of one command took, in seconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.wall)

    @property
    def cpu_median(self) -> float:
        return median(self.cpu)


def once(command: Command) -> tuple[float, float]:
    """Run a command; return its wall time and the processor time of it and its children, in seconds."""
    begin = time.perf_counter()
    process = command.start()
    assert process.stderr is not None
    stderr = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    command.check(process.returncode, stderr)
    return wall, usage.ru_utime + usage.ru_stime


def alternate(commands: Sequence[Command], runs: int, tell: bool = False) -> dict[str, Times]:
    """Run commands in turn, ``runs`` times each, after one round that warms the page cache and is not counted."""
    found = {command.name: Times() for command in commands}
    for number in range(-1, runs):
        for command in commands:
            # What takes long is warm after the others have read it.
            if number < 0 and command.name == "dive":
                continue
            wall, cpu = once(command)
            if number >= 0:
                found[command.name].wall.append(wall)
                found[command.name].cpu.append(cpu)
        if tell:
            print(".", end="", file=sys.stderr, flush=True)
    return found


def _tree(pid: int) -> list[int]:
    found, pending = [], [pid]
    while pending:
        here = pending.pop()
        found.append(here)
        try:
            for task in Path(f"/proc/{here}/task").iterdir():
                pending.extend(map(int, (task / "children").read_text().split()))
        except OSError:
            pass
    return found


def _pss(pid: int) -> int:
    """Return a process's proportional set size in bytes: pages that forked processes share are counted once."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, IndexError):
        pass
    return 0


def peak(command: Command) -> int:
    """Run a command and return its peak memory in bytes: the largest process's, or all processes' together if larger.

    GNU ``time`` starts the program where it is there, for a child of this script begins with this script's own peak.
    """
    helper = shutil.which("time")
    process = command.start([helper, "-q", "-f", "maxrss=%M"] if helper else ())
    assert process.stderr is not None
    together = 0
    os.set_blocking(process.stderr.fileno(), False)
    stderr = b""
    status: int | None = None
    while status is None:
        here = _tree(process.pid)[1 if helper else 0 :]
        together = max(together, sum(map(_pss, here)))
        stderr += process.stderr.read() or b""
        done, code, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
        else:
            time.sleep(SAMPLE)
    stderr += process.stderr.read() or b""
    process.stderr.close()
    process.returncode = status
    command.check(status, stderr)
    largest = usage.ru_maxrss * 1024
    if helper:
        largest = int(stderr.rpartition(b"maxrss=")[2].split()[0]) * 1024
    return max(largest, together)
