"""One layer's tar into its index: hopping over a file and reading a stream find the same, and lies are refused."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from imgscope.errors import LayerError, LimitError
from imgscope.layer import scan
from imgscope.layer.codec import decode, encode
from imgscope.layer.index import LayerIndex
from tests.oracle import compare, reference
from tests.oracle import maketar as tar
from tests.oracle.compare import scanned_file, scanned_stream
from tests.oracle.maketar import file, layer
from tests.oracle.strategies import stacks

ABC = b"abc"


def columns(index: LayerIndex) -> dict[str, object]:
    """Return all of an index but what only a stream's has, of contents; modes and owners looked up."""
    left_out = ("fingerprints", "elf", "meta_table")
    found = {slot: getattr(index, slot) for slot in LayerIndex.__slots__ if slot not in left_out}
    return found | {"metas": [index.meta_table[row] for row in index.metas]}


def many_files(count: int) -> bytes:
    """Make a layer whose headers fall on every kind of border between windows and pieces."""
    draw = random.Random(7)
    members = []
    for number in range(count):
        name = f"d{number % 37}/{'n' * draw.choice((5, 40, 140))}{number}"
        format = draw.choice((tar.USTAR, tar.GNU, tar.PAX))
        xattrs = {"user.k": "v"} if draw.random() < 0.1 else None
        members.append(file(name, bytes(draw.choice((0, 1, 511, 512, 513, 3000))), xattrs=xattrs, format=format))
    return layer(*members)


# --- both ways in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [1 << 20, 10_000, 513, 512, 511, 100])
def test_a_stream_in_pieces_of_any_size_gives_what_the_file_gives(piece):
    data = many_files(700)
    assert len(data) > 2 * scan.WINDOW
    index = scanned_file(data)
    assert len(index) == 700
    assert columns(scanned_stream(data, piece)) == columns(index)


@settings(max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(stack=stacks(max_layers=1, max_members=14))
def test_both_ways_and_the_cache_keep_the_same_columns(stack):
    data = stack[0]
    index = scanned_file(data)
    streamed = scanned_stream(data, 700)
    assert columns(streamed) == columns(index)
    for one in (index, streamed):
        kept = decode(encode(one))
        assert columns(kept) == columns(one)
        assert (kept.fingerprints, kept.elf) == (one.fingerprints, one.elf)


def test_only_headers_are_read_of_a_file_on_disk(monkeypatch):
    data = layer(*[file(f"f{number}", bytes(4 << 20)) for number in range(3)])
    read = 0
    pread = scan.os.pread

    def counting(fd: int, size: int, offset: int) -> bytes:
        nonlocal read
        found = pread(fd, size, offset)
        read += len(found)
        return found

    monkeypatch.setattr(scan.os, "pread", counting)
    assert scanned_file(data).content_bytes == 12 << 20
    assert read <= 5 * scan.WINDOW


def test_a_fingerprint_is_of_the_content_however_it_is_stored():
    content = tar.apparent(((512, ABC), (9000, b"xyz")), 20_000)
    pieces = ((512, ABC), (9000, b"xyz"))
    kinds = [tar.pax_sparse("s", pieces, 20_000, version) for version in ("0.0", "0.1", "1.0")]
    kinds += [tar.old_gnu_sparse("s", pieces, 20_000), file("s", content), file("s", content, format=tar.USTAR)]
    assert len({scanned_stream(layer(kind), 512).fingerprint(0) for kind in kinds}) == 1
    other = scanned_stream(layer(file("s", content[:-1] + b"!")))
    assert other.fingerprint(0) != scanned_stream(layer(kinds[0])).fingerprint(0)


def test_the_whole_stream_is_drained_after_the_end_of_the_tar():
    data = layer(file("a", ABC)) + b"trailing" * 100_000
    assert scanned_stream(data, 1000).tar_bytes == len(data)
    assert scanned_file(data).tar_bytes == len(data)


def test_tars_of_gnu_tar_itself(tmp_path: Path):
    tree = tmp_path / "tree"
    (tree / "d" / ("long" * 24)).mkdir(parents=True)
    (tree / "d" / ("long" * 24) / "é\n").write_bytes(ABC)
    (tree / "d" / "a").write_bytes(b"a" * 5000)
    (tree / "d" / "hard").hardlink_to(tree / "d" / "a")
    (tree / "soft").symlink_to("d/a")
    with (tree / "sparse").open("wb") as hole:
        hole.truncate(1 << 20)
        hole.write(ABC)
    (tree / ".wh.gone").touch()
    for format in ("v7", "oldgnu", "gnu", "ustar", "pax"):
        sparse = ["--sparse"] if format in ("oldgnu", "gnu", "pax") else []
        command = ["tar", f"--format={format}", *sparse, "-cf", "-", "-C", str(tree), "."]
        made = subprocess.run(command, capture_output=True, check=False).stdout
        expected = reference.stack([made])
        for scanned in (scanned_file, scanned_stream):
            compare.assert_same(compare.result_of(compare.analyze_layers([made], scanned)), expected)
        assert expected.sizes["/sparse"] == 1 << 20
        if format != "v7":
            assert len(expected.rows) == 7


# --- what is counted ---------------------------------------------------------------------------------------


def test_whiteouts_the_root_and_bookkeeping_are_members_but_no_entries():
    index = scanned_file(
        layer(tar.directory("."), file("a", ABC), tar.whiteout("b"), tar.opaque("c"), tar.directory(".wh..wh.plnk"))
    )
    assert (len(index), index.members, index.content_bytes) == (1, 5, 3)
    assert (index.whiteouts, index.opaques) == ([(b"", b"b")], [b"c"])


def test_global_headers_are_no_members():
    index = scanned_file(layer(tar.pax_header([("comment", "x")], b"g"), file("a", ABC), file("b")))
    assert (len(index), index.members) == (2, 2)


def test_names_that_leave_the_root_and_whiteouts_of_nothing_are_noted():
    index = scanned_file(layer(file("../../etc/passwd", ABC), file(".wh.")))
    assert any("../../etc" in note and "clamped" in note for note in index.notes)
    assert any("whiteout" in note for note in index.notes)


def test_notes_are_bounded():
    assert len(scanned_file(layer(*[file(f"../{number}/x") for number in range(500)])).notes) <= scan.MAX_NOTES


# --- damage ------------------------------------------------------------------------------------------------

WAYS = [scanned_file, scanned_stream, lambda data: scanned_stream(data, 100)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", [100, 511, 513, 1000, 1024, 1500, 2000])
def test_a_truncated_layer_is_an_error(way, end):
    with pytest.raises(LayerError, match="it ends in the middle"):
        way(layer(file("a", b"x" * 600), file("b", b"y" * 600))[:end])


@pytest.mark.parametrize("way", WAYS)
def test_a_size_that_lies_is_an_error_and_not_a_long_wait(way):
    with pytest.raises(LayerError, match="ends in the middle of a file"):
        way(tar.header("a", size=tar.base256(1 << 62, 12)) + b"x" * 512)


@pytest.mark.parametrize("way", WAYS)
def test_damage_between_members_is_an_error(way):
    with pytest.raises(LayerError, match="no valid tar header"):
        way(file("a", ABC) + b"garbage".ljust(512) + file("b"))


@pytest.mark.parametrize("way", WAYS)
def test_something_else_than_a_tar_is_an_error(way):
    with pytest.raises(LayerError):
        way(b"\x28\xb5\x2f\xfd" + b"not a tar" * 1000)


def test_the_message_of_an_error_is_one_line():
    with pytest.raises(LayerError) as caught:
        scanned_file(file("two\nlines", ABC)[:700] + b"\n\x1b" * 300)
    assert re.fullmatch(r"[ -~]+", str(caught.value))


def test_a_name_longer_than_any_path_is_refused():
    with pytest.raises(LayerError, match="bytes long"):
        scanned_file(layer(file("n/" * 3000)))


# --- hostile layers take neither time nor memory -----------------------------------------------------------


@pytest.mark.parametrize("way", [scanned_file, scanned_stream])
def test_links_before_their_targets_take_linear_time(way):
    links = b"".join(tar.by_hand(f"l{n}", typeflag=b"1", link=f"l{n + 1}") for n in range(20_000))
    index = way(links + file("l20000", ABC) + tar.END)
    assert set(index.inodes.values()) == {20_000}


def test_symlinks_that_multiply_their_way_are_given_up():
    # Each link leads to a long path, and that to the next link: forty of them for every name below.
    way = "x/../" * 400
    links = [tar.symlink(f"l{n:02}", f"{way}l{n + 1:02}") for n in range(39)]
    below = [file(f"l00/{n}") for n in range(2000)]
    with pytest.raises(LimitError, match="symlinks"):
        scanned_file(layer(*links, *below))


def test_names_that_imply_too_many_directories_are_refused():
    deep = "/".join("d" * 2000)
    members = b"".join(tar.long_name(f"{n:05}/{deep}/x") + tar.by_hand("x") for n in range(200))
    with pytest.raises(LimitError, match="directories"):
        scanned_file(members + tar.END)


@pytest.mark.parametrize("piece", [1 << 20, 1000, 513, 512, 511])
def test_a_stream_tells_which_files_may_be_programs(piece):
    names = [f"f{number}" for number in range(60)]
    contents = [b"\x7fELF" + b"x" * number * 37 if number % 3 == 0 else b"#!/bin/sh" * number for number in range(60)]
    index = scanned_stream(layer(*map(file, names, contents)), piece)
    programs = {number for number in range(60) if number % 3 == 0}
    assert programs <= set(index.elf)
    if piece == 1 << 20:
        assert programs == set(index.elf)
