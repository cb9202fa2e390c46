"""Runs every command on every archive in one process, and says what came out: starting a process for each would take
longer than all of them.

``python -m tests.determinism.child`` takes a job as JSON on standard input and answers with JSON; what was printed goes
into a folder, each text once, named by its digest.
"""

from __future__ import annotations

import gc
import hashlib
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.determinism.commands import commands


def with_processes(count: int) -> None:
    """Have any piece of work, however small, shared among so many processes."""
    import imgscope.asides
    import imgscope.contents
    import imgscope.differences.files
    import imgscope.layer.cuts
    import imgscope.layer.workers
    import imgscope.report.json

    os.sched_getaffinity = lambda _: set(range(count))
    for module in (imgscope.contents, imgscope.layer.workers, imgscope.differences.files):
        module.WORTHWHILE = 0
    imgscope.report.json.MANY_ROWS = imgscope.layer.cuts.MANY = 0
    imgscope.asides.MANY_ENTRIES = imgscope.asides.MANY_BLOCKS = 0


@contextmanager
def cache_as(way: str, shared: Path, own: Path) -> Iterator[None]:
    """Have a cache: ``shared`` as it is (``warm``), or with a kind of record lost; else an empty one."""
    if way in ("no layers", "no images") and shared.exists():
        shutil.copytree(shared, own)
        shutil.rmtree(own / way.removeprefix("no "), ignore_errors=True)
    os.environ["IMGSCOPE_CACHE_DIR"] = str(shared if way == "warm" else own)
    yield
    shutil.rmtree(own, ignore_errors=True)


def run(arguments: list[str], keep: Callable[[bytes], str]) -> list[object]:
    """Run a command line; return its exit code and the digests of what it printed."""
    from imgscope.cli import run

    kept = sys.stdout, sys.stderr
    printed = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in kept]
    sys.stdout, sys.stderr = printed
    try:
        code = run(arguments)
    finally:
        sys.stdout, sys.stderr = kept
    return [code, *(keep(stream.buffer.getvalue()) for stream in printed)]


def main() -> None:
    job = json.load(sys.stdin)
    with_processes(job["processes"])
    folder = Path(job["folder"])
    own = folder / f"cache.{os.getpid()}"

    def keep(data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        if not (folder / name).exists():
            made = folder / f"{name}.{os.getpid()}"
            made.write_bytes(data)
            made.rename(folder / name)
        return name

    answers: dict[str, dict[str, list[object]]] = {way: {} for way in job["ways"]}
    for number, image in enumerate(job["images"]):
        for way in job["ways"]:
            for words in commands(**image):
                # After the command's own name, of which one has two words.
                at = 2 if words[0] == "baseline" else 1
                extra = ["--no-cache"] if way == "no cache" and words[0] != "verify" else []
                with cache_as(way, Path(job["cache"], str(number)), own):
                    answers[way][" ".join(words)] = run([*words[:at], *extra, *words[at:]], keep)
        gc.collect()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
