"""The rows of what people wait for: the interactive view beside dive's, and a fleet beside a loop over its images."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from unittest import mock

from . import lines, tui
from .rows import Bench, Result

_WORDS, _USEFUL, _DIVE = b"Instruction", b"up to layer", b"Current Layer Contents"
# Images of a fleet that share layers as real ones do, and those of them that a loop reads one by one.
IMAGES, LOOP = 60, 10


def view(bench: Bench) -> list[Result]:
    """Measure the view of 160,000 files: the first useful screen, keys, and the bytes that keys write."""
    path = bench.archive("files-160k")
    environment = {"IMGSCOPE_CACHE_DIR": str(bench.scratch / "view"), "HOME": str(bench.scratch / "home")}
    ours = [*bench.imgscope_program, "analyze", str(path)]
    theirs = [bench.dive_program, "--ignore-errors", "--source", "docker-archive", str(path)]
    tui.measure(ours, _WORDS, _USEFUL, [], 1, environment)
    mine = tui.measure(ours, _WORDS, _USEFUL, tui.keys_of_imgscope(1), bench.runs, environment)
    dive = tui.measure(theirs, _DIVE, _DIVE, tui.keys_of_dive(1), bench.runs, environment)
    useful = {"imgscope": statistics.median(mine.useful), "dive": statistics.median(dive.useful)}
    slow = {"imgscope": mine.at(0.95), "dive": dive.at(0.95)}
    middle = {"imgscope": mine.at(0.5), "dive": dive.at(0.5)}
    results = [
        Result("view, first useful screen, known image", "plain", useful["dive"] / useful["imgscope"], "x dive", 1),
        Result("view, a key, 95th percentile", "plain", slow["dive"] / slow["imgscope"], "x dive", 1),
        Result("view, a key, median", "plain", middle["imgscope"] * 1e3, "ms", 50, None, True),
    ]
    for result, seconds in zip(results, (useful, slow, middle), strict=True):
        result.seconds = seconds
    if shutil.which("tmux") is None:
        bench.say("the bytes that a key writes are left out: there is no tmux")
        return results
    counted = {}
    for name, command, ready, keys in (
        ("ours", ours, "Files up to", lines.OURS),
        ("dive", theirs, _DIVE.decode(), lines.THEIRS),
    ):
        folder = bench.scratch / f"tmux-{name}"
        folder.mkdir()
        program = lines.InTmux(command, {**environment, "TERM": "screen-256color", "COLORTERM": "", "CI": ""}, folder)
        counted[name] = lines.count(program, ready, keys)
    times = {
        kind: statistics.fmean(counted["ours"][kind]) / statistics.fmean(counted["dive"][kind])
        for kind in ("layer step", "change of pane", "line down", "typed letter")
    }
    most = max(times, key=times.__getitem__)
    return [*results, Result("view, bytes that a key writes", most, times[most], "x dive", 3, None, True)]


def fleet(bench: Bench) -> list[Result]:
    """Measure a scan of images that share layers beside a loop of ``imgscope analyze`` (needs ``docker-registry``)."""
    from tests.bench.fleet import fill
    from tests.registry.servers import Registry, missing

    lacking = missing()
    if lacking is not None:
        bench.say(f"the row of a fleet is left out: {lacking}")
        return []
    data = bench.scratch / "fleet"
    fill(data / "docker" / "registry" / "v2", 0, IMAGES)
    with mock.patch.dict(os.environ, IMGSCOPE_CACHE_DIR=str(bench.scratch / "fleet-cache")):
        registry = Registry(bench.scratch / "fleet-registry", data=data)
        try:
            scans, loops = [], []
            for _ in range(bench.runs):
                store = bench.scratch / "store"
                shutil.rmtree(store, ignore_errors=True)
                words = ["fleet", "scan", f"registry:{registry.address}", "--store", str(store)]
                scans.append(_took([*bench.imgscope_program, *words]) / IMAGES)
                began = time.perf_counter()
                for number in range(LOOP):
                    repository = f"team{number // 20 % 7}/app{number // 20}"
                    reference = f"registry:{registry.address}/{repository}:1.{number}"
                    _took([*bench.imgscope_program, "analyze", reference, "--format", "json", "--no-cache"])
                loops.append((time.perf_counter() - began) / LOOP)
        finally:
            registry.stop()
    seconds = {"imgscope": statistics.median(scans), "a loop": statistics.median(loops)}
    ratio = seconds["a loop"] / seconds["imgscope"]
    return [Result("an image of a fleet", f"{IMAGES} images", ratio, "x loop", 5, None, False, seconds)]


def _took(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    return time.perf_counter() - began
