"""Which paths differ, and in what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imgscope
from imgscope.analysis import Analysis
from imgscope.differences import Difference, FileDifference, Filter, compare, diff
from imgscope.report import Options, renderer
from tests.oracle.maketar import directory, docker_archive, file, hardlink, layer, opaque, symlink, whiteout
from tests.oracle.strategies import stacks

BASE = layer(directory("etc"), file("etc/passwd", b"root\n"), file("bin/sh", b"#" * 5000, mode=0o755))


def rows(difference: Difference) -> dict[str, FileDifference]:
    return {row.path: row for row in difference.files}


def between(old: Path, new: Path, **wanted: object) -> dict[str, FileDifference]:
    with diff(old, new, cache=False, wanted=Filter(**wanted)) as difference:
        return rows(difference)


@pytest.mark.parametrize("pack", ["", "gzip"])
def test_each_kind_of_difference_has_its_name(make, pack):
    old = make(
        BASE,
        layer(
            file("a/changed", b"one"),
            file("a/sized", b"one"),
            file("a/mode", b"same"),
            file("a/owner", b"same"),
            file("a/time", b"same", mtime=1),
            file("a/gone", b"gone!"),
            file("a/typed", b"was a file"),
            file("a/from", b"moved content"),
            symlink("a/link", "here"),
            file("a/same", b"same"),
        ),
        pack=pack,
    )
    new = make(
        BASE,
        layer(
            file("a/changed", b"two"),
            file("a/sized", b"three"),
            file("a/mode", b"same", mode=0o600),
            file("a/owner", b"same", uid=7),
            file("a/time", b"same", mtime=2),
            directory("a/typed"),
            file("b/to", b"moved content"),
            symlink("a/link", "there"),
            file("a/same", b"same"),
            file("a/come", b"come"),
        ),
        pack=pack,
    )
    found = between(old, new)
    assert {path: (row.kind, row.differs) for path, row in found.items()} == {
        "/a/changed": ("changed", ("content",)),
        "/a/sized": ("changed", ("content",)),
        "/a/mode": ("metadata_only", ("mode",)),
        "/a/owner": ("metadata_only", ("owner",)),
        "/a/time": ("metadata_only", ("mtime",)),
        "/a/gone": ("removed", ()),
        "/a/typed": ("type_changed", ("type", "mode")),
        "/b": ("added", ()),
        "/b/to": ("moved", ()),
        "/a/link": ("changed", ("target",)),
        "/a/come": ("added", ()),
    }
    assert found["/b/to"].path_before == "/a/from"
    assert (found["/a/sized"].size_before, found["/a/sized"].size_after, found["/a/sized"].delta) == (3, 5, 2)
    assert (found["/a/gone"].layer_before, found["/a/gone"].layer_after) == (1, None)


def test_a_file_that_a_layer_wrote_anew_is_the_same_when_nothing_differs(make):
    assert between(make(BASE), make(BASE, layer(file("etc/passwd", b"root\n")))) == {}


def test_the_mode_that_a_tar_gives_a_symlink_means_nothing(make):
    old = make(BASE, layer(symlink("l", "bin/sh"), symlink("m", "bin/sh")))
    new = make(BASE, layer(symlink("l", "bin/sh", mode=0o644), symlink("m", "bin/sh", uid=3)))
    assert {path: row.differs for path, row in between(old, new).items()} == {"/m": ("owner",)}


def test_whiteouts_and_opaque_directories_count_by_what_they_leave(make):
    lower = layer(file("d/a", b"1"), file("d/b", b"22"), file("e/c", b"333"))
    found = between(make(BASE, lower), make(BASE, lower, layer(whiteout("d/a"), opaque("e"), file("e/new", b"n"))))
    assert {path: row.kind for path, row in found.items()} == {
        "/d/a": "removed", "/e/c": "removed", "/e/new": "added",
    }  # fmt: skip


def test_a_hard_link_counts_once_and_the_deltas_add_up(make):
    data = b"x" * 1000
    linked = make(BASE, layer(file("one", data), hardlink("two", "one")))
    apart = make(BASE, layer(file("one", data), file("two", data)))
    found = between(linked, apart)
    assert {path: (row.kind, row.differs, row.delta) for path, row in found.items()} == {
        "/two": ("metadata_only", ("links",), 1000)
    }
    # The first name goes: the second one has the bytes from then on.
    gone = make(BASE, layer(file("one", data), hardlink("two", "one")), layer(whiteout("one")))
    found = between(linked, gone)
    assert {path: row.delta for path, row in found.items()} == {"/one": -1000, "/two": 1000}


def test_of_equal_files_that_moved_those_of_the_same_name_belong_together(make):
    def tree(folder: str) -> bytes:
        return layer(*(file(f"{folder}/{name}/LICENSE", b"words") for name in "abc"), file(f"{folder}/x", b"words"))

    found = between(make(BASE, tree("v1")), make(BASE, tree("v2")))
    moves = {row.path_before: path for path, row in found.items() if row.kind == "moved"}
    assert moves == {f"/v1/{name}": f"/v2/{name}" for name in ("a/LICENSE", "b/LICENSE", "c/LICENSE", "x")}


def test_filters_choose_by_kind_path_size_and_time(make):
    old = make(BASE, layer(file("app/a.py", b"1"), file("app/lib/b.so", b"2" * 500), file("t", b"same", mtime=1)))
    new = make(BASE, layer(file("app/a.py", b"3"), file("app/lib/b.so", b"4" * 500), file("t", b"same", mtime=2)))
    assert set(between(old, new, paths=("/app/lib",))) == {"/app/lib/b.so"}
    assert set(between(old, new, paths=("*.py",))) == {"/app/a.py"}
    assert set(between(old, new, paths=("/app/*",))) == {"/app/a.py", "/app/lib/b.so"}
    assert set(between(old, new, paths=("/**/b.*",))) == {"/app/lib/b.so"}
    assert set(between(old, new, paths=("app",))) == {"/app/a.py", "/app/lib/b.so"}
    assert set(between(old, new, min_size=100)) == {"/app/lib/b.so"}
    assert set(between(old, new, kinds=frozenset({"metadata_only"}))) == {"/t"}
    assert "/t" not in between(old, new, ignore_times=True)


def test_directories_have_what_comes_and_goes_below_them(make):
    old = make(BASE, layer(file("x/y/a", b"1" * 10), file("x/b", b"2" * 20)))
    new = make(BASE, layer(file("x/y/a", b"1" * 15), file("z/b", b"2" * 20)))
    with diff(old, new, cache=False) as difference:
        found = difference.files.directories()
    assert {path: (row.came, row.gone, row.delta) for path, row in found.items()} == {
        "/": (35, 30, 5), "/x": (15, 30, -15), "/x/y": (15, 10, 5), "/z": (20, 0, 20),
    }  # fmt: skip


def test_a_saved_analysis_says_what_it_cannot_tell_and_fingerprints_tell_it(make, tmp_path):
    old = make(BASE, layer(file("a", b"1"), file("b", b"same"), file("from", b"moved")))
    new = make(BASE, layer(file("a", b"2"), file("b", b"same"), file("to", b"moved")))
    saved = tmp_path / "old.json"
    kinds = {}
    for fingerprints in (False, True):
        with imgscope.analyze(old, cache=False) as analysis:
            saved.write_bytes(b"".join(renderer("json")(analysis, Options(fingerprints=fingerprints))))
        with diff(saved, new, cache=False) as difference:
            kinds[fingerprints] = {path: row.kind for path, row in rows(difference).items()}
            assert bool(difference.pull.unread_bytes) is not fingerprints
            assert any("--fingerprints" in note for note in difference.notes) is not fingerprints
    assert kinds[False] == {"/a": "unread", "/b": "unread", "/from": "removed", "/to": "added"}
    assert kinds[True] == {"/a": "changed", "/to": "moved"}


# -- any two stacks of layers ----------------------------------------------------------------------------------------


def facts(analysis: Analysis) -> Iterator[tuple[str, tuple]]:
    """List a merged tree: path to (type, content, metadata, time, bytes); a hard link is the file that it shares."""
    files = {row.path: row for row in analysis.files}
    overlay = analysis.body.overlay
    for path, row in files.items():
        entry = overlay.lookup(path[1:].encode("utf-8", "surrogateescape"))
        # A hard link that leads nowhere stands for itself.
        linked = row.type == "hardlink" and overlay.inode(entry) >= 0
        shown = files[row.link_target] if linked else row
        content: object = shown.link_target
        if shown.type == "file":
            with analysis.open(shown.path) as stream:
                content = stream.read()
        metadata = (shown.mode, shown.uid, shown.gid, shown.xattrs or None)
        yield path, (shown.type, content, shown.device, metadata, None if entry < 0 else shown.mtime_ns, row.size)


@settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(stacks(max_layers=2), stacks(max_layers=2), stacks(max_layers=2), st.sampled_from([None, "gzip"]))
def test_any_two_images_differ_where_their_merged_trees_do(tmp_path_factory, below, one, other, pack):
    folder = tmp_path_factory.mktemp("stacks")
    old = docker_archive(folder / "old.tar", below + one, pack)
    new = docker_archive(folder / "new.tar", other[:1] + below + other[1:] if len(one) == 1 else below + other, pack)
    with imgscope.analyze(old, cache=False) as a, imgscope.analyze(new, cache=False) as b:
        before, after = dict(facts(a)), dict(facts(b))
        difference = compare(a, b)
        found = list(difference.files)
        assert sum(row.delta for row in found) == b.image.merged_bytes - a.image.merged_bytes
    moved = {row.path: row.path_before for row in found if row.kind == "moved"}
    for path, source in moved.items():
        assert before[source][:2] == after[path][:2]
    kinds: dict[str, set[str]] = {}
    for row in found:
        kinds.setdefault(row.kind, set()).add(row.path)
    both = before.keys() & after.keys()
    assert kinds.get("added", set()) | moved.keys() == after.keys() - before.keys()
    assert kinds.get("removed", set()) | set(moved.values()) == before.keys() - after.keys()
    typed = {path for path in both if before[path][0] != after[path][0]}
    assert kinds.get("type_changed", set()) == typed
    changed = {path for path in both - typed if before[path][1:3] != after[path][1:3]}
    assert kinds.get("changed", set()) == changed
    metadata = {
        path
        for path in both - typed - changed
        if before[path][3] != after[path][3]
        or before[path][5] != after[path][5]
        or (None not in (before[path][4], after[path][4]) and before[path][4] != after[path][4])
    }
    assert kinds.get("metadata_only", set()) == metadata


def test_json_rows_carry_bytes_that_are_no_utf8(make, imgscope):
    name = b"caf\xe9"
    done = imgscope("diff", make(BASE), make(BASE, layer(file(name, b"x"))), "--format", "json")
    [row] = json.loads(done.stdout)["files"]
    assert row["path"] == "/caf�" and row["path_base64"] == "L2NhZuk="
