"""How fast a fleet is read, and how much memory that takes: python -m tests.bench.fleet [IMAGES] [--jobs N ...]

Small images are made as a docker-registry keeps them, sharing as real ones do: six layers each, of which one is one of
ten bases, one its repository's, four its own. A registry serves them; each scan is a process of its own. Printed are
images a second, the processor's time, the largest memory of any process, the store's layers, what a second scan takes
(and what that is of the first one's time) where nothing and where one tag in a hundred is new, and the same as a loop
of ``imgscope analyze`` over some of them.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.archive.images import Image, layer, manifest_of
from tests.registry.servers import Registry

BASES = [layer(**{f"usr/lib/{base}/{number}": f"{base}{number}" * 40 for number in range(60)}) for base in range(10)]
LOOP = 10


def put(root: Path, repository: str, tag: str, image: Image) -> None:
    """Write an image as a docker-registry stores it: far sooner than it takes one by HTTP."""
    members: dict[str, bytes] = {}
    top = manifest_of(image, members)
    own = root / "repositories" / repository
    for name, data in members.items():
        digest = name.rpartition("/")[2]
        path = root / "blobs" / "sha256" / digest[:2] / digest / "data"
        if not path.exists():
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
        link(own / "_layers" / "sha256" / digest, digest)
    digest = top["digest"].partition(":")[2]
    link(own / "_manifests" / "revisions" / "sha256" / digest, digest)
    link(own / "_manifests" / "tags" / tag / "current", digest)
    link(own / "_manifests" / "tags" / tag / "index" / "sha256" / digest, digest)


def link(folder: Path, digest: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "link").write_text(f"sha256:{digest}")


def fill(root: Path, first: int, last: int) -> None:
    """Make images of these numbers: twenty tags a repository."""
    for number in range(first, last):
        repository = number // 20
        chance = random.Random(number)
        own = [layer(**{f"srv/{number}/{part}/{one}": chance.randbytes(300) for one in range(8)}) for part in range(4)]
        shared = layer(**{f"opt/{repository}/{one}": f"{repository}-{one}" * 30 for one in range(20)})
        put(root, f"team{repository % 7}/app{repository}", f"1.{number}", Image((BASES[repository % 10], shared, *own)))


def scan(address: str, store: Path, jobs: int) -> dict[str, float]:
    """Scan once; return what it took."""
    words = ["fleet", "scan", f"registry:{address}", "--store", str(store), "--jobs", str(jobs)]
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "tests.bench.fleet", "--", *words], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = max(int(line) for line in done.stderr.splitlines() if line.isdecimal())
    return {"seconds": time.monotonic() - began, "cpu": cpu, "MiB": memory / 1024, "said": done.stdout.splitlines()[0]}


def measured(words: list[str]) -> int:
    """Run the command line, and print the most memory that it and its processes took, in KiB."""
    from imgscope import cli

    code = cli.run(words)
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    print(max(resource.getrusage(kind).ru_maxrss for kind in kinds), file=sys.stderr)
    return code


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("images", type=int, nargs="?", default=500)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    count = options.images
    with tempfile.TemporaryDirectory(prefix="imgscope-fleet-") as name:
        folder = Path(name)
        os.environ["IMGSCOPE_CACHE_DIR"] = str(folder / "cache")
        root = folder / "data" / "docker" / "registry" / "v2"
        fill(root, 0, count)
        registry = Registry(folder / "registry", data=folder / "data")
        try:
            for jobs in options.jobs:
                store = folder / f"store{jobs}"
                found = scan(registry.address, store, jobs)
                tell(f"{count} images, {jobs} processes", found, count)
                size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
                print(f"    store {size / count / 1024:.1f} KiB an image, {layers(store):,} layers", flush=True)
            tell("again, nothing new", scan(registry.address, store, jobs), count, found)
            fill(root, count, count + max(1, count // 100))
            tell("again, 1 % new", scan(registry.address, store, jobs), count, found)
            began = time.monotonic()
            for path in sorted(root.glob("repositories/*/*/_manifests/tags/*"))[:LOOP]:
                repository = path.parents[2].relative_to(root / "repositories")
                reference = f"registry:{registry.address}/{repository}:{path.name}"
                words = ["analyze", reference, "--format", "json", "--no-cache"]
                subprocess.run([sys.executable, "-m", "imgscope", *words], check=True, capture_output=True)
            print(f"a loop of imgscope analyze: {LOOP / (time.monotonic() - began):.1f} images/s")
        finally:
            registry.stop()


def layers(store: Path) -> int:
    """Count the layers that a store has."""
    from imgscope.fleet.store import Store

    with Store.open(str(store)).connection() as connection:
        return connection.execute("SELECT count(DISTINCT layer) FROM layers").fetchone()[0]


def tell(what: str, found: dict[str, float], count: int, first: dict[str, float] | None = None) -> None:
    """Print what a scan took, and what that is of the ``first`` one's time."""
    seconds, cpu, memory = found["seconds"], found["cpu"], found["MiB"]
    rate = f"{count / seconds:.1f} images/s, {1000 * cpu / count:.1f} ms of processor an image"
    if first is not None:
        rate += f", {seconds / first['seconds']:.1%} of the time, {cpu / first['cpu']:.1%} of the processor's"
    print(f"{what}: {seconds:.1f} s, {rate}, {memory:.0f} MiB ({found['said']})", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--"]:
        sys.exit(measured(sys.argv[2:]))
    main()
