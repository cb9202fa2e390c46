"""What images of machine learning hold twice, or for nothing; and images that are as they should be."""

from __future__ import annotations

import pytest

from tests.oracle.maketar import file, layer

BIG = b"\x7fELF" + bytes(1_200_000)
BROWSER = bytes(60_000_000)
SITE = "usr/local/lib/python3.12/site-packages"
PIP = "RUN pip install torch"


def claimed(found):
    return {row.path for finding in found for row in finding.evidence}


def test_gpu_wheels_are_told_unless_the_image_is_for_a_gpu(findings):
    made = layer(
        file(f"{SITE}/nvidia/cudnn/lib/libcudnn.so.9", BIG),
        file(f"{SITE}/torch/lib/libtorch_cuda.so", BIG),
        file(f"{SITE}/torch/lib/libtorch_cpu.so", BIG),
    )
    (found,) = findings((PIP, made), select=["IS501"])
    assert claimed([found]) == {f"/{SITE}/nvidia/cudnn/lib/libcudnn.so.9", f"/{SITE}/torch/lib/libtorch_cuda.so"}
    assert found.certainty == "possible" and found.bytes == 2 * len(BIG) and "whl/cpu" in found.lines[0]
    gpu = {"Env": ["PATH=/bin", "NVIDIA_VISIBLE_DEVICES=all"]}
    assert not findings((PIP, made), select=["IS501"], config=gpu)
    toolkit = layer(file("usr/local/cuda-12.6/lib64/libcudart.so.12", BIG))
    assert not findings(("RUN apt-get install cuda", toolkit), (PIP, made), select=["IS501"])


def test_a_library_in_two_places_is_told_by_its_name_and_major_version(findings):
    system = layer(
        file("usr/lib/x86_64-linux-gnu/libcudnn.so.9.1.0", BIG),
        file("usr/lib/x86_64-linux-gnu/libopenblas.so.0", BIG),
        file("usr/lib/x86_64-linux-gnu/libcublas.so.11", BIG),
    )
    wheels = layer(
        file(f"{SITE}/nvidia/cudnn/lib/libcudnn.so.9", BIG),
        file(f"{SITE}/numpy.libs/libopenblas-0cf96a72.so.0", BIG),
        file(f"{SITE}/nvidia/cublas/lib/libcublas.so.12", BIG),
    )
    (found,) = findings(("RUN apt-get install x", system), (PIP, wheels), select=["IS502"])
    # What a package brings is what is loaded; another major version is another library.
    assert claimed([found]) == {
        "/usr/lib/x86_64-linux-gnu/libcudnn.so.9.1.0",
        "/usr/lib/x86_64-linux-gnu/libopenblas.so.0",
    }
    assert "libcudnn.so.9, libopenblas.so.0" in found.title
    assert not findings((PIP, wheels), select=["IS502"])


def test_the_bases_own_copy_cannot_go_so_the_packages_is_told(findings, make):
    base = layer(file("usr/lib/libmkl_core.so.2", BIG))
    wheel = layer(file(f"{SITE}/mkl/libmkl_core.so.2", BIG))
    found = findings(("ADD base", base), (PIP, wheel), select=["IS502"])
    assert sum(finding.bytes for finding in found) == len(BIG)


def test_a_toolkit_to_build_with_is_told_without_what_runs(findings):
    home = "usr/local/cuda-12.6/targets/x86_64-linux"
    made = layer(
        file("usr/local/cuda-12.6/bin/nvcc", BIG),
        file(f"{home}/bin/nvcc", BIG),
        file(f"{home}/include/cuda.h", BIG),
        file(f"{home}/lib/libcudart_static.a", BIG),
        file(f"{home}/lib/libcudart.so.12", BIG),
    )
    (found,) = findings(("RUN apt-get install cuda-toolkit", made), select=["IS503"])
    assert not any(path.endswith("libcudart.so.12") for path in claimed([found])) and found.bytes == 4 * len(BIG)
    runtime = layer(file(f"{home}/lib/libcudart.so.12", BIG), file(f"{home}/lib/stub.a", BIG))
    assert not findings(("RUN apt-get install cuda-libraries", runtime), select=["IS503"])


def test_weights_in_two_formats(findings):
    made = layer(
        file("models/a/model.safetensors", BIG),
        file("models/a/pytorch_model.bin", BIG),
        file("models/a/spiece.bin", BIG),
        file("models/b/pytorch_model.bin", BIG),
    )
    (found,) = findings(("RUN hf download", made), select=["IS504"])
    assert claimed([found]) == {"/models/a/pytorch_model.bin"} and "/models/a" in found.title


def test_the_smaller_of_two_browsers(findings):
    made = layer(
        file("root/.cache/ms-playwright/chromium-1200/chrome-linux/chrome", BROWSER + b"x"),
        file("root/.cache/ms-playwright/ffmpeg-1011/ffmpeg", BIG),
        file("usr/lib/chromium/chromium", BROWSER),
    )
    (found,) = findings(("RUN npx playwright install", made), select=["IS505"])
    assert claimed([found]) == {"/usr/lib/chromium/chromium"}
    alone = layer(file("root/.cache/ms-playwright/chromium-1200/chrome-linux/chrome", BROWSER))
    assert not findings(("RUN npx playwright install", alone), select=["IS505"])


@pytest.mark.parametrize("code", ["IS501", "IS502", "IS503", "IS504", "IS505"])
def test_a_good_image_is_left_alone(findings, code):
    made = layer(
        file(f"{SITE}/torch/lib/libtorch_cpu.so", BIG),
        file(f"{SITE}/numpy.libs/libopenblas64_p-r0-0cf96a72.so", BIG),
        file("models/a/model.safetensors", BIG),
        file("usr/lib/libc.so.6", BIG),
    )
    assert not findings((PIP, made), select=[code])
