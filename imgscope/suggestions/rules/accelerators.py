"""Images of machine learning: GPU libraries twice or for nothing, bases to build on, weights in two formats, browsers.

That they are there is seen in the layers. Whether a GPU will be used is not: so nothing here is more than *possible*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...layer.index import FILE
from ...paths import join, public, split
from ...settings import environment
from ..context import Context
from ..model import Claim, Draft, Rule
from . import words
from .build_leftovers import shown

# A library smaller than this is not told: copies of those are many and cost nothing.
_LARGE = 1 << 20
# A shared object: its name, and the major version, which is what programs ask for (ld.so(8), *soname*). Wheels that
# auditwheel has repaired put eight characters of a hash before it.
_LIBRARY = re.compile(rb"(lib[A-Za-z0-9_+.-]+?)(?:-[0-9a-f]{8})?\.so(?:\.(\d+))?(?:\.[\d.]+)?")
# What loads of its own another library than the system's stands in a folder of a language's packages.
_PACKAGES = (b"site-packages/", b"dist-packages/", b"/conda/", b"/envs/", b"node_modules/")

_GPU = "IS501"
_TWICE = "IS502"
_BASE = "IS503"
_WEIGHTS = "IS504"
_BROWSERS = "IS505"

# Python packages that are of use with a GPU only, and libraries within others that are.
_GPU_PLACES = (
    *(f"**/{site}-packages/{name}/**" for site in ("site", "dist") for name in ("nvidia", "triton", "cupy_backends")),
    *(f"**/{site}-packages/jax_plugins/xla_cuda*/**" for site in ("site", "dist")),
    "**/torch/lib/libtorch_cuda.so",
    "**/torch/lib/libtorch_cuda_cpp.so",
    "**/torch/lib/libtorch_cuda_cu.so",
    "**/torch/lib/libtorch_cuda_linalg.so",
    "**/torch/lib/libtorch_hip.so",
    "**/torch/lib/libc10_cuda.so",
    "**/torch/lib/libc10_hip.so",
    "**/onnxruntime/capi/libonnxruntime_providers_cuda.so",
    "**/onnxruntime/capi/libonnxruntime_providers_tensorrt.so",
)
# Variables by which an image says that it is for a GPU: all that begin so, and one by its whole name.
_FOR_GPU, _DEVICES = ("NVIDIA_REQUIRE_", "HIP_VISIBLE", "ROCR_VISIBLE"), "NVIDIA_VISIBLE_DEVICES"
# A toolkit's folders that nothing needs that was built already.
_TOOLKIT = (b"bin/", b"include/", b"nvvm/", b"nsight", b"compute-sanitizer/", b"extras/", b"src/", b"share/doc/")
_TOOLKIT_HOME = re.compile(rb"(?:usr/local|opt)/cuda(?:-[\d.]+)?(?:/targets/[^/]+)?/")
_SAFE = b".safetensors"
_PICKLED = re.compile(rb"(?:pytorch_model|model|adapter_model|diffusion_pytorch_model).*\.(?:bin|pt|pth|ckpt)")
# Where programs that drive a browser keep one: the folder, and how those of one browser begin there.
_BROWSER = re.compile(
    rb"(.*/(?:ms-playwright|puppeteer/(?:chrome|chrome-headless-shell|firefox)|\.local-chromium)/[^/]+)/.+|"
    rb"((?:usr/lib|opt)/(?:chromium|chromium-browser|google/chrome|firefox|firefox-esr))/.+"
)


def _uses_gpu(context: Context) -> bool:
    """Tell whether the image says that it is for a GPU: by a setting of the NVIDIA container runtime, or a toolkit."""
    if any(name == _DEVICES or name.startswith(_FOR_GPU) for name in environment(context.analysis.image.config)):
        return True
    return any(_TOOLKIT_HOME.match(directory + b"/") for directory in context.overlay.tree)


def _gpu_libraries(context: Context) -> Iterator[Draft]:
    claims = shown(context, _GPU)
    if not claims or _uses_gpu(context):
        return
    torch = any(b"/torch/" in claim.path or b"/triton/" in claim.path for claim in claims)
    line = ("RUN pip install --no-cache-dir torch --index-url https://download.pytorch.org/whl/cpu",) if torch else ()
    layers = tuple(context.by_layer(claims))
    yield Draft(
        f"GPU libraries in {words.layers(layers)}, and nothing says that the image is for a GPU",
        "If it runs on CPUs, install the CPU build: torch from its CPU index, onnxruntime instead of onnxruntime-gpu, "
        "tensorflow-cpu, jax without an extra.",
        claims,
        layers,
        lines=line,
    )


def _large_libraries(context: Context) -> Mapping[tuple[bytes, bytes], list[tuple[bytes, int]]]:
    """Return the large shared objects that the merged tree shows, by name and major version: (path, entry)."""
    overlay = context.overlay
    sizes, kinds = overlay.sizes, overlay.kinds
    found: dict[tuple[bytes, bytes], list[tuple[bytes, int]]] = {}
    if max(sizes, default=0) < _LARGE:
        return found
    for directory in sorted(overlay.tree):
        for name, entry in overlay.tree[directory].items():
            if entry >= 0 and sizes[entry] >= _LARGE and b".so" in name and kinds[entry] == FILE:
                match = _LIBRARY.fullmatch(name)
                if match is not None:
                    found.setdefault((match[1], match[2] or b""), []).append((join(directory, name), entry))
    return found


def _twice(context: Context) -> Iterator[Draft]:
    """Find a library that a language's packages bring beside the system's, or that two of them bring."""
    first = context.overlay.start(context.own_layers.start)
    claims: list[Claim] = []
    names: list[str] = []
    for (name, major), copies in sorted(_large_libraries(context).items()):
        homes = {split(path)[0] for path, _ in copies}
        if len(homes) < 2:
            continue
        # A package loads its own: so of the system's and a package's the system's is the one to do without.
        copies.sort(key=lambda copy: (not any(part in copy[0] + b"/" for part in _PACKAGES), copy[0]))
        spare = [Claim(path, entry) for path, entry in copies[1:] if entry >= first]
        if not spare and copies[0][1] >= first:
            spare = [Claim(*copies[0])]
        if spare:
            claims += spare
            names.append(f"{name.decode('utf-8', 'replace')}.so{'.' if major else ''}{major.decode()}")
    if not claims:
        return
    layers = tuple(context.by_layer(claims))
    shown_names = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    yield Draft(
        f"The same libraries in different places: {shown_names}",
        "Bring them once: from the base image with a build that uses the system's, or with the packages on a base "
        "without them. Which one is loaded is told by: ldd, or LD_DEBUG=libs.",
        claims,
        layers,
    )


def _toolkit(context: Context) -> Iterator[Draft]:
    claims = shown(context, _BASE)
    homes = {
        match[0] for claim in claims if claim.path.endswith(b"/bin/nvcc") and (match := _TOOLKIT_HOME.match(claim.path))
    }
    part = [
        claim
        for claim in claims
        if (match := _TOOLKIT_HOME.match(claim.path)) is not None
        and any(claim.path.startswith(home) for home in homes)
        and (claim.path[match.end() :].startswith(_TOOLKIT) or claim.path.endswith(b".a"))
    ]
    if not part:
        return
    layers = tuple(context.by_layer(part))
    yield Draft(
        f"A CUDA toolkit to build with in {words.layers(layers)}: compiler, headers, static libraries",
        "Build on the devel image and copy what that makes onto the runtime or base image of the same version.",
        part,
        layers,
    )


def _weights(context: Context) -> Iterator[Draft]:
    by_folder: dict[bytes, list[Claim]] = {}
    for claim in shown(context, _WEIGHTS):
        by_folder.setdefault(split(claim.path)[0], []).append(claim)
    tree = context.overlay.tree
    part: list[Claim] = []
    for folder, claims in sorted(by_folder.items()):
        if any(name.endswith(_SAFE) for name in tree.get(folder, {})):
            part += [claim for claim in claims if _PICKLED.fullmatch(split(claim.path)[1])]
    if not part:
        return
    layers = tuple(context.by_layer(part))
    where = public(split(part[0].path)[0])
    yield Draft(
        f"Weights of a model in two formats, as in {where}: what is not safetensors is not loaded by default",
        "Download one format only, or mount the model: it changes at other times than the program.",
        part,
        layers,
    )


def _browsers(context: Context) -> Iterator[Draft]:
    homes: dict[bytes, list[Claim]] = {}
    for claim in shown(context, _BROWSERS):
        match = _BROWSER.fullmatch(claim.path)
        if match is not None:
            homes.setdefault(match[1] or match[2], []).append(claim)
    whole = {home: context.size(claims) for home, claims in homes.items()}
    large = sorted((home for home in homes if whole[home] >= 50 * _LARGE), key=lambda home: (-whole[home], home))
    if len(large) < 2:
        return
    part = [claim for home in large[1:] for claim in homes[home]]
    layers = tuple(context.by_layer(part))
    names = ", ".join(public(home) for home in large[:3])
    yield Draft(
        f"{len(large)} browsers: {names}",
        "Install the one that is driven, and name it: playwright install chromium --with-deps, or the system's with "
        "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 or PUPPETEER_SKIP_DOWNLOAD=1.",
        part,
        layers,
    )


RULES = (
    Rule(
        code=_WEIGHTS,
        name="weights-twice",
        summary="The weights of a model in two formats.",
        certainty="possible",
        check=_weights,
        why="Model repositories hold the same weights as safetensors and as pickled files. Libraries load the first "
        "where both are there; a download of everything brings gigabytes twice.",
        before="RUN hf download org/model --local-dir /models",
        after="RUN hf download org/model --local-dir /models --exclude '*.bin' '*.pt'",
        places=("**/*.bin", "**/*.pt", "**/*.pth", "**/*.ckpt"),
    ),
    Rule(
        code=_BROWSERS,
        name="browsers-twice",
        summary="More than one browser for tests or rendering.",
        certainty="possible",
        check=_browsers,
        why="Playwright and Puppeteer download browsers of their own, often beside the distribution's, and Playwright "
        "all three kinds where one is driven.",
        before="RUN npx playwright install",
        after="RUN npx playwright install chromium --with-deps",
        places=(
            "**/ms-playwright/**",
            "**/puppeteer/**",
            "**/.local-chromium/**",
            "/usr/lib/chromium/**",
            "/usr/lib/chromium-browser/**",
            "/opt/google/chrome/**",
            "/usr/lib/firefox-esr/**",
            "/usr/lib/firefox/**",
        ),
    ),
    Rule(
        code=_GPU,
        name="gpu-libraries",
        summary="GPU libraries in an image that nothing marks as one for GPUs.",
        certainty="possible",
        check=_gpu_libraries,
        why="The default wheels of torch and others bring CUDA: 2 to 6 GB that a service on CPUs never loads. Where "
        "the image sets NVIDIA_VISIBLE_DEVICES, or holds a CUDA toolkit, it is taken to be for GPUs.",
        before="RUN pip install torch",
        after="RUN pip install torch --index-url https://download.pytorch.org/whl/cpu",
        places=_GPU_PLACES,
    ),
    Rule(
        code=_BASE,
        name="cuda-devel",
        summary="A CUDA toolkit's compiler, headers and static libraries.",
        certainty="possible",
        check=_toolkit,
        why="A devel image is to build on. What was built needs the libraries, which the runtime image has.",
        before="FROM nvidia/cuda:12.6.3-devel-ubuntu24.04",
        after="FROM nvidia/cuda:12.6.3-devel-ubuntu24.04 AS build\n…\nFROM nvidia/cuda:12.6.3-runtime-ubuntu24.04",
        places=("/usr/local/cuda*/**", "/opt/cuda*/**"),
        everywhere=True,
    ),
    Rule(
        code=_TWICE,
        name="libraries-twice",
        summary="Large shared libraries in different places.",
        certainty="possible",
        check=_twice,
        why="A base image or the distribution has CUDA, cuDNN, MKL or OpenBLAS, and wheels bring their own beside it. "
        "A process loads one of them.",
        before="FROM nvidia/cuda:12.6.3-cudnn-runtime-ubuntu24.04\nRUN pip install torch",
        after="FROM python:3.13-slim\nRUN pip install torch",
        places=(),
    ),
)
