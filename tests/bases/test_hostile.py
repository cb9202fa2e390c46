"""Images made to make trouble: an answer in seconds, one line at most on stderr, nothing that a terminal would obey."""

from __future__ import annotations

import json
import random
import re
import struct
import sys
import time
from pathlib import Path

from tests.oracle.maketar import file, layer, symlink

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def elves(count):
    """Programs with some of their bytes changed."""
    chance = random.Random(5)
    whole = Path(sys.executable).resolve().read_bytes()[:8192]
    for number in range(count):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 30)):
            data[chance.randrange(64, len(data))] = chance.randrange(256)
        yield file(f"bin/h{number}", bytes(data), mode=0o755)


def test_trouble_of_every_kind(make, imgscope):
    whole = Path(sys.executable).resolve().read_bytes()[:8192]
    base = layer(
        *elves(300),
        file("bin/sh", b"#!/bin/sh\n" + b"\n" * 200_000 + b"a=b " * 10_000 + b"# " * 9000, mode=0o755),
        file("lib64/ld-linux-x86-64.so.2", whole[:64] + b"/a" * 300_000, mode=0o755),
        file("lib/ld-musl-x86_64.so.1", b"\x001.1\x00" * 1000, mode=0o755),
        file("etc/ld.so.cache", b"glibc-ld.so.cache1.1" + struct.pack("<I", 0xFFFFFFFF) + bytes(range(256)) * 2000),
        file("etc/passwd", b"\xff\0\n" * 50_000),
        file("etc/os-release", 'PRETTY_NAME="\x1b[31mred\u202e\n'.encode()),
        *(symlink(f"loop/{number}", f"../loop/{(number + 1) % 90}") for number in range(90)),
        symlink("usr/bin/deep", "/" + "x/../" * 800),
    )
    app = layer(
        file("app/run", b"#!/bin/sh " + b"-" * 5000 + b"\n" + b"exec h1;" * 20_000, mode=0o755),
        symlink("app/link", "../loop/1"),
        file("app/\xff\x1b", whole, mode=0o755),
    )
    config = {
        "Cmd": ["/app/run", "$(" * 1000, 7, None],
        "Env": ["PATH=" + ":/x" * 3000, 5, "LD_LIBRARY_PATH=/../../:/lib", "TZ=../../x"],
        "User": "a\x1b:b:c",
        "WorkingDir": "../..//x",
    }
    steps = ["ADD file:1 in / ", "COPY x"]
    image, other = make(base, app, instructions=steps, config=config), make(base, instructions=steps[:1])
    start = time.perf_counter()
    for arguments in ((), ("--format", "markdown"), ("--format", "json")):
        done = imgscope("bases", image, "--with", other, "--with", image, *arguments, env=NO_ENGINE)
        assert (done.returncode, done.stderr) == (0, "")
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", done.stdout)
    assert {one["verdict"] for one in json.loads(done.stdout)["candidates"]} <= {"fits", "unsure", "unfit"}
    assert time.perf_counter() - start < 30
