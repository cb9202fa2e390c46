"""Two releases of one program, with a difference of every kind: what the view of a difference is tested with."""

from __future__ import annotations

import random
from pathlib import Path

from imgscope.tui.model.marks import Mark
from tests.archive.images import Image, oci, write_tar
from tests.oracle.maketar import directory, file, hardlink, layer, symlink

# How the view has to mark each kind of difference.
MARKS = {
    "added": Mark.ADDED,
    "removed": Mark.REMOVED,
    "changed": Mark.MODIFIED,
    "type_changed": Mark.TYPE_CHANGED,
    "moved": Mark.MOVED,
    "metadata_only": Mark.METADATA_ONLY,
    "unread": Mark.UNREAD,
}
_RANDOM = random.Random(4)
_SHARED = _RANDOM.randbytes(120_000)
_MODEL = _RANDOM.randbytes(60_000)
_LIBRARY = [_RANDOM.randbytes(90_000), _RANDOM.randbytes(104_000)]
_SECOND = _RANDOM.randbytes(30_000)
_CONFIG = b"".join(b"option%d = %d\n" % (number, number * 7) for number in range(30))


def _status(*packages: tuple[str, str]) -> bytes:
    return "\n".join(
        f"Package: {name}\nStatus: install ok installed\nVersion: {version}\nArchitecture: amd64\n"
        for name, version in packages
    ).encode()


def _packages(*packages: tuple[str, str, str]) -> list[bytes]:
    home = "var/lib/dpkg"
    found = [file(f"{home}/status", _status(*((name, version) for name, version, _ in packages)))]
    return found + [file(f"{home}/info/{name}.list", f"/{path}\n".encode()) for name, _, path in packages]


_BASE = layer(
    directory("etc"),
    file("etc/os-release", b'NAME="Example"\n'),
    file("bin/busybox", _SHARED, mode=0o755),
    symlink("bin/sh", "busybox"),
)
_OLD = (
    _BASE,
    layer(
        *_packages(("libexample", "2.0-1", "usr/lib/libexample.so.2"), ("oldtool", "0.9", "usr/bin/oldtool")),
        file("usr/lib/libexample.so.2", _LIBRARY[0], mode=0o755),
        file("usr/bin/oldtool", _SECOND[:9000], mode=0o755),
    ),
    layer(
        file("srv/app/config.ini", _CONFIG),
        file("srv/app/main.py", b"print('one')\n" * 200),
        file("srv/app/models/small.bin", _MODEL),
        file("srv/app/plugins", b"one plugin\n"),
        file("srv/app/run.sh", b"#!/bin/sh\nexec main\n", mode=0o644),
        file("srv/app/notes.txt", b"to do\n" * 500),
        hardlink("srv/app/notes-link.txt", "srv/app/notes.txt"),
    ),
)
_NEW = (
    _BASE,
    layer(
        *_packages(("libexample", "2.1-3", "usr/lib/libexample.so.2"), ("newtool", "1.0", "usr/bin/newtool")),
        file("usr/lib/libexample.so.2", _LIBRARY[1], mode=0o755),
        file("usr/bin/newtool", _SECOND, mode=0o755),
    ),
    layer(
        file("srv/app/config.ini", _CONFIG.replace(b"option7 = 49\n", b"option7 = 50\nnew = yes\n")),
        file("srv/app/main.py", b"print('one')\n" * 200),
        file("srv/app/data/model.bin", _MODEL),
        directory("srv/app/plugins"),
        file("srv/app/plugins/first.py", b"plugin = 1\n"),
        file("srv/app/run.sh", b"#!/bin/sh\nexec main\n", mode=0o755, uid=1000),
    ),
    layer(file("srv/app/static/logo.bin", _SECOND[::-1])),
)
_INSTRUCTIONS = [
    "ADD rootfs.tar /",
    "RUN apt-get update && apt-get install -y {}",
    "COPY . /srv/app",
    "COPY static /srv/app/static",
]


def write_pair(folder: Path) -> tuple[Path, Path]:
    """Write both archives; return their paths, OLD's first."""
    found = []
    for name, layers, tool, config in (
        ("shop-1.0.tar", _OLD, "libexample oldtool", {"Env": ["PATH=/bin", "MODE=plain"], "Cmd": ["main"]}),
        ("shop-1.1.tar", _NEW, "libexample newtool", {"Env": ["PATH=/bin", "MODE=fast"], "Cmd": ["main", "-v"]}),
    ):
        history = [{"created_by": text.format(tool)} for text in _INSTRUCTIONS[: len(layers)]]
        image = Image(layers, extra={"history": history, "config": config})
        found.append(write_tar(folder / name, oci(image, pack="gzip", media="tar+gzip")))
    return found[0], found[1]
