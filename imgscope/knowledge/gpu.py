"""What is known of GPU software: its builds for CPUs, what compiles at run time, what is no longer built for."""

from __future__ import annotations

CPU_BUILDS = {
    "tensorflow": "tensorflow-cpu",
    "onnxruntime-gpu": "onnxruntime",
    "xgboost": "xgboost-cpu",
    "faiss-gpu": "faiss-cpu",
    "faiss-gpu-cu11": "faiss-cpu",
    "faiss-gpu-cu12": "faiss-cpu",
    "paddlepaddle-gpu": "paddlepaddle",
    "tensorflow-gpu": "tensorflow-cpu",
    "tensorflow-rocm": "tensorflow-cpu",
    "onnxruntime-rocm": "onnxruntime",
}
"""Python distributions that bring code for GPUs, and those that do without."""

TORCH = frozenset(("torch", "torchvision", "torchaudio"))
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""PyTorch's index of builds for CPUs, which are called ``2.5.1+cpu``."""

FRAMEWORKS = (
    "torch",
    "tensorflow",
    "onnxruntime",
    "jaxlib",
    "cupy",
    "xgboost",
    "faiss",
    "paddlepaddle",
    "vllm",
    "triton",
    "tensorrt",
)
"""Distributions, by how their names begin, that GPU libraries are there for."""

JIT = frozenset(
    ("deepspeed", "flashinfer-python", "cupy", "numba-cuda", "pycuda", "tensorflow", "jaxlib", "tilelang", "vllm")
)
"""Distributions, by name or how it begins, that compile for GPUs at run time: with a toolkit's compiler or headers."""

OLDEST_CUDA = 75
"""The oldest architecture that CUDA 13 still builds for (its release notes: Maxwell, Pascal and Volta are dropped)."""

ARCHITECTURE_VARIABLES = ("TORCH_CUDA_ARCH_LIST", "CUDAARCHS", "CUDA_ARCHITECTURES", "PYTORCH_ROCM_ARCH")
"""Variables by which builds are told the GPUs that they are for."""

TOOLKIT_PROGRAMS = frozenset(
    (
        "nvcc",
        "ptxas",
        "nvlink",
        "fatbinary",
        "cicc",
        "cuobjdump",
        "nvdisasm",
        "nvprune",
        "nvprof",
        "nsys",
        "ncu",
        "cuda-gdb",
        "compute-sanitizer",
        "hipcc",
        "hipconfig",
        "rocprof",
    )
)
"""Programs of a toolkit: who runs one needs it."""
