"""Images of machine learning: GPU libraries twice or for nothing, bases to build on, weights in two formats, browsers.

That they are there is seen in the layers. Whether a GPU will be used is not: so nothing here is more than *possible*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ...paths import public, split
from ..context import Context
from ..model import Claim, Draft, Rule
from . import words
from .build_leftovers import shown

# A library smaller than this is not told: copies of those are many and cost nothing.
_LARGE = 1 << 20

_GPU = "IS501"
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
    environment = context.analysis.image.config.get("config")
    values = environment.get("Env") if isinstance(environment, Mapping) else None
    said = [str(value) for value in values] if isinstance(values, list) else []
    if any(
        value.startswith(("NVIDIA_VISIBLE_DEVICES=", "NVIDIA_REQUIRE_", "HIP_VISIBLE", "ROCR_VISIBLE"))
        for value in said
    ):
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


def _rule(code: str, name: str, summary: str, why: str, check: object, places: Sequence[str], **more: object) -> Rule:
    return Rule(code, name, summary, "possible", check, why, places=tuple(places), **more)  # type: ignore[arg-type]


RULES = (
    _rule(
        _WEIGHTS,
        "weights-twice",
        "The weights of a model in two formats.",
        "Model repositories hold the same weights as safetensors and as pickled files. Libraries load the first where "
        "both are there; a download of everything brings gigabytes twice.",
        _weights,
        ("**/*.bin", "**/*.pt", "**/*.pth", "**/*.ckpt"),
        before="RUN hf download org/model --local-dir /models",
        after="RUN hf download org/model --local-dir /models --exclude '*.bin' '*.pt'",
    ),
    _rule(
        _BROWSERS,
        "browsers-twice",
        "More than one browser for tests or rendering.",
        "Playwright and Puppeteer download browsers of their own, often beside the distribution's, and Playwright all "
        "three kinds where one is driven.",
        _browsers,
        (
            "**/ms-playwright/**",
            "**/puppeteer/**",
            "**/.local-chromium/**",
            "/usr/lib/chromium/**",
            "/usr/lib/chromium-browser/**",
            "/opt/google/chrome/**",
            "/usr/lib/firefox-esr/**",
            "/usr/lib/firefox/**",
        ),
        before="RUN npx playwright install",
        after="RUN npx playwright install chromium --with-deps",
    ),
    _rule(
        _GPU,
        "gpu-libraries",
        "GPU libraries in an image that nothing marks as one for GPUs.",
        "The default wheels of torch and others bring CUDA: 2 to 6 GB that a service on CPUs never loads. Where the "
        "image sets NVIDIA_VISIBLE_DEVICES, or holds a CUDA toolkit, it is taken to be for GPUs.",
        _gpu_libraries,
        _GPU_PLACES,
        before="RUN pip install torch",
        after="RUN pip install torch --index-url https://download.pytorch.org/whl/cpu",
    ),
    _rule(
        _BASE,
        "cuda-devel",
        "A CUDA toolkit's compiler, headers and static libraries.",
        "A devel image is to build on. What was built needs the libraries, which the runtime image has.",
        _toolkit,
        ("/usr/local/cuda*/**", "/opt/cuda*/**"),
        everywhere=True,
        before="FROM nvidia/cuda:12.6.3-devel-ubuntu24.04",
        after="FROM nvidia/cuda:12.6.3-devel-ubuntu24.04 AS build\n…\nFROM nvidia/cuda:12.6.3-runtime-ubuntu24.04",
    ),
)
