"""How long a person waits for ``imgscope fleet open``: python -m tests.bench.fleet_open [IMAGES [LAYERS]].

The store is that of ``fleet_questions``: tables alone. Measured in a terminal of its own, as ``tests.bench.tui``
measures the view of an image: from the start to the frame, to the list of repositories and to their waste; then each
key, from its byte to the last byte of the screen that it leads to, and the processor's time of what draws.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

from .fleet_questions import put
from .tui import Program

RUNS = 5
KEYS = {"down": b"j", "page down": b"d", "last": b"G", "first": b"g", "sort": b"s", "to images": b"l", "back": b"h"}


def processor(pid: int) -> float:
    """Return the seconds of processor time that all threads of a process have taken (Linux)."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def main(images: str = "5000", layers: str = "20400") -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory(prefix="imgscope-fleet-") as folder:
        put(folder, int(images), int(layers), 1)
        first, useful, whole, spent, memory = [], [], [], [], 0
        keys: dict[str, list[float]] = {}
        busy: dict[str, list[float]] = {}
        for _ in range(RUNS):
            command = [sys.executable, "-m", "imgscope", "fleet", "open", "--store", folder]
            program = Program(command, {"PYTHONPATH": os.getcwd(), "PYTHONDONTWRITEBYTECODE": ""})
            first.append(program.wait_for(b"Repositories"))
            useful.append(program.wait_for(b"r.example/team"))
            spent.append(processor(program.pid))
            whole.append(program.wait_for(b"1.6 MB"))
            program.settle(1.0)
            for name, key in list(KEYS.items()) * 3:
                before = program.busy()
                keys.setdefault(name, []).append(program.press(key))
                busy.setdefault(name, []).append(program.busy() - before)
            memory = max(memory, program.memory())
            program.end(b"q")
        for what, found in (("frame", first), ("repositories", useful), ("with waste", whole)):
            print(f"{what:14} {statistics.median(found):5.2f} s (least {min(found):.2f})")
        print(f"processor      {statistics.median(spent):5.2f} s of all threads until the repositories are there")
        for name, found in keys.items():
            median, drawing = statistics.median(found) * 1000, statistics.median(busy[name]) * 1000
            print(f"{name:14} {median:5.1f} ms, {drawing:5.1f} ms of processor")
        print(f"memory {memory / 1048576:.0f} MiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
