"""How near the estimates of compressed sizes come: ``python -m tests.bench.estimates TREE_OR_TAR…``.

Each tree is packed with tar, compressed with gzip -6 and zstd -3, and held against the estimate: whether that is within
5 %, and within the error that was stated.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from imgscope.layer.estimate import most, of_file
from imgscope.report.sizes import percent, size


def _compressed(command: list[str], path: Path) -> int:
    with path.open("rb") as source, subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        total = 0
        while data := process.stdout.read(1 << 20):
            total += len(data)
    return total


def measure(name: str, path: Path) -> str:
    """Return a row for one tar."""
    with path.open("rb") as file:
        length = os.fstat(file.fileno()).st_size
        begin = time.process_time()
        found = of_file(file.fileno(), 0, length, most(length))
        took = time.process_time() - begin
    gzip, zstd = _compressed(["gzip", "-6c"], path), _compressed(["zstd", "-3qc"], path)
    off = found.bytes / gzip - 1
    good = "yes" if abs(off) <= 0.05 else "no"
    stated = "yes" if abs(found.bytes - gzip) <= found.error else "no"
    return (
        f"| {name} | {size(length)} | {most(length)} | {took * 1000:.0f} ms | {size(found.bytes)} "
        f"± {percent(found.error, found.bytes)} | {size(gzip)} | {off:+.1%} | {good} | {stated} "
        f"| {size(zstd)} | {found.bytes / zstd - 1:+.1%} |"
    )


def main() -> None:
    """Measure every tree or tar that is named."""
    print("| what | tar | blocks | time | estimate | gzip -6 | off | within 5 % | as stated | zstd -3 | off |")
    print("|---|---:|---:|---:|---:|---:|---:|---|---|---:|---:|")
    for name in sys.argv[1:]:
        path = Path(name)
        if path.is_file():
            print(measure(path.name, path), flush=True)
            continue
        with tempfile.TemporaryDirectory() as folder:
            packed = Path(folder) / "layer.tar"
            subprocess.run(["tar", "-cf", packed, "-C", path, "."], check=False, stderr=subprocess.DEVNULL)
            print(measure(name, packed), flush=True)


if __name__ == "__main__":
    main()
