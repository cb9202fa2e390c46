"""What a layer did to a path: added, modified, metadata only, rewritten, removed; and the ledger's sums."""

from __future__ import annotations

import pytest

from tests.oracle.maketar import PAX, directory, file, layer, symlink, whiteout
from tests.oracle.reference import WasteRow

ABC = b"abc"


def test_other_content_of_the_same_size_is_a_modification(read):
    result = read(layer(file("a", ABC)), layer(file("a", b"xyz")))
    assert result.layers[1].kinds == {"/a": "modified"}
    assert result.waste == [WasteRow("/a", 3, 0, 1, "overwritten")]


def test_the_kept_copy_is_no_waste(read):
    result = read(layer(file("a", b"x" * 900)), layer(file("a", b"y" * 1000)))
    assert (result.merged_bytes, result.wasted_bytes) == (1000, 900)


@pytest.mark.parametrize(
    "change",
    [
        {"mode": 0o600},
        {"mode": 0o4644},
        {"uid": 1000},
        {"gid": 1000},
        {"mtime": 1},
        {"mtime": "0.000000001"},
        {"xattrs": {"security.capability": "\x01\udc80"}},
    ],
)
def test_the_same_content_with_other_metadata_is_metadata_only_and_its_old_copy_waste(read, change):
    result = read(layer(file("a", ABC)), layer(file("a", ABC, **change)))
    assert result.layers[1].kinds == {"/a": "metadata_only"}
    assert result.layers[1].bytes["metadata_only"] == 3
    assert result.reasons == {"/a": "metadata_only"}


def test_a_copy_that_is_the_same_in_all_is_rewritten(read):
    entry = file("a", ABC, mode=0o640, uid=3, mtime="1.5", xattrs={"user.k": "v"})
    result = read(layer(entry), layer(entry))
    assert result.layers[1].kinds == {"/a": "rewritten"}
    assert result.reasons == {"/a": "rewritten"}
    assert result.row("/a").layers == (0, 1)


def test_the_tars_dialect_makes_no_difference(read):
    result = read(*[layer(file("a", ABC, mtime=7, format=format)) for format in range(PAX + 1)])
    assert result.layers[2].kinds == {"/a": "rewritten"}


def test_a_directory_whose_time_alone_differs_is_rewritten(read):
    result = read(layer(directory("d", mtime=1)), layer(directory("d", mtime=2)))
    assert result.layers[1].kinds == {"/d": "rewritten"}


def test_a_directory_of_another_mode_is_metadata_only(read):
    result = read(layer(directory("d")), layer(directory("d", mode=0o700, mtime=2)))
    assert result.layers[1].kinds == {"/d": "metadata_only"}


def test_a_symlink_of_another_owner_is_metadata_only(read):
    result = read(layer(symlink("l", "x")), layer(symlink("l", "x", uid=1)))
    assert result.layers[1].kinds == {"/l": "metadata_only"}


def test_empty_files_have_kinds_but_no_waste(read):
    result = read(layer(file("a"), file("b")), layer(file("a", mode=0o600), whiteout("b")))
    assert result.layers[1].kinds == {"/a": "metadata_only", "/b": "removed"}
    assert result.waste == []


def test_comparison_is_with_the_tree_just_below_not_with_the_first_layer(read):
    one, two = file("a", ABC), file("a", b"xyz")
    result = read(layer(one), layer(two), layer(one), layer(one))
    assert [figures.kinds["/a"] for figures in result.layers] == ["added", "modified", "modified", "rewritten"]
    assert [(row.stored_in, row.wasted_by) for row in result.waste] == [(0, 1), (1, 2), (2, 3)]


def test_the_same_layer_twice_rewrites_everything(read):
    same = layer(directory("d"), file("d/x", ABC), symlink("l", "d"))
    result = read(same, same)
    assert set(result.layers[1].kinds.values()) == {"rewritten"}
    assert (result.merged_bytes, result.wasted_bytes) == (3, 3)


def test_empty_layers_do_nothing(read):
    result = read(layer(), layer(file("a", ABC)), layer(), layer())
    assert result.row("/a").layer == 1
    assert [figures.content_bytes for figures in result.layers] == [0, 3, 0, 0]


def test_each_layer_knows_what_it_wastes_and_what_of_it_is_waste(read):
    result = read(
        layer(file("a", ABC), file("b", b"bb"), file("c", b"c")),
        layer(file("a", b"xyz"), file("a", b"other")),
        layer(whiteout("b"), whiteout("a")),
    )
    assert [figures.wasted_bytes for figures in result.layers] == [0, 6, 7]
    assert [figures.stored_waste_bytes for figures in result.layers] == [5, 8, 0]
    assert result.content_bytes == result.merged_bytes + result.wasted_bytes == 14


def test_a_layers_kinds_add_up_to_its_content(read):
    result = read(
        layer(file("a", ABC), file("b", b"bb"), file("c", b"c"), file("d", b"dddd")),
        layer(file("a", b"x"), file("b", b"bb"), file("c", b"c", uid=1), file("n", b"new!!"), file("n", b"newer!")),
    )
    figures = result.layers[1]
    stored = {kind: figures.bytes[kind] for kind in ("added", "modified", "metadata_only", "rewritten", "repeated")}
    assert stored == {"added": 6, "modified": 1, "metadata_only": 1, "rewritten": 2, "repeated": 5}
    assert sum(stored.values()) == figures.content_bytes
