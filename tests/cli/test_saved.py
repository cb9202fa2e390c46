"""A saved analysis goes through every command that takes an image; what needs file contents is said to be missing."""

from __future__ import annotations

import json

import pytest

from tests.oracle.maketar import file, layer

BASE = (
    "/bin/sh -c #(nop) ADD file:" + "0" * 64 + " in / ",
    layer(file("bin/sh", b"x"), file("etc/passwd", b"app:x:7:7")),
)
APP = layer(
    file("root/.cache/go-build/aa/x", b"z" * 300_000),
    file("app/run", b"#!/bin/sh\nexec make\n", mode=0o755),
    file("usr/local/lib/libx.a", b"q" * 200_000),
    file("usr/local/go/bin/go", b"\x7fELF" + b"y" * 200_000, mode=0o755),
    file("app/node_modules/a/package.json", b"{}"),
    file("app/package.json", b'{"devDependencies":{"a":"1"}}'),
)
WHY = "a saved analysis has no file contents"


@pytest.fixture
def saved(imgscope, make, tmp_path):
    """Return a saved analysis, of an image whose program is a script."""
    steps = [BASE[0], "/bin/sh -c make"]
    path = make(BASE[1], APP, instructions=steps, config={"Cmd": ["/app/run"], "User": "app"})
    (tmp_path / "saved.json").write_text(imgscope("analyze", path, "--format", "json").stdout)
    return tmp_path / "saved.json"


def test_suggest_does_the_rest_and_names_what_it_could_not(imgscope, saved):
    done = imgscope("suggest", saved, "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    skipped = {row["code"]: row["reason"] for row in report["skipped"]}
    assert {"IS203", "IS206", "IS212", "IS213", "IS901"} <= skipped.keys() and set(skipped.values()) == {WHY}
    assert "IS113" in [finding["code"] for finding in report["findings"]]
    assert report["proposal"] == []
    for name in ("text", "markdown"):
        out = " ".join(imgscope("suggest", saved, "--format", name).stdout.replace("`", "").split())
        assert "not evaluated: IS203, IS205, IS206" in out and WHY in out
    assert WHY in imgscope("suggest", saved, "--format", "sarif").stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--max-suggested-savings", "1GB"), 1),
        (("--max-suggested-savings", "1GB", "--allow-skipped"), 0),
        (("--forbidden-findings", "IS113"), 1),
        (("--forbidden-findings", "IS101"), 0),
        (("--require-non-root",), 1),
        (("--require-non-root", "--allow-skipped"), 0),
        (("--max-size", "1GB"), 0),
    ],
)
def test_check_passes_or_fails_but_never_breaks(imgscope, saved, words, code):
    done = imgscope("check", saved, *words, "--no-config")
    assert done.returncode == code, done.stderr


def test_every_format_of_check_says_what_was_not_evaluated(imgscope, saved, tmp_path):
    names = ("text", "json", "markdown", "junit", "sarif", "gitlab", "github")
    outputs = [word for name in names for word in ("-o", f"{name}={tmp_path / name}")]
    assert imgscope("check", saved, "--max-suggested-savings", "1GB", "--no-config", *outputs).returncode == 1
    for name in names:
        assert WHY in " ".join((tmp_path / name).read_text().split()), name


def test_bases_says_what_it_could_not_look_into(imgscope, saved):
    done = imgscope("bases", saved, "--no-table")
    assert done.returncode == 0, done.stderr
    assert WHY in " ".join(done.stdout.split())
