"""A toolkit's compiler, headers, static libraries and profilers, in images that run what was built; and its libraries
that nothing here asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....errors import ContentUnavailableError
from ....knowledge.gpu import JIT, TOOLKIT_PROGRAMS
from ....settings import environment
from ...model import Certainty, Claim, Draft, Rule
from ...program import started
from .. import words
from ..build_leftovers import COMPILERS, shown
from .loading import TOOLKIT

if TYPE_CHECKING:
    from ...context import Context

_CODE = "IS503"
# Folders of a toolkit that nothing needs that was built already.
_BUILD = (
    *(b"bin/", b"include/", b"nvvm/", b"nvvm-prev/", b"nsight", b"compute-sanitizer/", b"extras/", b"src/", b"doc/"),
    *(b"share/doc/", b"llvm/", b"libexec/", b"tools/", b"nvml/", b"lib64/cmake/", b"lib/cmake/"),
)
_COMPILER = (b"bin/nvcc", b"bin/hipcc")
_PROFILERS = re.compile(rb"opt/nvidia/(?:nsight-(?:compute|systems)|cupti)/")
_STATIC = re.compile(rb"usr/lib/[^/]+/lib(?:cudnn|nccl|nvinfer|cu|np|nv)[\w.-]*\.a")
_TAG = re.compile(r"((?:[\w.-]+/)*cuda:\d[\w.]*(?:-cudnn\d*)?)-devel(-[\w.-]+)?")


def _claims(context: Context) -> list[Claim]:
    claims = shown(context, _CODE)
    # Where the compiler is, its headers and archives are there to build with.
    homes = {
        TOOLKIT.match(claim.path)[0].partition(b"targets/")[0]  # type: ignore[index]
        for claim in claims
        if claim.path.endswith(_COMPILER) and TOOLKIT.match(claim.path)
    }
    if not homes:
        return []
    found: list[Claim] = []
    for claim in claims:
        match = TOOLKIT.match(claim.path)
        if match is None:
            if _PROFILERS.match(claim.path) or _STATIC.fullmatch(claim.path):
                found.append(claim)
        elif any(claim.path.startswith(home) for home in homes) and (
            claim.path[match.end() :].startswith(_BUILD) or claim.path.endswith(b".a")
        ):
            found.append(claim)
    return found


def _compiles(context: Context) -> str:
    """Say which installed package compiles for GPUs when it runs; empty where none is known."""
    try:
        packages = context.packages.packages
    except ContentUnavailableError:
        return ""
    names = (one.name.lower().replace("_", "-") for one in packages if one.ecosystem in ("python", "conda"))
    return next((name for name in sorted(names) if any(name == one or name.startswith(f"{one}-") for one in JIT)), "")


def _toolkit(context: Context) -> Iterator[Draft]:
    part = _claims(context)
    if not part:
        return
    run = started(context)
    if not run.words.isdisjoint(TOOLKIT_PROGRAMS | COMPILERS):
        return
    by = _compiles(context)
    certainty: Certainty = "likely" if run.known and not by else "possible"
    layers = tuple(context.by_layer(part))
    fix = "Build on the devel image and copy what that makes onto the runtime or base image of the same version."
    if by:
        fix += f" {by} may compile when it runs: try it."
    yield Draft(
        f"A toolkit for GPUs to build with in {words.layers(layers)}: compiler, headers, static libraries",
        fix,
        part,
        layers,
        _lines(context),
        certainty=certainty,
    )


def _lines(context: Context) -> tuple[str, ...]:
    """Return the base of the same version without the compiler, where the name of this one is known."""
    variables = environment(context.analysis.image.config)
    match = _TAG.fullmatch(context.base.name or "")
    if match is not None:
        return (f"FROM {match[1]}-runtime{match[2] or ''}",)
    version = variables.get("CUDA_VERSION", "")
    if re.fullmatch(r"[\d.]{3,12}", version) and "NV_CUDA_CUDART_DEV_VERSION" in variables:
        cudnn = "-cudnn" if any(name.startswith("NV_CUDNN") for name in variables) else ""
        return (f"FROM nvidia/cuda:{version}{cudnn}-runtime-{_system(context)}",)
    return ()


def _system(context: Context) -> str:
    text = context.root.text(b"etc/os-release") if context.has_contents else b""
    found = dict(re.findall(rb'(?m)^(ID|VERSION_ID)="?([\w.]+)"?', text))
    name, version = found.get(b"ID", b"ubuntu").decode(), found.get(b"VERSION_ID", b"").decode()
    return f"{'ubi' if name == 'rhel' else name}{version.split('.')[0] if name != 'ubuntu' else version}" or "ubuntu"


RULES = (
    Rule(
        code=_CODE,
        name="cuda-devel",
        summary="A CUDA or ROCm toolkit's compiler, headers, static libraries and profilers.",
        certainty="possible",
        check=_toolkit,
        why="A devel image is to build on. What was built needs the libraries, which the runtime image has. *Likely*, "
        "where all that a container runs is known and calls no compiler, and no package is known to compile when it "
        "runs (deepspeed, cupy and others do).",
        before="FROM nvidia/cuda:12.6.3-devel-ubuntu24.04",
        after="FROM nvidia/cuda:12.6.3-devel-ubuntu24.04 AS build\n…\nFROM nvidia/cuda:12.6.3-runtime-ubuntu24.04",
        places=("/usr/local/cuda*/**", "/opt/cuda*/**", "/opt/rocm*/**", "/opt/nvidia/**", "/usr/lib/**/*.a"),
        everywhere=True,
    ),
)
