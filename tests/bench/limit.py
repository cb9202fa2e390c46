"""What any program of this kind must do at least, done and nothing else. ``python -m tests.bench.limit WHAT ARCHIVE``

* ``headers``: the tar's bytes are read as its scan reads them, two processes side by side; no header is looked at.
* ``decompress``: the layers are decompressed with the fastest wheel for that, two processes side by side.
"""

from __future__ import annotations

import json
import os
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

PROCESSES = 2
READ = 1 << 17

Layer = tuple[int, int]


def layers(path: Path) -> list[Layer]:
    """Return where each layer of an archive lies in its file, and how long it is."""
    with tarfile.open(path) as tar:
        members = {member.name: member for member in tar}
        manifest = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
        return [(members[name].offset_data, members[name].size) for name in manifest[0]["Layers"]]


def read(path: Path, layer: Layer) -> None:
    """Read a layer's bytes in windows."""
    start, size = layer
    with path.open("rb") as file:
        for position in range(start, start + size, READ):
            os.pread(file.fileno(), READ, position)


def decompress(path: Path, layer: Layer) -> None:
    """Decompress a layer to nowhere."""
    start, size = layer
    with path.open("rb") as file:
        file.seek(start)
        head = os.pread(file.fileno(), 4, start)
        if head[:2] == b"\x1f\x8b":
            from isal import isal_zlib

            engine = isal_zlib.decompressobj(31)
        else:
            from backports import zstd

            engine = zstd.ZstdDecompressor()
        left = size
        while left and (data := file.read(min(1 << 20, left))):
            left -= len(data)
            engine.decompress(data)


def side_by_side(work: Callable[[Path, Layer], None], path: Path) -> None:
    """Deal the layers out to processes, and wait for them."""
    shares: list[list[Layer]] = [[] for _ in range(PROCESSES)]
    for layer in sorted(layers(path), key=lambda layer: -layer[1]):
        min(shares, key=lambda share: sum(size for _, size in share)).append(layer)
    children = []
    for share in shares[1:]:
        child = os.fork()
        if not child:
            for layer in share:
                work(path, layer)
            os._exit(0)
        children.append(child)
    for layer in shares[0]:
        work(path, layer)
    for child in children:
        os.waitpid(child, 0)


def main() -> None:
    side_by_side({"headers": read, "decompress": decompress}[sys.argv[1]], Path(sys.argv[2]))


if __name__ == "__main__":
    main()
