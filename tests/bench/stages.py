"""Where the time of one run goes, stage by stage: ``python -m tests.bench.stages ARCHIVE``, or a whole command line.

Each stage is a function that everything of its kind goes through, so the stages don't add up to the whole: they lie in
one another (``assemble`` waits for ``largest``) and beside one another, in other processes. Wall and processor time
are medians, in milliseconds; *other* marks those that a second process did.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

STAGES = {
    "read and check the archive": "imgscope.archive.open:_open",
    "scan layers, all": "imgscope.scanning:Scanning._scan_all",
    "scan a layer": "imgscope.scanning:Scanning._scan_region",
    "scan a piece": "imgscope.layer.pieces:PlainScan.scan_to",
    "hand indexes over": "imgscope.layer.workers:read",
    "put pieces together": "imgscope.layer.pieces:PlainScan.join",
    "stack": "imgscope.analyzer:Overlay",
    "compare": "imgscope.analyzer:Comparison",
    "dive's figures": "imgscope.analyzer:figures",
    "largest and packages": "imgscope.asides:_largest",
    "estimate compression": "imgscope.asides:_in_file",
    "assemble": "imgscope.analyzer:assemble",
    "rank and roll up waste": "imgscope.analysis:of_waste",
    "all of the analysis": "imgscope.cli.common:load",
    "report": "imgscope.cli.common:write_stdout",
}
_FILE = "IMGSCOPE_BENCH_STAGES"


def _timed(stage: str, function: Callable[..., Any], main: int) -> Callable[..., Any]:
    def measured(*args: Any, **kwargs: Any) -> Any:
        wall, own = time.perf_counter(), time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent = time.perf_counter() - wall, time.process_time() - own
            with open(os.environ[_FILE], "a", encoding="utf-8") as file:
                file.write(json.dumps([stage, os.getpid() != main, *spent]) + "\n")

    return measured


def run(arguments: list[str]) -> None:
    """Run imgscope in this process with every stage measured."""
    for stage, place in STAGES.items():
        module, _, path = place.partition(":")
        *owners, name = path.split(".")
        owner: Any = import_module(module)
        for one in owners:
            owner = getattr(owner, one)
        setattr(owner, name, _timed(stage, getattr(owner, name), os.getpid()))
    from imgscope.__main__ import main

    sys.argv = ["imgscope", *arguments]
    main()


def measure(arguments: list[str], runs: int, notes: Path) -> dict[tuple[str, bool], list[tuple[float, float]]]:
    """Run imgscope some times; return each stage's wall and processor time by run, in seconds."""
    found: dict[tuple[str, bool], list[tuple[float, float]]] = {}
    for _ in range(runs):
        notes.write_text("")
        command = [sys.executable, "-m", "tests.bench.stages", "--run", "--", *arguments]
        subprocess.run(command, env={**os.environ, _FILE: str(notes)}, stdout=subprocess.DEVNULL, check=True)
        sums: dict[tuple[str, bool], tuple[float, float]] = {}
        for line in notes.read_text().splitlines():
            stage, other, wall, own = json.loads(line)
            before = sums.get((stage, other), (0.0, 0.0))
            sums[stage, other] = before[0] + wall, before[1] + own
        for key, pair in sums.items():
            found.setdefault(key, []).append(pair)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Show where the time of one command of imgscope goes.")
    parser.add_argument("--runs", type=int, default=5, help="timed runs (%(default)s)")
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs="+", help="an archive, or a whole command line of imgscope")
    options = parser.parse_args()
    arguments = options.arguments
    if options.run:
        return run(arguments)
    if len(arguments) == 1:
        arguments = ["analyze", arguments[0], "--no-cache"]
    with tempfile.NamedTemporaryFile() as notes:
        found = measure(arguments, options.runs, Path(notes.name))
    print(f"{'stage':<30} {'wall, ms':>9} {'cpu, ms':>9}")
    for stage in STAGES:
        for other in (False, True):
            pairs = found.get((stage, other))
            if pairs:
                wall, own = (1e3 * median(values) for values in zip(*pairs, strict=True))
                print(f"{stage:<30} {wall:9.1f} {own:9.1f}{'  other' if other else ''}")


if __name__ == "__main__":
    main()
