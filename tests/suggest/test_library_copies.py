"""Which of several copies of a library is loaded is told as loaders find it, and the bytes of those that are not."""

from __future__ import annotations

import pytest

from tests.oracle.makeelf import elf
from tests.oracle.maketar import file, layer, symlink

SITE = "usr/local/lib/python3.12/site-packages"
CUDA = "usr/local/cuda-12.4/targets/x86_64-linux/lib"
BIG = 2_000_000
PIP = "RUN pip install torch"
TORCH = ["libcublas.so.12", "libcudnn.so.9"]
PACKAGES = "$ORIGIN/../../nvidia/cublas/lib:$ORIGIN/../../nvidia/cudnn/lib"


def lib(soname, *needed, size=BIG, **how):
    return elf(soname, needed, size=size, **how)


def claimed(found):
    return {row.path for row in found.evidence}


BASE = layer(
    file(f"{CUDA}/libcublas.so.12.4.5.8", lib("libcublas.so.12", "libcublasLt.so.12", size=BIG + 1)),
    symlink(f"{CUDA}/libcublas.so.12", "libcublas.so.12.4.5.8"),
    file(f"{CUDA}/libcublasLt.so.12.4.5.8", lib("libcublasLt.so.12", size=BIG + 2)),
    symlink(f"{CUDA}/libcublasLt.so.12", "libcublasLt.so.12.4.5.8"),
    file("usr/lib/x86_64-linux-gnu/libcudnn.so.9.1.0", lib("libcudnn.so.9", size=BIG + 3)),
    symlink("usr/lib/x86_64-linux-gnu/libcudnn.so.9", "libcudnn.so.9.1.0"),
)
WHEELS = layer(
    file(f"{SITE}/nvidia/cublas/lib/libcublas.so.12", lib("libcublas.so.12", "libcublasLt.so.12", rpath="$ORIGIN")),
    file(f"{SITE}/nvidia/cublas/lib/libcublasLt.so.12", lib("libcublasLt.so.12")),
    file(f"{SITE}/nvidia/cudnn/lib/libcudnn.so.9", lib("libcudnn.so.9")),
    file(f"{SITE}/torch/lib/libtorch_cuda.so", lib("libtorch_cuda.so", *TORCH, rpath=PACKAGES)),
)
SYSTEM_COPIES = {
    f"/{CUDA}/libcublas.so.12.4.5.8",
    f"/{CUDA}/libcublasLt.so.12.4.5.8",
    "/usr/lib/x86_64-linux-gnu/libcudnn.so.9.1.0",
}
WHEEL_COPIES = {
    f"/{SITE}/nvidia/cublas/lib/libcublas.so.12",
    f"/{SITE}/nvidia/cublas/lib/libcublasLt.so.12",
    f"/{SITE}/nvidia/cudnn/lib/libcudnn.so.9",
}


def test_the_bases_copies_are_dead_where_packages_load_their_own(findings):
    (found,) = findings(("RUN apt-get install cuda", BASE), (PIP, WHEELS), select=["IS502"])
    assert claimed(found) == SYSTEM_COPIES and found.certainty == "likely"
    assert found.bytes == pytest.approx(3 * BIG, rel=0.01)
    assert f"/{SITE}/torch/lib/libtorch_cuda.so loads /{SITE}/nvidia/cublas/lib/libcublas.so.12" in found.fix
    assert not findings((PIP, WHEELS), select=["IS502"])


def test_a_cuda_base_is_told_to_be_another(make, findings):
    from imgscope import analyze
    from imgscope.base_images.find import Base
    from imgscope.suggestions import Options, suggest

    path = make(BASE, WHEELS, instructions=["ADD file:0 in / ", PIP])
    with analyze(path, cache=False) as analysis:
        base = Base("nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04", None, 1, "as given", "certain")
        (found,) = suggest(analysis, Options(("IS502",)), base=base).findings
    assert claimed(found) == SYSTEM_COPIES and found.layers == (0,) and "nvidia/cuda:…-base-…" in found.fix


def test_ld_library_path_goes_before_runpath_but_not_before_rpath(findings):
    config = {"Env": [f"LD_LIBRARY_PATH=/{CUDA}:/usr/lib/x86_64-linux-gnu"]}
    steps = ("RUN apt-get install cuda", BASE), (PIP, WHEELS)
    (found,) = findings(*steps, select=["IS502"], config=config)
    assert claimed(found) == SYSTEM_COPIES
    by_runpath = layer(
        file(f"{SITE}/torch/lib/libtorch_cuda.so", lib("libtorch_cuda.so", *TORCH, runpath=PACKAGES)),
    )
    (found,) = findings(*steps, ("RUN x", by_runpath), select=["IS502"], config=config)
    assert claimed(found) == WHEEL_COPIES and found.certainty == "likely"


def test_both_are_alive_where_both_are_asked_for(findings):
    tool = layer(
        file(
            "usr/bin/solver",
            elf(needed=TORCH, interpreter="/lib64/ld-linux-x86-64.so.2", runpath=f"/{CUDA}"),
            mode=0o755,
        ),
        file("lib64/ld-linux-x86-64.so.2", elf("ld-linux-x86-64.so.2"), mode=0o755),
    )
    found = findings(("RUN apt-get install cuda", BASE), (PIP, WHEELS), ("COPY solver", tool), select=["IS502"])
    assert not found


def test_what_nothing_asks_for_is_only_possible(findings):
    two = layer(file("opt/a/lib/libmkl_core.so.2", lib("libmkl_core.so.2")))
    conda = layer(file("opt/conda/lib/libmkl_core.so.2", lib("libmkl_core.so.2")))
    (found,) = findings(("RUN a", two), ("RUN conda install mkl", conda), select=["IS502"])
    assert found.certainty == "possible" and claimed(found) == {"/opt/a/lib/libmkl_core.so.2"}


def test_another_machine_another_version_and_variants_are_no_copies(findings):
    other = bytearray(lib("libmkl_core.so.2"))
    other[18] = 183
    tar = layer(
        file("usr/lib/x86_64-linux-gnu/libmkl_core.so.2", lib("libmkl_core.so.2")),
        file("usr/lib/aarch64-linux-gnu/libmkl_core.so.2", bytes(other)),
        file("usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v3/libmkl_core.so.2", lib("libmkl_core.so.2")),
        file("opt/jdk/lib/server/libjvm.so", lib("libjvm.so")),
        file("opt/jdk/lib/client/libjvm.so", lib("libjvm.so")),
        file("opt/x/libcublas.so.11", lib("libcublas.so.11")),
        file(f"{SITE}/nvidia/cublas/lib/libcublas.so.12", lib("libcublas.so.12")),
    )
    assert not findings((PIP, tar), select=["IS502"])


def test_wheels_that_each_load_their_own_are_left_alone(findings):
    parts = []
    for name in ("numpy", "scipy"):
        parts.append(file(f"{SITE}/{name}.libs/libopenblas-0cf96a72.so.0", lib("libopenblas-0cf96a72.so.0")))
        module = elf(needed=["libopenblas-0cf96a72.so.0"], rpath=f"$ORIGIN/../{name}.libs")
        parts.append(file(f"{SITE}/{name}/core.so", module))
    assert not findings(("RUN pip install numpy scipy", layer(*parts)), select=["IS502"])
    # The distribution's, which nothing in the image asks for, may be loaded by whatever comes.
    system = layer(file("usr/lib/x86_64-linux-gnu/libopenblas.so.0", lib("libopenblas.so.0")))
    (found,) = findings(("RUN apt-get", system), ("RUN pip install numpy", layer(*parts)), select=["IS502"])
    assert found.certainty == "possible" and claimed(found) == {"/usr/lib/x86_64-linux-gnu/libopenblas.so.0"}


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_a_library_larger_than_what_is_held_is_known_all_the_same(make, pack, monkeypatch):
    from imgscope import analyze
    from imgscope.suggestions import Options, suggest

    monkeypatch.setattr("imgscope.rootfs.root.MAX_STREAMED", 1 << 20)
    path = make(BASE, WHEELS, instructions=["RUN apt-get install cuda", PIP], pack=pack)
    with analyze(path, cache=False) as analysis:
        found = suggest(analysis, Options(("IS502",))).findings
    assert {row.path for one in found if one.certainty == "likely" for row in one.evidence} == SYSTEM_COPIES
