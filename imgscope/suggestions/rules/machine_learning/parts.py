"""What wheels bring to build with, and what compilers for GPUs keep."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ...model import Claim, Draft, Rule
from ...own_lines import mended, removing, then
from ...program import started
from .. import words
from ..build_leftovers import COMPILERS, shown

if TYPE_CHECKING:
    from ...context import Context

_HEADERS, _CACHES = "IS512", "IS511"
_SITES = ("site-packages", "dist-packages")
_WITH_HEADERS = ("torch", "tensorflow", "pyarrow", "jaxlib", "tensorrt", "paddle", "onnxruntime", "triton")
_FOLDER = re.compile(
    rb"(.*/(?:site|dist)-packages/(?:(?:torch|tensorflow|pyarrow|jaxlib|paddle|onnxruntime)/(?:include|share/cmake|test)|"
    rb"nvidia/[^/]+/include|triton/backends/[^/]+/include))/.+"
)
_CACHE_PLACES = (
    "/**/.triton/cache/**",
    "/**/.cache/torch_extensions/**",
    "/**/.cache/torch/kernels/**",
    "/**/.cache/torch/inductor/**",
    "/**/.nv/ComputeCache/**",
    "/**/.cupy/kernel_cache/**",
    "/**/.cache/flashinfer/**",
    "/**/.cache/vllm/torch_compile_cache/**",
    "/**/.cache/miopen/**",
    "/**/.cache/tvm-ffi/**",
    "/**/.tilelang/cache/**",
    "/**/.cache/nvidia/**",
)


def _headers(context: Context) -> Iterator[Draft]:
    folders: dict[bytes, None] = {}
    part: list[Claim] = []
    for claim in shown(context, _HEADERS):
        match = _FOLDER.fullmatch(claim.path)
        if match is not None:
            folders[match[1]] = None
        if match is not None or claim.path.endswith(b".a"):
            part.append(claim)
    if not part or not started(context).words.isdisjoint(COMPILERS):
        return
    layers = tuple(context.by_layer(part))

    def mend(text: str, claims: Sequence[Claim]) -> str:
        own = sorted({match[1] for claim in claims if (match := _FOLDER.fullmatch(claim.path)) is not None})
        return then(text, removing("/" + path.decode("utf-8", "surrogateescape") for path in own)) if own else ""

    yield Draft(
        f"Headers and static libraries of Python packages in {words.layers(layers)}",
        "Remove them in the RUN that installs the packages. torch.compile and packages that build extensions when they "
        "run read them: try it.",
        part,
        layers,
        mended(context, part, mend),
    )


def _caches(context: Context) -> Iterator[Draft]:
    claims = shown(context, _CACHES)
    if not claims:
        return
    layers = tuple(context.by_layer(claims))
    yield Draft(
        f"What compilers for GPUs keep, in {words.layers(layers)}",
        "It is for the GPU, the driver and the versions that it was made with. Keep it in a volume, or remove it in "
        "the RUN that makes it, unless it was made here on purpose.",
        claims,
        layers,
    )


RULES = (
    Rule(
        code=_CACHES,
        name="compile-caches",
        summary="Caches of compilers for GPUs: Triton, torch, CUDA, CuPy.",
        certainty="possible",
        check=_caches,
        why="What is compiled when a program first runs is kept in the home directory, for the GPU at hand. On another "
        "one, or with another version of the library, it is compiled anew.",
        before="RUN python warm_up.py",
        after="RUN python warm_up.py && rm -rf /root/.triton",
        places=_CACHE_PLACES,
    ),
    Rule(
        code=_HEADERS,
        name="wheel-headers",
        summary="Headers and static libraries in Python packages.",
        certainty="possible",
        check=_headers,
        why="torch, TensorFlow, pyarrow and NVIDIA's wheels bring what extensions are built with: some hundred "
        "megabytes in ten thousand files. A program that compiles nothing reads none of it.",
        before="RUN pip install torch",
        after="RUN pip install torch && rm -rf /usr/local/lib/python3.13/site-packages/torch/include",
        places=(
            *(f"**/{site}/{name}/**" for site in _SITES for name in ("nvidia", "triton")),
            *(f"**/{site}/{name}/include/**" for site in _SITES for name in _WITH_HEADERS),
            *(f"**/{site}/torch/share/cmake/**" for site in _SITES),
            *(f"**/{site}/torch/test/**" for site in _SITES),
            *(f"**/{site}/**/*.a" for site in _SITES),
        ),
    ),
)
