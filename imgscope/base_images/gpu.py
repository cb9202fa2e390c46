"""Which of NVIDIA's or AMD's software a base brings: what its makers call base, runtime and devel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..settings import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..rootfs.root import Root

_HOME = re.compile(rb"(?:usr/local|opt)/(cuda|rocm)(?:-(\d[\d.]{0,20}))?")
_LIBRARIES = (b"lib64", b"lib", b"targets/x86_64-linux/lib", b"targets/sbsa-linux/lib")
_SYSTEM = (b"usr/lib/x86_64-linux-gnu", b"usr/lib/aarch64-linux-gnu", b"usr/lib64", b"usr/lib")
_CUDNN = re.compile(rb"libcudnn\.so\.(\d{1,2})")
_COMPILERS = {"cuda": b"bin/nvcc", "rocm": b"bin/hipcc"}
_MATH = (b"libcublas.so", b"librocblas.so")
_TITLES = {"cuda": "CUDA", "rocm": "ROCm"}


def gpu_software(root: Root, config: Mapping[str, object]) -> str:
    """Say what a base brings for GPUs: ``CUDA 12.6 devel, cuDNN 9``; empty where it has no toolkit.

    *devel* has the compiler, *runtime* the libraries for mathematics, *base* not more than what starts programs.
    """
    homes: dict[str, dict[bytes, str]] = {}
    for path in root.overlay.tree:
        match = _HOME.fullmatch(path)
        if match is not None:
            homes.setdefault(match[1].decode(), {})[path] = (match[2] or b"").decode()
    found = [_toolkit(root, config, kind, places) for kind, places in sorted(homes.items())]
    if found and (cudnn := _cudnn(root, homes.get("cuda", {}))):
        found.append(f"cuDNN {cudnn}")
    return ", ".join(found)


def _toolkit(root: Root, config: Mapping[str, object], kind: str, places: Mapping[bytes, str]) -> str:
    version = max(places.values(), key=_number)
    if not version:
        said = environment(config).get(f"{kind.upper()}_VERSION", "")
        version = said if re.fullmatch(r"\d[\d.]{0,20}", said) else ""
    if any(root.exists(b"/".join((home, _COMPILERS[kind]))) for home in places):
        flavour = "devel"
    else:
        flavour = "runtime" if any(name.startswith(_MATH) for name in _names(root, places)) else "base"
    return " ".join(filter(None, (_TITLES[kind], version, flavour)))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(word) for word in version.split(".") if word)


def _names(root: Root, places: Mapping[bytes, str]) -> Iterator[bytes]:
    """Yield the names in a toolkit's folders of libraries, and in the system's."""
    for folder in (*(b"/".join((home, inner)) for home in places for inner in _LIBRARIES), *_SYSTEM):
        yield from root.names(folder)


def _cudnn(root: Root, places: Mapping[bytes, str]) -> str:
    versions = [match[1].decode() for name in _names(root, places) if (match := _CUDNN.match(name))]
    return max(versions, key=int, default="")
