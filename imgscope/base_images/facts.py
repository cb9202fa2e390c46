"""What a base has to offer, as people choose by: sizes, distribution, C library, shell, package manager, user."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ImageError
from ..rootfs.programs import search_path
from ..rootfs.root import Root
from ..settings import settings
from .app import MANAGERS
from .gpu import gpu_software

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..analysis import Analysis
    from ..packages import Packages
    from ..rootfs.root import FileFacts

_GLIBC = (
    b"lib/x86_64-linux-gnu/libc.so.6",
    b"lib/aarch64-linux-gnu/libc.so.6",
    b"lib/arm-linux-gnueabihf/libc.so.6",
    b"lib/i386-linux-gnu/libc.so.6",
    b"lib64/libc.so.6",
    b"usr/lib64/libc.so.6",
    b"usr/lib/libc.so.6",
    b"lib/libc.so.6",
)
_SHELLS = (b"bin/sh", b"usr/bin/sh", b"bin/bash", b"busybox/sh")
_MUSL_VERSION = re.compile(rb"\0(1\.\d+\.\d+)(?:-git[\w-]*)?\0")
_PRETTY = re.compile(rb'(?m)^PRETTY_NAME="?([^"\n]*)"?')


@dataclass(frozen=True, slots=True)
class Facts:
    """A base. ``content_bytes`` are those of its layers' files, ``merged_bytes`` what a container sees of them;
    ``packages`` is ``None`` where its databases can't be read, or not to their end.
    """

    platform: str
    content_bytes: int
    merged_bytes: int
    files: int
    packages: int | None
    layers: int
    distribution: str
    libc: str
    shell: str
    manager: str
    user: str
    gpu: str
    """What it brings for GPUs: ``CUDA 12.6 runtime, cuDNN 9``."""


def read_facts(
    analysis: Analysis, files: FileFacts, config: Mapping[str, object] | None = None
) -> tuple[Facts, Packages | None]:
    """Read what a base is, and its packages; ``config`` where it is not the analysis' own."""
    root = Root(analysis, files)
    user = settings(analysis.image.config if config is None else config).get("User")
    overlay = analysis.body.overlay
    tree = analysis.files.tree
    path = search_path({})
    packages: Packages | None = None
    try:
        from ..packages import read_packages

        packages = read_packages(analysis)
    except ImageError:
        packages = None
    manager = next((name for name in MANAGERS if root.program(name.encode(), path) is not None), "")
    merged = tree.directory_sizes().get(b"", (0, 0))
    facts = Facts(
        analysis.image.platform,
        sum(overlay.sizes),
        *merged,
        len(packages.packages) if packages is not None and not packages.unread else None,
        len(overlay.layers),
        _distribution(root),
        _libc(root, packages),
        _shell(root),
        manager.removesuffix("-get"),
        user if isinstance(user, str) and user else "root",
        gpu_software(root, analysis.image.config if config is None else config),
    )
    return facts, packages


def _distribution(root: Root) -> str:
    text = root.text(b"etc/os-release") or root.text(b"usr/lib/os-release")
    match = _PRETTY.search(text)
    return match[1].decode("utf-8", "replace")[:60].strip() if match else ""


def _libc(root: Root, packages: Packages | None) -> str:
    found: list[str] = []
    for path in _GLIBC:
        library = root.file(path)
        if library is None:
            continue
        elf = root.elf(library.entry)
        numbers = [
            tuple(map(int, version[6:].split(b".")))
            for version in (elf.defines if elf is not None else ())
            if re.fullmatch(rb"GLIBC_\d+(\.\d+)+", version)
        ]
        found.append("glibc " + ".".join(map(str, max(numbers))) if numbers else "glibc")
        break
    for name in sorted(root.names(b"lib")):
        if name.startswith(b"ld-musl-"):
            found.append(("musl " + _musl(root, b"lib/" + name, packages)).strip())
            break
    return ", ".join(found)


def _musl(root: Root, path: bytes, packages: Packages | None) -> str:
    for package in packages.packages if packages is not None else ():
        if package.name == "musl":
            return package.version.partition("-")[0]
    match = _MUSL_VERSION.search(root.text(path, 4 << 20))
    return match[1].decode() if match else ""


def _shell(root: Root) -> str:
    names: list[str] = []
    for path in _SHELLS:
        found = root.file(path)
        if found is not None:
            name = found.path.rpartition(b"/")[2].decode("utf-8", "replace")
            names.append("busybox" if name.startswith("busybox") else name)
    return ", ".join(dict.fromkeys(names))
