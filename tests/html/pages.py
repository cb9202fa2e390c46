"""Pages as the command line writes them, and what is in them."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import tarfile
import zlib
from pathlib import Path
from typing import Any

from imgscope.cli import run
from tests.archive.images import Image, docker_archive, write_tar

PAGE_BYTES = 400_000
"""What a page may take beside its data."""


def write(path: Path, *arguments: object) -> Path:
    """Run a command that writes a page (``-o html=`` is added), and return where it lies."""
    code = run([*map(str, arguments), "-o", f"html={path}"])
    assert code in (0, 1), arguments
    return path


def encoded(page: str) -> str:
    (found,) = re.findall(r'<script type="application/octet-stream" id="data">([A-Za-z0-9+/=]*)</script>', page)
    return found


def decoded(page: str) -> str:
    """Return a page's data as the JSON that it is."""
    return zlib.decompress(base64.b64decode(encoded(page))).decode()


def data(path: Path) -> dict[str, Any]:
    """Return what a page shows."""
    return json.loads(decoded(path.read_text()))


def paths(nodes: dict[str, Any]) -> list[str]:
    """Return the path of each node."""
    names, way, found = nodes["names"].split("\n"), [], []
    for name, depth in zip(names, nodes["depths"], strict=True):
        del way[depth:]
        way.append(name)
        found.append("/".join(way) or "/")
    return found


def many_files(path: Path, count: int) -> Path:
    """Write an image of one layer with so many files, in folders of a hundred."""
    buffer = io.BytesIO()
    tar = tarfile.open(fileobj=buffer, mode="w")  # noqa: SIM115
    rows = []
    for number in range(count):
        name = f"usr/lib/app{number % 7}/part{number // 700}/module_{number}.{('so', 'py', 'txt')[number % 3]}"
        header = tarfile.TarInfo(name)
        header.size = 1 + number % 500
        header.mtime = 1_700_000_000 + number * 60
        rows.append(header.tobuf(tarfile.USTAR_FORMAT) + b"x" * header.size + bytes(-header.size % 512))
    buffer.writelines(rows)
    tar.close()
    buffer.write(bytes(1024))
    layer = buffer.getvalue()
    image = Image([layer], extra={"history": [{"created_by": "RUN make"}]})
    plain = write_tar(path.with_suffix(".plain"), docker_archive(image))
    path.write_bytes(gzip.compress(plain.read_bytes(), 1, mtime=0))
    plain.unlink()
    return path
