"""``imgscope bases`` as a user runs it, without an engine."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from imgscope.base_images import report
from imgscope.base_images.known import known_bases
from tests.oracle.makeelf import elf
from tests.oracle.maketar import directory, file, layer

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
STEPS = ["ADD file:0123 in / ", "COPY app /app"]


@pytest.fixture
def images(make):
    base = layer(
        file("bin/bash", b"\0bash" + bytes(1000), mode=0o755),
        file("etc/os-release", b'PRETTY_NAME="Made up 1"\n'),
        directory("tmp"),
    )
    app = layer(file("app/start", b"#!/bin/bash\n", mode=0o755), file("app/data\x1b[31m", bytes(5000)))
    command = {"Cmd": ["/app/start", "--token=ghp_" + "a1B2" * 9]}
    return (
        make(base, app, instructions=STEPS, config=command),
        make(base, instructions=STEPS[:1]),
        make(layer(file("bin/sh", b"\0sh", mode=0o755), directory("tmp")), instructions=STEPS[:1]),
    )


def test_the_report_says_what_is_on_what_and_what_lacks(imgscope, images):
    app, same, other = images
    for width in (40, 80, 100, 140):
        done = imgscope("bases", app, "--with", same, "--with", other, "--width", width, env=NO_ENGINE)
        assert done.returncode == 0, done.stderr
        assert max(map(len, done.stdout.splitlines())) <= width
        assert "\x1b" not in done.stdout
    words = " ".join(done.stdout.split())
    assert "image2.tar 1 layer of 2, certain: its layers and its history are the bottom of this image's" in words
    lines = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line.strip()}
    assert "/bin/bash" in lines["program"]
    rows = [line for line in done.stdout.splitlines() if not line.startswith("  base  ") and " now " not in line]
    fits, no = (next(line for line in rows if f"image{number}.tar " in line) for number in (2, 3))
    assert " fits " in fits and " no " in no
    assert "ghp_" not in done.stdout


def test_json_and_markdown_say_the_same(imgscope, images, tmp_path):
    app, same, other = images
    page = tmp_path / "bases.md"
    done = imgscope(
        "bases", app, "--with", same, "--with", other, "--format", "json", "-o", f"markdown={page}", env=NO_ENGINE
    )
    found = json.loads(done.stdout)
    schema = json.loads((Path(report.__file__).parent / "bases.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(found, schema)
    assert [one["verdict"] for one in found["candidates"]] == ["fits", "unfit"]
    assert found["candidates"][1]["missing"][0] == {
        "kind": "program",
        "name": "/bin/bash",
        "by": ["/app/start"],
        "hint": "",
        "decisive": True,
    }
    assert found["base"]["brings"]["content_bytes"] + found["app"]["content_bytes"] == found["image"]["content_bytes"]
    assert found["candidates"][0]["content_bytes"] == found["image"]["content_bytes"]
    text = page.read_text()
    assert "does not fit" in text and "`/bin/bash`" in text
    assert "ghp_" not in done.stdout + text


def test_without_the_base_among_them_the_history_tells(imgscope, images):
    app, _, other = images
    done = imgscope("bases", app, "--with", other, "--width", 140, env=NO_ENGINE)
    assert "Made up 1  1 layer of 2, possible: its first layer is a whole root filesystem" in done.stdout


def test_the_base_is_counted_once_when_it_is_named(imgscope, make):
    base, app = layer(file("a", bytes(3_000_000))), layer(file("b", bytes(2000)))
    image, below = make(base, app, instructions=["x", "y"]), make(base, instructions=["x"])
    sibling = make(base, layer(file("c", bytes(1000))), instructions=["x", "z"])
    for other, bytes_ in ((below, 3_002_000), (sibling, 3_003_000)):
        done = imgscope("bases", image, "--with", other, "--format", "json", "--no-table", env=NO_ENGINE)
        found = json.loads(done.stdout)
        assert found["base"]["brings"]["content_bytes"] == 3_000_000
        assert [one["content_bytes"] for one in found["candidates"]] == [bytes_]


def test_what_was_read_is_said_and_not_that_it_starts(imgscope, make):
    root = [file("bin/sh", b"\0sh", mode=0o755), file("etc/passwd", b"root:x:0:0"), directory("tmp")]
    script = file("app/start", b"#!/bin/sh\nother-program\n", mode=0o755)
    base, app = layer(*root, file("bin/other-program", b"\0", mode=0o755)), layer(script)
    image = make(base, app, instructions=STEPS, config={"Cmd": ["/app/start"]})
    silent = make(base, app, instructions=STEPS)
    lacking = make(layer(*root), instructions=STEPS[:1])
    done = imgscope("bases", image, "--with", lacking, "--no-table", "--format", "markdown", env=NO_ENGINE)
    assert "its program and libraries are all there; something else that it may need is missing" in done.stdout
    assert "it starts" not in done.stdout
    done = imgscope("bases", silent, "--with", lacking, "--no-table", "--format", "markdown", env=NO_ENGINE)
    assert "all there" not in done.stdout and "it starts" not in done.stdout


@pytest.mark.parametrize(
    "database", ["var/lib/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/Packages.db", "lib/apk/db/installed"]
)
def test_packages_that_the_app_brings_are_named_whatever_their_manager(imgscope, make, database):
    base = layer(file("etc/os-release", b"ID=x"), file("etc/passwd", b""))
    image = make(base, layer(file(database, b"damaged")), instructions=STEPS)
    for arguments in ((), ("--format", "markdown"), ("--format", "json")):
        done = imgscope("bases", image, "--no-table", *arguments, env=NO_ENGINE)
        words = " ".join(done.stdout.split())
        assert "hold packages that the base's package manager installed" in words
        assert "can't be read" in words
    found = json.loads(done.stdout)
    assert found["app"]["packages"] is None and found["base"]["facts"]["packages"] == 0


def test_exit_codes(imgscope, images, tmp_path):
    app, same, other = images
    assert imgscope("bases", app, "--with", same, "--fail-unfit", env=NO_ENGINE).returncode == 0
    assert imgscope("bases", app, "--with", same, "--with", other, "--fail-unfit", env=NO_ENGINE).returncode == 1
    assert imgscope("bases", app, "--fail-unfit", env=NO_ENGINE).returncode == 2
    wrong = imgscope("bases", app, "--base", other, env=NO_ENGINE)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    gone = imgscope("bases", app, "--with", tmp_path / "none.tar", env=NO_ENGINE)
    assert (gone.returncode, gone.stderr.count("\n")) == (3, 1)


def test_a_base_that_is_named_is_certain(imgscope, images):
    app, same, _ = images
    done = imgscope("bases", app, "--base", same, "--format", "json", "--no-table", env=NO_ENGINE)
    base = json.loads(done.stdout)["base"]
    assert (base["layers"], base["certainty"]) == (1, "certain")


def test_without_an_engine_the_table_is_left(imgscope, images):
    done = imgscope("bases", images[0], env=NO_ENGINE)
    assert done.returncode == 0
    assert "debian:bookworm-slim" in done.stdout
    assert "no engine answers" in done.stdout


def test_every_well_known_base_says_when_and_where_from():
    for known in known_bases():
        assert known.url.startswith("https://")
        assert known.name == "scratch" or (known.bytes > 1_000_000 and known.dated.startswith("20"))


def test_git_hooks_are_no_programs_of_the_app(imgscope, make):
    hook = file("srv/.git/hooks/pre-push", b"#!/usr/bin/perl\n", mode=0o755)
    image = make(layer(file("etc/os-release", b"ID=x")), layer(file("srv/run", b"#!/bin/sh\n", mode=0o755), hook))
    out = imgscope("bases", image, "--with", image, "--no-table", "--format", "json").stdout
    assert "perl" not in out and "pre-push" not in out


def test_bases_for_gpus_are_told_apart_and_the_app_is_tried_on_each(imgscope, make):
    cuda = "usr/local/cuda-12.6"
    lib = f"{cuda}/targets/x86_64-linux/lib"
    loader = "lib64/ld-linux-x86-64.so.2"
    system = (
        file("bin/sh", b"\0sh", mode=0o755),
        file(loader, elf("ld-linux-x86-64.so.2"), mode=0o755),
        file("lib/x86_64-linux-gnu/libc.so.6", elf("libc.so.6")),
        file("etc/os-release", b'PRETTY_NAME="Made up 1"\n'),
        directory("tmp"),
    )
    small = layer(*system, file(f"{lib}/libcudart.so.12", elf("libcudart.so.12")))
    runtime = layer(
        file(f"{lib}/libcublas.so.12", elf("libcublas.so.12", size=50_000)),
        file("usr/lib/x86_64-linux-gnu/libcudnn.so.9", elf("libcudnn.so.9")),
    )
    devel = layer(file(f"{cuda}/bin/nvcc", b"\0nvcc" + bytes(90_000), mode=0o755))
    program = elf(needed=["libcublas.so.12"], interpreter=f"/{loader}")
    app = layer(file("app/serve", program, mode=0o755))
    config = {"Env": ["CUDA_VERSION=12.6.3", f"LD_LIBRARY_PATH=/{lib}"]}
    steps = [f"ADD file:{number} in / " for number in range(3)]
    image = make(
        *(small, runtime, devel, app), instructions=[*steps, "COPY app /app"], config={**config, "Cmd": ["/app/serve"]}
    )
    others = [
        make(small, instructions=steps[:1], config=config),
        make(small, runtime, instructions=steps[:2], config=config),
        make(small, runtime, devel, instructions=steps, config=config),
    ]
    done = imgscope(
        "bases", image, "--base", others[2], *(word for one in others[:2] for word in ("--with", one)),
        "--format", "json", env=NO_ENGINE,
    )  # fmt: skip
    found = json.loads(done.stdout)
    told = {one["facts"]["gpu"]: one["verdict"] for one in found["candidates"]}
    assert told == {"CUDA 12.6 base": "unfit", "CUDA 12.6 runtime, cuDNN 9": "fits"}
    assert found["base"]["facts"]["gpu"] == "CUDA 12.6 devel, cuDNN 9"
    text = imgscope("bases", image, "--with", others[1], env=NO_ENGINE).stdout
    assert "CUDA 12.6 runtime, cuDNN 9" in text
