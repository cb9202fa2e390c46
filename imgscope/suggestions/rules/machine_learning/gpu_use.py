"""Whether an image is for GPUs: what its settings, its base and its command say, and what says the contrary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ....settings import environment
from ...once import once
from ...program import started
from .loading import TOOLKIT

if TYPE_CHECKING:
    from ...context import Context

_FOR_GPUS = re.compile(
    r"--(?:device|accelerator)[=\s](?:cuda|gpu|rocm|hip)|\bnvidia-smi\b|\brocm-smi\b|--(?:n-)?gpus?\b"
)
_FOR_CPUS = re.compile(
    r"--(?:device|accelerator|platform)[=\s]cpu\b|--(?:use[-_])?cpu(?:-only)?\b|--no-?(?:gpu|cuda)\b"
)
_HIDDEN = re.compile(r"""\b(?:CUDA|HIP|ROCR|NVIDIA)_VISIBLE_DEVICES=(?:""|''|-1|none|void)?(?=\s|$)""")
_VISIBLE = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
_NONE = ("", "-1", "none", "void", "NoDevFiles")
_PLATFORM = re.compile(r"(?:.*_)?(?:DEVICE|ACCELERATOR)|JAX_PLATFORMS?|JAX_PLATFORM_NAME|VLLM_TARGET_DEVICE")


@once
def for_gpus(context: Context) -> bool:
    """Tell whether anything says that the image is for GPUs: a setting of the container runtimes, a toolkit, its
    command.
    """
    variables = environment(context.analysis.image.config)
    if any(name.startswith(("NVIDIA_REQUIRE_", "ROCM_")) for name in variables):
        return True
    if any(variables.get(name, "") not in _NONE for name in _VISIBLE):
        return True
    if _FOR_GPUS.search(started(context).text):
        return True
    return any(TOOLKIT.match(directory + b"/") for directory in context.overlay.tree)


@once
def for_cpus(context: Context) -> str:
    """Say what shows that the image runs on CPUs alone; empty where nothing does."""
    for name, value in sorted(environment(context.analysis.image.config).items()):
        if name in _VISIBLE and value in _NONE:
            return f"{name} hides all GPUs"
        if _PLATFORM.fullmatch(name) and value.lower() == "cpu":
            return f"{name} is cpu"
    found = _FOR_CPUS.search(started(context).text) or _HIDDEN.search(started(context).text)
    return f"it is started with {found[0].strip()}" if found is not None else ""
