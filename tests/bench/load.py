"""Large images: a million files, twenty gigabytes; and five hundred analyses in one process.

python -m tests.bench.load [--folder DIR]    # some minutes; 2 GB on disk (the 20 GB are a hole)
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import imgscope
from tests.archive.images import Image, docker_archive, write_tar
from tests.hostile.test_named import many

FIXTURE = Path(__file__).parents[2] / "fixtures/webapp.tar"
END = bytes(1024)


def of_files(folder: Path, count: int) -> Path:
    """Write an image of ``count`` empty files in directories of 1,000 (at most 10 million)."""
    path = folder / f"files-{count}.tar"
    if not path.exists():
        write_tar(path, docker_archive(Image((many(count),), extra={"history": []}), style="digest"))
    return path


def of_gigabytes(folder: Path, gigabytes: int) -> Path:
    """Write an image of one layer with files of 1 GB that are holes on disk."""
    path = folder / f"gigabytes-{gigabytes}.tar"
    if path.exists():
        return path
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}
    manifest = [{"Config": "config.json", "RepoTags": ["x:1"], "Layers": ["layer.tar"]}]
    size = 1 << 30
    with path.open("wb") as target:
        for name, data in (("config.json", config), ("manifest.json", manifest)):
            text = json.dumps(data).encode()
            target.write(_header(name, len(text)) + text + bytes(-len(text) % 512))
        target.write(_header("layer.tar", gigabytes * (size + 512) + len(END)))
        for number in range(gigabytes):
            target.write(_header(f"f{number}", size))
            target.seek(size, os.SEEK_CUR)
        target.write(END + END)
    return path


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def measured(path: Path) -> tuple[float, int]:
    """Analyse in a process of its own; return seconds and the peak of its memory in bytes."""
    code = (
        "import sys, resource; from imgscope.cli import run; run(sys.argv[1:]); "
        "line = next(x for x in open('/proc/self/status') if x.startswith('VmHWM')); sys.stderr.write(line.split()[1])"
    )
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, "analyze", str(path), "--no-cache", "--no-tui"], capture_output=True, check=True
    )
    return time.perf_counter() - start, int(done.stderr) * 1024


def soak(count: int, say: Callable[[str], None]) -> None:
    """Analyse one image many times in this process and tell its memory on the way."""
    for number in range(1, count + 1):
        with imgscope.analyze(FIXTURE, cache=False) as analysis:
            list(analysis.files)
        if number in (10, 50, 100, 250, 500):
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            say(f"after {number:>3} analyses {resident / 1e6:8.1f} MB")


def main() -> int:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(description="Analyse large images, and one many times.")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "imgscope-load")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for count in (250_000, 500_000, 1_000_000):
        seconds, peak = measured(of_files(folder, count))
        print(f"{count:>9,} files  {seconds:6.2f} s  {peak / 1e6:7.0f} MB", flush=True)
    for gigabytes in (5, 10, 20):
        seconds, peak = measured(of_gigabytes(folder, gigabytes))
        print(f"{gigabytes:>6} GB       {seconds:6.2f} s  {peak / 1e6:7.0f} MB", flush=True)
    soak(500, print)
    return 0


if __name__ == "__main__":
    sys.exit(main())
