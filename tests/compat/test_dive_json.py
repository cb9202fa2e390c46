"""``--format dive`` writes the very bytes that ``dive --json`` does."""

from __future__ import annotations

import dataclasses
import json

import pytest

import imgscope
from imgscope.compat.dive_json import _float, dive_json
from tests.archive import images
from tests.compat import dive
from tests.oracle import maketar as tar

ODD_NAMES = (
    "new\nline",
    "tab\t",
    'quo"te',
    "back\\slash",
    "<&>",
    "\u2028line\u2029",
    "\x7f",
    "gpj.\u202ex",
    "é",
    "日本",
    "\x01\x08\x0c\x1f",
    "😀",
    b"\xff\xfe",
    b"\xe2\x82x",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    "l" * 120,
    "d/" * 60 + "e",
    "m" * 300 + "/x",
    ".wha",
    ".wh-",
    "...",
    "..a",
    " ",
)


def _odd_layers() -> list[bytes]:
    named = [tar.file(tar.text(name), b"x" * (number + 1)) for number, name in enumerate(ODD_NAMES)]
    return [
        tar.layer(
            *named,
            tar.directory("sticky", mode=0o1777),
            tar.file("suid", mode=0o6755, uid=65534, gid=2**21 * 3),
            tar.file("ids", uid=2**31, gid=2**21),
            tar.symlink("s", tar.text(b"\xff/\x01")),
            tar.hardlink("h", "./sticky/../suid"),
            tar.fifo("fifo", mode=0o600),
            tar.character("null", 1, 3),
            tar.block_device("sda", 8, 0),
        ),
        tar.layer(
            tar.file(".wh.suid", mode=0o600, uid=7, gid=8),
            tar.by_hand(".wh.ids", link=b"as/Docker/20.10/leaves/it"),
            tar.file("no/entry/names/it", b"x"),
            tar.opaque("opaque/alone"),
            tar.old_gnu_sparse("sparse", ((512, b"one"),), 4096),
            tar.by_hand("link", b"", b"2", link=b"target", size=77),
        ),
        tar.layer(),
    ]


@dive.needs_dive
def test_the_very_bytes(tmp_path):
    path = dive.archive(tmp_path, _odd_layers())
    # Two characters are the exception: they steer terminals, so they are escaped here, which means the same.
    theirs = dive.theirs(path).replace(b"\x7f", b"\\u007f").replace("\u202e".encode(), b"\\u202e")
    assert dive.ours(path) == theirs


IMAGE = images.Image()
HISTORIES = {
    "none": None,
    "empty": [],
    "short": [{"created_by": "RUN 0"}],
    "empty layers among them": [
        {"created_by": "/bin/sh -c #(nop)  ENV A=b", "empty_layer": True},
        {"created_by": "/bin/sh -c apt-get update"},
        {"created_by": "/bin/sh -c #(nop) CMD", "empty_layer": True},
        {"created_by": 'COPY <<EOF /x # buildkit\n\t"é"'},
        {"comment": "no words"},
        {"created_by": "/bin/sh -c #(nop) EXPOSE", "empty_layer": True},
    ],
}


@dive.needs_dive
@pytest.mark.parametrize("history", HISTORIES)
def test_layers_are_named_by_the_history(history, tmp_path):
    image = dataclasses.replace(IMAGE, extra={"history": HISTORIES[history]})
    path = images.write_tar(tmp_path / "image.tar", images.docker_archive(image))
    assert dive.ours(path) == dive.theirs(path)


@dive.needs_dive
@pytest.mark.parametrize(
    ("style", "pack"), [("legacy", ""), ("digest", ""), ("blobs", ""), ("blobs", "gzip"), ("blobs", "zstd")]
)
def test_of_every_archive_that_dive_reads(style, pack, tmp_path):
    path = images.write_tar(tmp_path / "image.tar", images.docker_archive(IMAGE, style=style, pack=pack))
    assert dive.ours(path) == dive.theirs(path)


def test_from_the_cache_the_same(tmp_path):
    path = dive.archive(tmp_path, _odd_layers())
    for _ in range(2):
        with imgscope.analyze(path) as analysis:
            assert b"".join(dive_json(analysis)) == dive.ours(path)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, b"1"),
        (0.0, b"0"),
        (0.5, b"0.5"),
        (1.9999e-5, b"0.000019999"),
        (1e-7, b"1e-7"),
        (2.5e-10, b"2.5e-10"),
        (-0.25, b"-0.25"),
        (0.1 + 0.2, b"0.30000000000000004"),
    ],
)
def test_numbers_as_go_writes_them(value, text):
    assert _float(value) == text
    assert json.loads(text) == value


@dive.needs_dive
def test_a_repeated_layer_that_old_docker_saves_as_a_link(tmp_path):
    """dive takes it for empty; so its figures are those, while ours count the layer."""
    image = dataclasses.replace(IMAGE, layers=(IMAGE.layers[0], IMAGE.layers[1], IMAGE.layers[0]))
    members = images.docker_archive(image)
    first, _, again = json.loads(members["manifest.json"])[0]["Layers"]
    members[again] = images.Link(f"../{first}")
    path = images.write_tar(tmp_path / "image.tar", members)
    theirs = dive.theirs(path)
    assert theirs is not None
    assert dive.ours(path) == theirs
    with imgscope.analyze(path) as analysis:
        said = dive.figures(theirs)
        assert said["layers"][2] == 0
        assert analysis.layers[2].content_bytes == 3000
        assert (analysis.image.dive.efficiency, analysis.image.dive.wasted_bytes) == (
            said["efficiencyScore"],
            said["inefficientBytes"],
        )
