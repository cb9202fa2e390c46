"""Programs' headers: what they need, and what stripping them saves, by what real tools say of real programs."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscope import analyze
from imgscope.rootfs.elf import read_elf
from imgscope.suggestions import Options, suggest
from tests.oracle.maketar import file, layer, symlink

from .conftest import SYSTEM

needs_gcc = pytest.mark.skipif(not (shutil.which("gcc") and shutil.which("strip")), reason="needs gcc and binutils")
CONFIG = {"Cmd": ["/usr/local/bin/app"]}


def read(data):
    return read_elf(lambda offset, size: data[offset : offset + size], len(data))


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Programs as compilers make them: with debug information, with symbols only, compressed, stripped, static."""
    folder = tmp_path_factory.mktemp("elf")
    functions = "".join(f"int f{number}(int a) {{ return a * {number}; }}\n" for number in range(2000))
    (folder / "app.c").write_text(
        f"#include <math.h>\n{functions}int main(int c, char **v) {{ return cos(c) + f7(c); }}\n"
    )
    made = {}
    for name, options in {
        "debug": ["-g3"],
        "compressed": ["-g", "-gz=zlib"],
        "symbols": [],
        "stripped": ["-s"],
        "static": ["-g", "-static"],
        "library": ["-g", "-shared", "-fPIC"],
        "object": ["-g", "-c"],
    }.items():
        libraries = [] if name == "object" else ["-lm"]
        command = ["gcc", "-fno-builtin", *options, "-o", name, "app.c", *libraries]
        if subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 0:
            made[name] = folder / name
    return made


@needs_gcc
@pytest.mark.parametrize("name", ["debug", "compressed", "symbols", "stripped", "static", "library"])
def test_stripping_saves_what_is_told(programs, name, tmp_path):
    if name not in programs:
        pytest.skip("this compiler does not make such a program")
    data = programs[name].read_bytes()
    found = read(data)
    for part, option in ((found.debug, "--strip-debug"), (found.debug + found.symbols, "--strip-all")):
        subprocess.run(["strip", option, "-o", tmp_path / "out", programs[name]], check=True)
        saved = len(data) - (tmp_path / "out").stat().st_size
        # What is beside the sections: their headers and names.
        assert part == pytest.approx(saved, rel=0.05, abs=6000)


@needs_gcc
def test_what_a_program_needs_is_what_readelf_says(programs):
    said = subprocess.run(["readelf", "-d", programs["debug"]], capture_output=True, text=True, check=True).stdout
    found = read(programs["debug"].read_bytes())
    assert found.needed == tuple(name.encode() for name in re.findall(r"\(NEEDED\).*\[(.+)\]", said))
    assert found.needed
    assert found.interpreter.startswith(b"/lib")
    assert read(programs["object"].read_bytes()) is None, "an object file is not a program"


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
def test_either_size_and_byte_order(wide, order):
    """A program with a section of debug information, by hand: no compiler for them is at hand everywhere."""
    head = bytearray(64 if wide else 52)
    head[:6] = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2])
    struct.pack_into(order + "H", head, 16, 3)
    names = b"\0.debug_info\0.symtab\0"
    body = names + b"d" * 500 + b"s" * 70
    start = len(head)
    struct.pack_into(order + ("Q" if wide else "I"), head, 40 if wide else 32, start + len(body))
    struct.pack_into(order + "3H", head, 58 if wide else 46, 64 if wide else 40, 4, 3)
    table = b""
    for name, kind, place, size in (
        (0, 0, 0, 0),
        (1, 1, start + len(names), 500),
        (13, 2, start + len(names) + 500, 70),
        (0, 3, start, len(names)),
    ):
        layout = order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII")
        table += struct.pack(layout, name, kind, 0, 0, place, size, 0, 0, 0, 0)
    found = read(bytes(head) + body + table)
    assert (found.debug, found.symbols, found.needed) == (500, 70, ())


@needs_gcc
def test_cut_or_changed_anywhere_it_raises_nothing_and_claims_no_more_than_there_is(programs):
    data = programs["debug"].read_bytes()
    for end in [*range(200), *range(200, len(data), len(data) // 100)]:
        found = read(data[:end])
        assert found is None or found.debug + found.symbols <= end
    for place in range(64):
        for value in (0, 0x7F, 0xFF):
            changed = data[:place] + bytes([value]) + data[place + 1 :]
            found = read(changed)
            assert found is None or found.debug + found.symbols <= len(data)


@given(st.binary(max_size=400), st.booleans(), st.sampled_from([1, 2]))
def test_noise_after_a_true_beginning(noise, wide, order):
    data = b"\x7fELF" + bytes([2 if wide else 1, order]) + bytes(10) + (b"\3\0" if order == 1 else b"\0\3") + noise
    found = read(data)
    assert found is None or found.debug + found.symbols <= len(data)


# -- the rules that read them ----------------------------------------------------------------------------------------


@needs_gcc
@pytest.mark.parametrize("pack", ["", "gzip"])
def test_debug_information_is_told_by_what_it_takes(programs, make, pack):
    data, library = programs["debug"].read_bytes(), programs["library"].read_bytes()
    app = layer(
        file("usr/local/bin/app", data, mode=0o755),
        symlink("usr/local/bin/alias", "app"),
        file("usr/lib/python3/site-packages/x/_x.so", library),
        file("usr/local/bin/stripped", programs["stripped"].read_bytes(), mode=0o755),
        file("srv/app.data", data),
        file("usr/local/go/bin/go", data, mode=0o755),
    )
    base = layer(SYSTEM, file("usr/bin/base", data, mode=0o755))
    steps = ["ADD file:0123 in /", "RUN make install"]
    path = make(base, app, instructions=steps, config=CONFIG, pack=pack)
    with analyze(path, cache=False) as analysis:
        found = suggest(analysis, Options(("IS212",), (), 1)).findings
    own, installed = sorted(found, key=lambda finding: finding.certainty)
    assert [(row.path, row.bytes) for row in own.evidence] == [
        ("/usr/local/bin/app", read(data).debug + read(data).symbols)
    ]
    assert own.certainty == "likely"
    assert [(row.path, row.bytes) for row in installed.evidence] == [
        ("/usr/lib/python3/site-packages/x/_x.so", read(library).debug)
    ]
    assert installed.certainty == "possible"


def test_a_file_that_lies_is_left_alone(findings):
    hostile = b"\x7fELF\2\1" + bytes(10) + b"\3\0" + b"\xff" * 200
    assert findings(("RUN x", layer(file("bin/app", hostile, mode=0o755))), select=["IS212"]) == []


@needs_gcc
def test_sources_and_objects_beside_what_was_built_of_them(programs, findings):
    source = layer(
        *(file(f"src/{name}", b"x" * 5000) for name in ("Makefile", "app.c", "include/app.h", "vendor/v/readme.txt")),
        file("usr/share/x/example.c", b"x" * 5000),
        file("app/node_modules/x/binding.c", b"x" * 5000),
    )
    built = layer(
        file("usr/local/bin/app", programs["stripped"].read_bytes(), mode=0o755), file("src/app.o", b"x" * 5000)
    )
    steps = (("COPY . /src", source), ("RUN make", built))
    (found,) = findings(*steps, select=["IS205"], config=CONFIG)
    assert {row.path.removeprefix("/src/") for row in found.evidence} == {
        *("Makefile", "app.c", "include/app.h", "vendor/v/readme.txt", "app.o"),
    }
    assert found.certainty == "likely"
    assert "/src" in found.title
    # What the program may read there stays: only what are sources for sure.
    (found,) = findings(*steps, select=["IS205"], config={**CONFIG, "WorkingDir": "/src"})
    assert {row.path for row in found.evidence} == {"/src/app.c", "/src/include/app.h", "/src/app.o"}
    # Copied, not built: the sources may be what this image is for.
    copied = (("COPY . /src", source), ("COPY app /usr/local/bin", built))
    assert findings(*copied, select=["IS205"], config=CONFIG) == []
