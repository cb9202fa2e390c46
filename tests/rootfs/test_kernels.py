"""Code for GPUs in libraries: what is read of it is what was put in, wherever it stands and whatever lies about it."""

from __future__ import annotations

import io
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscope.rootfs.elf import read_elf
from imgscope.rootfs.kernels import MAX_ENTRIES, UNKNOWN, Budget, Forward, architectures, loaded, read_kernels
from tests.oracle.makeelf import bundle, compressed_bundle, elf, nvidia, packed_bundle

HEAD = 64


def at(data):
    return lambda offset, size: data[offset : offset + size]


def read(data, ranges=None):
    return read_kernels(at(data), ranges or [(0, len(data))], Budget()).by_architecture


def test_containers_of_a_section_are_read_one_by_one():
    section = nvidia(("sm_50", 1000), ("sm_80", 3000), ("compute_80", 500)) + bytes(24) + nvidia(("sm_80", 7))
    data = elf("libx.so", sections={".text": b"x" * 99, ".nv_fatbin": section})
    ranges = read_elf(at(data), len(data)).kernels
    assert [data[start:end] for start, end in ranges] == [section]
    assert read(data, ranges) == {"sm_50": 1064, "sm_80": 3000 + 7 + 2 * HEAD, "compute_80": 564}
    # Read through as a stream, where nothing tells of sections, it is the same.
    assert read(data) == read_kernels(Forward(io.BytesIO(data)).at, [(0, len(data))], Budget()).by_architecture


def test_headers_of_new_architectures_are_longer():
    assert read(nvidia(("sm_100", 10), ("sm_120", 20), extended=48)) == {"sm_100": 122, "sm_120": 132}


def test_bundles_for_amd():
    section = bundle(("gfx906:sramecc+:xnack-", 3000), ("gfx90a", 5000)) + bytes(100) + bundle(("gfx90a", 1))
    assert read(section) == {"gfx906": 3000, "gfx90a": 5001}
    # Compressed, each has its share of the bytes that are there.
    for method in (0, 1):
        packed = packed_bundle(("gfx906:xnack-", 300_000), ("gfx90a", 100_000), method=method)
        found = read(packed + packed)
        assert set(found) == {"gfx906", "gfx90a"} and sum(found.values()) <= 2 * len(packed)
        assert found["gfx906"] == pytest.approx(1.5 * len(packed), abs=4)
    assert read(compressed_bundle(5000) + compressed_bundle(300)) == {UNKNOWN: 5300}


def test_a_gpu_takes_the_newest_code_of_its_own_major_architecture():
    names = {"sm_50", "sm_80", "sm_86", "sm_90", "compute_90"}
    assert loaded(names, ["sm_80"]) == {"sm_80"}
    assert loaded(names, ["sm_89"]) == {"sm_86"}
    assert loaded(names, ["sm_120"]) == {"compute_90"}
    assert loaded(names, ["sm_75"]) == set()
    assert loaded({"gfx90a", "gfx942", "gfx11-generic"}, ["gfx942"]) == {"gfx942", "gfx11-generic"}


def test_architectures_as_builds_are_told_them():
    assert architectures(["8.0;9.0+PTX", "sm_86,75-real"]) == (("sm_80", "sm_90", "sm_86", "sm_75"), ())
    assert architectures(["gfx90a:gfx1100 10.0 120a"])[0] == ("gfx90a", "gfx1100", "sm_100", "sm_120")
    assert architectures(["Ampere"]) == ((), ("Ampere",))


@pytest.mark.parametrize("cut", [3, 10, 20, 90, 1100, -1])
def test_what_ends_too_early_is_not_counted_beyond_its_end(cut):
    section = nvidia(("sm_50", 1000), ("sm_80", 3000))[:cut]
    assert sum(read(section).values()) <= len(section)


@given(st.lists(st.sampled_from([nvidia(("sm_80", 9)), bundle(("gfx90a", 9))[:200], b"\0" * 7]), max_size=6), st.data())
def test_no_byte_is_counted_twice_whatever_the_headers_say(parts, data):
    section = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(0, 6)) if section else 0):
        section[data.draw(st.integers(0, len(section) - 1))] = data.draw(st.integers(0, 255))
    found = read(bytes(section))
    again = read_kernels(Forward(io.BytesIO(section)).at, [(0, len(section))], Budget()).by_architecture
    assert sum(found.values()) <= len(section) and found == again


def test_containers_are_counted():
    many = nvidia() * 5000
    assert read_kernels(at(many), [(0, len(many))], Budget(100)).by_architecture == {}


@pytest.mark.parametrize(
    "unit",
    [
        nvidia(),
        b"\x50\xed\x55\xba\x01\x00\x10\x00" + b"\xff" * 8,
        b"__CLANG_OFFLOAD_BUNDLE__" + (4096).to_bytes(8, "little") + b"\xff" * 24,
        b"CCOB",
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_marks_beside_marks_are_fetched_about_once(unit, stream):
    data = unit * ((2 << 20) // len(unit))
    fetched = 0
    under = Forward(io.BytesIO(data)).at if stream else at(data)

    def counted(offset, size):
        nonlocal fetched
        part = under(offset, size)
        fetched += len(part)
        return part

    read_kernels(counted, [(0, len(data))], Budget())
    assert fetched < 2 * len(data)


def test_sets_of_architectures_are_bounded():
    names = [f"sm_{number}" for number in range(10, 1000)]
    many = b"".join(nvidia((one, 1), (other, 1)) for one in names[:60] for other in names)
    assert len(read_kernels(at(many), [(0, len(many))], Budget()).containers) <= MAX_ENTRIES // 100


def test_what_holds_no_code_is_not_searched_to_its_end():
    asked = []

    def endless(offset, size):
        asked.append(offset)
        return bytes(size)

    read_kernels(endless, [(0, 1 << 62)], Budget(10_000))
    assert len(asked) <= 102


def test_sections_that_overlap_are_read_once():
    data = bytearray(elf(sections={".nv_fatbin": nvidia(("sm_80", 100)), "__nv_relfatbin": b"x" * 50}))
    rows = int.from_bytes(data[40:48], "little")
    data[rows + 2 * 64 + 24 : rows + 2 * 64 + 40] = data[rows + 64 + 24 : rows + 64 + 40]
    assert read(bytes(data), read_elf(at(bytes(data)), len(data)).kernels) == {"sm_80": 164}


@pytest.mark.parametrize(
    "unit",
    [
        b"\0",
        b"C",
        b"CCO",
        b"_",
        b"\x50",
        b"\x50\xed\x55",
        b"\x50\xed\x55\xba",
        b"__CLANG_OFFLOAD_BUNDLE",
        b"CLANG_OFFLOAD_",
    ],
)
def test_a_search_in_vain_costs_about_what_it_takes_to_unpack_the_bytes(unit):
    def seconds(function, *arguments):
        taken = []
        for _ in range(3):
            begin = time.process_time()
            function(*arguments)
            taken.append(time.process_time() - begin)
        return min(taken)

    def search(data):
        assert read_kernels(at(data), [(0, len(data))], Budget()).by_architecture == {}

    small, large = ((unit * (size // len(unit) + 1))[:size] for size in (4 << 20, 16 << 20))
    assert seconds(search, large) < 8 * seconds(search, small) + 0.1
    # What only begins like a mark is counted.
    assert seconds(search, large) < 6 * seconds(zlib.decompress, zlib.compress(large, 1)) + 0.5


def test_marks_beside_one_another_are_found_in_order_wherever_a_window_ends():
    from imgscope.rootfs.kernels import _WINDOW

    pieces = [
        nvidia(("sm_80", 100)),
        bundle(("gfx90a", 50)),
        compressed_bundle(100),
        b"CCO\x50\xed\x55\xba__CLANG_",
        b"CC",
    ]
    once = read(b"".join(pieces))
    for gap in range(_WINDOW - 300, _WINDOW + 20, 7):
        data = bytes(gap) + b"".join(pieces)
        assert read(data) == once
        assert read_kernels(Forward(io.BytesIO(data)).at, [(0, len(data))], Budget()).by_architecture == once
