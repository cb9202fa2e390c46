"""ELF files as strangers make them: read like the tools read them, or not at all, and never at length."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import imgscope as library
from imgscope.rootfs.elf import Elf, read_elf
from imgscope.rootfs.glibc import read_cache
from imgscope.rootfs.loaders import Loaders
from imgscope.rootfs.programs import directories
from imgscope.rootfs.root import FileFacts, Root
from tests.oracle import maketar
from tests.oracle.maketar import file, layer

PYTHON = Path(sys.executable).resolve()


def read(data: bytes):
    return read_elf(
        lambda offset, length: data[offset : offset + length] if offset >= 0 and length > 0 else b"", len(data)
    )


@pytest.mark.skipif(not shutil.which("readelf"), reason="needs readelf")
@pytest.mark.parametrize(
    "path", [PYTHON, Path("/bin/sh").resolve(), Path(shutil.which("ldd") or "/bin/ls").parent / "sort"]
)
def test_it_says_what_readelf_says(path):
    if path.read_bytes()[:4] != b"\x7fELF":
        pytest.skip(f"{path} is not an ELF file here")
    elf = read(path.read_bytes())
    text = subprocess.run(["readelf", "-dlVW", path], capture_output=True, text=True, check=True).stdout
    assert [f"[{name.decode()}]" in text for name in elf.needed] == [True] * text.count("(NEEDED)")
    assert f"interpreter: {elf.interpreter.decode()}]" in text
    wanted = {version.decode() for versions in elf.versions.values() for version in versions}
    assert wanted
    assert all(f"Name: {version} " in text for version in wanted)


def test_what_is_no_program_is_none():
    for data in (b"", b"\x7fELF", b"\x7fELF" + bytes(60), b"#!/bin/sh\n", b"\x7fELF\x02\x01\x01" + b"\xff" * 2000):
        assert read(data) is None


def test_no_bytes_make_it_fail_or_slow():
    whole = PYTHON.read_bytes()[: 1 << 20]
    chance = random.Random(7)
    for _ in range(1500):
        data = bytearray(whole[: chance.choice((64, 700, 8192, len(whole)))])
        for _ in range(chance.randint(1, 40)):
            data[chance.randrange(min(len(data), chance.choice((64, 1000, len(data)))))] = chance.randrange(256)
        data[:4] = b"\x7fELF"
        start = time.perf_counter()
        read(bytes(data))
        assert time.perf_counter() - start < 1


def test_a_list_of_versions_that_leads_back_to_itself_ends():
    # A 64-bit library: one loaded segment, and a dynamic one whose list of versions never advances nor ends.
    dynamic = struct.pack("<10Q", 5, 0x400, 10, 0x100, 1, 1, 0x6FFFFFFE, 0x300, 0, 0)
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0, 0, 0x1000, 0x1000, 1)
    where = struct.pack("<IIQQQQQQ", 2, 4, 0x200, 0x200, 0, len(dynamic), len(dynamic), 8)
    need = struct.pack("<HHIII", 1, 0xFFFF, 1, 16, 1) + struct.pack("<IHHII", 0, 0, 0, 1, 1) * 40
    data = bytearray(0x1000)
    for place, part in ((0, head + load + where), (0x200, dynamic), (0x300, need), (0x400, b"\0libx.so.1\0")):
        data[place : place + len(part)] = part
    start = time.perf_counter()
    elf = read(bytes(data))
    assert elf is not None and elf.needed == (b"libx.so.1",)
    assert time.perf_counter() - start < 1


def test_the_loaders_cache_is_read_and_a_false_one_is_not_believed():
    cache = Path("/etc/ld.so.cache")
    if cache.exists():
        found = read_cache(cache.read_bytes())
        assert any(Path(path.decode()).exists() for path in found.get(b"libc.so.6", ()))
    for data in (b"", b"glibc-ld.so.cache1.1", b"glibc-ld.so.cache1.1" + b"\xff" * 400, b"text" * 100):
        assert read_cache(data) == {}


def test_a_search_path_never_leaves_the_image():
    assert directories("/bin:/../../etc::usr/bin/") == (b"bin", b"etc", b"usr/bin")


def test_libraries_that_all_need_one_another_cost_little(tmp_path):
    """Thirty programs of a hundred libraries: each needs all, or searches what all above it search."""
    names = tuple(b"l%d.so" % number for number in range(100))
    wide = Elf("amd64/64", False, needed=names, rpath=tuple(b"/p%d" % number for number in range(100)), dynamic=True)
    chain = [
        replace(wide, needed=(b"l%d.so" % (number + 1),), rpath=tuple(b"/p%d/%d" % (number, way) for way in range(100)))
        for number in range(100)
    ]
    data = layer(*(file(f"lib/{name.decode()}", b"\x7fELF") for name in names))
    with library.analyze(maketar.docker_archive(tmp_path / "image.tar", [data]), cache=False) as analysis:
        for libraries in (dict.fromkeys(names, wide), dict(zip(names, chain, strict=True))):
            root = Root(analysis, FileFacts())
            entries = {root.file(b"lib/" + name).entry: elf for name, elf in libraries.items()}
            root.elf = entries.get
            loader = Loaders(root)
            start = time.process_time()
            for number in range(30):
                loader.missing(b"bin/%d" % number, wide)
            assert time.process_time() - start < 10
