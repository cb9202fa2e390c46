"""What is told of code for GPUs is what a library without it is smaller by."""

from __future__ import annotations

import pytest

from imgscope import analyze, errors
from imgscope import suggest as suggest_image
from imgscope.suggestions import Options, suggest
from tests.oracle.makeelf import bundle, elf, nvidia
from tests.oracle.maketar import file, layer, symlink

from .conftest import SYSTEM

LIB = "usr/local/lib/python3.12/site-packages/nvidia/cublas/lib"
ALL = (("sm_50", 700_000), ("sm_70", 500_000), ("sm_80", 900_000), ("sm_86", 800_000), ("compute_90", 100_000))
RUN = "RUN pip install nvidia-cublas-cu12"


def library(*entries):
    return elf("libcublas.so.12", sections={".nv_fatbin": nvidia(*entries)}, size=200_000)


@pytest.fixture
def told(make):
    def look(tar, gpu=(), config=None, pack=""):
        path = make(layer(SYSTEM), tar, instructions=["ADD file:0 in / ", RUN], config=config, pack=pack)
        with analyze(path, cache=False) as analysis:
            return list(suggest(analysis, Options(("IS506",), (), 1, gpu)).findings), sum(
                row.content_bytes for row in analysis.layers
            )

    return look


@pytest.mark.parametrize("pack", ["", "gzip", "zstd"])
def test_a_library_without_them_is_smaller_by_what_is_told(told, pack):
    before = layer(file(f"{LIB}/libcublas.so.12", library(*ALL)), symlink(f"{LIB}/libcublas.so", "libcublas.so.12"))
    after = layer(file(f"{LIB}/libcublas.so.12", library(ALL[2])), symlink(f"{LIB}/libcublas.so", "libcublas.so.12"))
    (found,), whole = told(before, ("sm_80",), pack=pack)
    none, rest = told(after, ("sm_80",), pack=pack)
    assert not none and found.certainty == "likely" and "sm_80" in found.title
    assert found.bytes == pytest.approx(whole - rest, rel=0.05)
    (row,) = found.evidence
    assert (row.path, row.layer) == (f"/{LIB}/libcublas.so.12", 1)


def test_without_a_word_only_what_cuda_dropped_is_told(told):
    tar = layer(file(f"{LIB}/libcublas.so.12", library(*ALL)))
    (found,), _ = told(tar)
    assert found.certainty == "possible" and found.bytes == 1_200_000 + 2 * 64 and "sm_50, sm_70" in found.title
    assert not told(layer(file(f"{LIB}/libcublas.so.12", library(*ALL[2:]))))[0]


def test_the_image_itself_may_say_what_it_is_built_for(told):
    tar = layer(file(f"{LIB}/libcublas.so.12", library(*ALL)))
    (found,), _ = told(tar, config={"Env": ["TORCH_CUDA_ARCH_LIST=8.6+PTX"]})
    # What is compiled for GPUs to come stays.
    assert found.certainty == "possible" and found.bytes == 700_000 + 500_000 + 900_000 + 3 * 64


def test_code_for_amd_in_sections_and_in_files_of_its_own(told):
    rocm = "opt/rocm/lib"
    tar = layer(
        file(f"{rocm}/librccl.so.1", elf(sections={".hip_fatbin": bundle(("gfx906", 600_000), ("gfx90a", 700_000))})),
        file(f"{rocm}/rocblas/library/TensileLibrary_HH_gfx906.co", b"\x7fELF" + bytes(1000)),
        file(f"{rocm}/rocblas/library/Kernels.so-000-gfx90a.hsaco", b"\x7fELF" + bytes(1000)),
    )
    (found,), _ = told(tar, ("gfx90a",))
    assert found.bytes == 600_000 + 1004 and "PYTORCH_ROCM_ARCH" in found.fix
    # What is said of one vendor's GPUs says nothing of another's.
    assert not told(tar, ("sm_80",))[0] and not told(tar)[0]


def test_words_that_are_no_architecture_are_a_usage_error(make):
    path = make(layer(SYSTEM))
    with pytest.raises(errors.UsageError, match="sm_80"):
        suggest_image(path, gpu="ampere")


def test_a_program_of_ones_own_is_looked_into_as_well(told):
    program = elf(interpreter="/lib64/ld-linux-x86-64.so.2", sections={".nv_fatbin": nvidia(*ALL)})
    (found,), _ = told(layer(file("usr/local/bin/simulate", program, mode=0o755)), ("sm_86",))
    assert found.bytes == sum(size + 64 for _, size in ALL) - 800_064
