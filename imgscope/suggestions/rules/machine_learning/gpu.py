"""GPU libraries where nothing can use them, and the builds of the same packages for CPUs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ....errors import ContentUnavailableError
from ....knowledge.gpu import CPU_BUILDS, FRAMEWORKS, TORCH, TORCH_CPU_INDEX
from ...model import Certainty, Claim, Draft, Rule
from ...own_lines import is_script, mended, with_option
from .. import words
from ..build_leftovers import shown
from .gpu_use import for_cpus, for_gpus
from .libraries import large_libraries
from .loading import PACKAGES

if TYPE_CHECKING:
    from ....packages import Package
    from ...context import Context

_CODE = "IS501"
_SITES = ("site-packages", "dist-packages")
# Folders of packages that are of use with a GPU only.
_FOLDERS = (
    "nvidia",
    "triton",
    "pytorch_triton*",
    "cupy",
    "cupyx",
    "cupy_backends",
    "tensorrt",
    "tensorrt_libs",
    "flash_attn",
    "nvidia_*.dist-info",
    "triton-*.dist-info",
    "cupy_cuda*.dist-info",
    "jax_cuda*",
    "jax_plugins",
)
# Libraries that are, of packages that are not.
_LIBRARIES = re.compile(
    rb"lib(?:torch_cuda|torch_hip|c10_cuda|c10_hip|caffe2_nvrtc|cuda|cudnn|cublas|cufft|curand|cusolver|cusparse|cufile|"
    rb"cupti|nccl|nvrtc|nvToolsExt|nvJitLink|nvfuser|nvshmem|nvinfer|torch_nvshmem|hip|roc|rccl|MIOpen|amd_comgr|amdhip|"
    rb"hsa-runtime|magma|onnxruntime_providers_(?:cuda|tensorrt|rocm|migraphx)|bitsandbytes_(?:cuda|rocm))[\w.+-]*"
)
_PARTS = ("torch/lib", "onnxruntime/capi", "bitsandbytes")
_PLACES = (
    *(f"**/{site}/{name}/**" for site in _SITES for name in _FOLDERS),
    *(f"**/{site}/{part}/**" for site in _SITES for part in _PARTS),
)
_INSIDE = re.compile(rb"/(?:torch/lib|onnxruntime/capi|bitsandbytes)/([^/]+)$")
_ROCM_DATA = (b"/torch/lib/rocblas/", b"/torch/lib/hipblaslt/")
# Conda's packages of the same.
_CONDA = re.compile(r"(?:cuda(?:toolkit)?|cudnn|nccl|lib(?:cu|nv)\w+|pytorch-cuda|triton)(?:-.*)?")
_PIP = r"\bpip[\d.]*(?: -\S+){0,9} install\b"


def _claims(context: Context) -> list[Claim]:
    """Return the files that are of use with a GPU only."""
    found: list[Claim] = []
    for claim in shown(context, _CODE):
        inside = _INSIDE.search(claim.path)
        if inside is None or _LIBRARIES.fullmatch(inside[1]) or any(part in claim.path for part in _ROCM_DATA):
            found.append(claim)
    return found + _sections(context, {claim.entry for claim in found}) + _of_conda(context)


def _sections(context: Context, known: set[int]) -> list[Claim]:
    """Return the code for GPUs in libraries of packages that run on CPUs too: in builds for CPUs it is not there."""
    found: list[Claim] = []
    some = {
        entry: path
        for entry, path in large_libraries(context).items()
        if entry not in known and PACKAGES.search(path) and context.overlay.layer_of(entry) in context.own_layers
    }
    if not some or not context.has_contents:
        return found
    context.root.look(some)
    for entry, path in some.items():
        elf = context.root.elf(entry)
        if elf is not None and elf.kernels:
            found.append(Claim(path, entry, sum(end - start for start, end in elf.kernels)))
    return found


def _packages(context: Context) -> Sequence[Package]:
    try:
        return context.packages.packages
    except ContentUnavailableError:
        return ()


def _of_conda(context: Context) -> list[Claim]:
    names = {id(one) for one in _packages(context) if one.ecosystem == "conda" and _CONDA.fullmatch(one.name)}
    if not names:
        return []
    first = context.overlay.start(context.own_layers.start)
    return [
        Claim(path, entry)
        for path, package in context.packages.owners.items()
        if id(package) in names and (entry := context.overlay.lookup(path)) is not None and entry >= first
    ]


def _installed(context: Context) -> dict[str, str]:
    """Return the versions of Python's distributions, by their names as PEP 503 writes them."""
    return {
        re.sub(r"[-_.]+", "-", one.name).lower(): one.version
        for one in _packages(context)
        if one.ecosystem in ("python", "conda")
    }


def _unwanted(context: Context) -> Iterator[Draft]:
    claims = _claims(context)
    if not claims:
        return
    installed = _installed(context)
    frameworks = {name: version for name, version in installed.items() if name.startswith(FRAMEWORKS)}
    alone = _orphans(context, claims, frameworks)
    proof = for_cpus(context)
    if not alone and for_gpus(context) and not proof:
        return
    certainty: Certainty = "likely" if alone or (proof and not for_gpus(context)) else "possible"
    layers = tuple(context.by_layer(claims))
    why = "the packages here are builds for CPUs" if alone else proof or "nothing says that the image is for a GPU"
    names = ", ".join(f"{name} {version}" for name, version in sorted(frameworks.items())[:3])
    yield Draft(
        f"GPU libraries in {words.layers(layers)}{f' (of {names})' if names and not alone else ''}, and {why}",
        _fix(frameworks, alone=alone),
        claims,
        layers,
        mended(context, claims, _for_cpus),
        certainty=certainty,
    )


def _orphans(context: Context, claims: Sequence[Claim], frameworks: Mapping[str, str]) -> bool:
    """Tell whether the libraries are what an uninstalled build left: those that are for it are builds for CPUs.

    pip does not remove what a package needed along with it.
    """
    if not frameworks or not all(b"/nvidia" in claim.path or b"/triton" in claim.path for claim in claims):
        return False
    cpu = [name for name, version in frameworks.items() if version.endswith("+cpu") or name.endswith("-cpu")]
    users = [name for name in frameworks if name not in cpu and not name.startswith("triton")]
    return bool(cpu) and not users


def _fix(frameworks: Mapping[str, str], *, alone: bool) -> str:
    if alone:
        return (
            "Install the builds for CPUs first, so that those for GPUs and what they need never come: pip leaves that "
            "behind when it replaces them."
        )
    told: list[str] = []
    if not frameworks or not TORCH.isdisjoint(frameworks):
        told.append(f"torch from its CPU index ({TORCH_CPU_INDEX})")
    told += [f"{CPU_BUILDS[name]} instead of {name}" for name in sorted(frameworks) if name in CPU_BUILDS]
    if not frameworks:
        told.append("onnxruntime instead of onnxruntime-gpu, tensorflow-cpu, jax without an extra")
    elif any(name.startswith("jax") for name in frameworks):
        told.append("jax without an extra")
    return f"If it runs on CPUs, install the CPU build: {'; '.join(told) or 'without the GPU extra'}."


_TORCH_WORD = re.compile(r"(?<![\w./-])(?:torch|torchvision|torchaudio)(?![\w/-])|-r\s|--requirement|\s\.(?:\s|\[|$)")
_CUDA_INDEX = re.compile(r"(download\.pytorch\.org/whl)/(?:nightly/)?(?:cu\d+|rocm[\d.]+)")
_JAX_EXTRA = re.compile(r"\bjax\[[\w,.-]*\]")


def _for_cpus(text: str, claims: Sequence[Claim]) -> str:
    """Return a RUN that installs builds for CPUs: other names, another index."""
    if not is_script(text):
        return ""
    changed = _CUDA_INDEX.sub(r"\1/cpu", text)
    for name, other in CPU_BUILDS.items():
        changed = re.sub(rf"(?<![\w./-]){re.escape(name)}(?![\w/-])", other, changed)
    changed = _JAX_EXTRA.sub("jax", changed)
    if changed == text and _TORCH_WORD.search(text):
        # What is for CPUs is called 2.5.1+cpu, which pip prefers to 2.5.1 of the main index.
        changed = with_option(text, _PIP, f"--extra-index-url {TORCH_CPU_INDEX}")
    return changed if changed != text else ""


RULES = (
    Rule(
        code=_CODE,
        name="gpu-libraries",
        summary="GPU libraries in an image that nothing marks as one for GPUs.",
        certainty="possible",
        check=_unwanted,
        why="The default wheels of torch and others bring CUDA: 2 to 6 GB that a service on CPUs never loads. An image "
        "is taken to be for GPUs where it sets NVIDIA_VISIBLE_DEVICES, holds a CUDA or ROCm toolkit, or its command "
        "names a GPU. *Likely*, where its settings or its command say that it runs on CPUs (--device cpu, "
        "CUDA_VISIBLE_DEVICES empty), or the frameworks in it are builds for CPUs already.",
        before="RUN pip install torch",
        after="RUN pip install torch --index-url https://download.pytorch.org/whl/cpu",
        places=_PLACES,
    ),
)
