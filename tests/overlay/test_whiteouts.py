"""Removal: whiteouts and opaque whiteouts (OCI image spec, layer.md, "Whiteouts")."""

from __future__ import annotations

import itertools

import pytest

from tests.oracle.maketar import directory, fifo, file, layer, opaque, symlink, whiteout
from tests.oracle.reference import WasteRow

ABC = b"abc"


def test_a_whiteout_removes_the_file_below_and_its_bytes_are_waste(read):
    result = read(layer(file("a", ABC), file("b", b"b")), layer(whiteout("a")))
    assert result.paths == ["/b"]
    assert result.waste == [WasteRow("/a", 3, 0, 1, "removed")]
    assert (result.merged_bytes, result.wasted_bytes, result.content_bytes) == (1, 3, 4)
    assert (result.layers[1].counts["removed"], result.layers[1].bytes["removed"]) == (1, 3)


def test_a_removed_directory_takes_all_below_it_and_every_file_is_waste(read):
    result = read(
        layer(directory("cache"), file("cache/x", ABC), directory("cache/in"), file("cache/in/y", b"y")),
        layer(whiteout("cache")),
    )
    assert result.paths == []
    assert result.reasons == {"/cache/x": "shadowed", "/cache/in/y": "shadowed"}
    assert result.wasted_bytes == 4
    assert result.layers[1].counts["removed"] == 4


def test_a_whiteout_never_hides_what_its_own_layer_adds(read):
    # In both orders of the tar, and for names that sort before ".wh." and after it.
    for name in ("x", "-x", "+x", "#x", ".a", ".x", "~"):
        for members in itertools.permutations([file(name, b"new"), whiteout(name)]):
            result = read(layer(file(name, b"old!")), layer(*members))
            assert result.sizes == {f"/{name}": 3}
            assert result.reasons == {f"/{name}": "overwritten"}


def test_a_path_removed_and_added_again_in_one_layer_is_judged_as_overwritten(read):
    same = file("a", ABC)
    assert read(layer(same), layer(whiteout("a"), same)).reasons == {"/a": "rewritten"}
    assert read(layer(same), layer(whiteout("a"), file("a", ABC, mode=0o600))).reasons == {"/a": "metadata_only"}
    result = read(layer(same), layer(whiteout("a"), file("a", b"xyz")))
    assert result.reasons == {"/a": "overwritten"}
    assert result.layers[1].counts["removed"] == 0


def test_a_whiteout_of_nothing_changes_nothing(read):
    below = layer(file("a", ABC), file("b", b"b"))
    result = read(below, layer(whiteout("nothing"), whiteout("no/such"), file("b", b"b")))
    assert result.sizes == {"/a": 3, "/b": 1}
    # The duplicate after the dangling whiteout is still counted.
    assert result.reasons == {"/b": "rewritten"}
    assert result.layers[1].counts["removed"] == 0


def test_a_whiteouts_parents_exist_though_nothing_else_names_them(read):
    result = read(layer(file("top", ABC)), layer(whiteout("a/b/x")))
    assert result.paths == ["/a", "/a/b", "/top"]
    assert result.row("/a/b").layer == 1
    assert result.layers[1].counts["added"] == 0


def test_a_whiteout_for_a_name_below_a_file_puts_a_directory_there(read):
    result = read(layer(file("a", ABC)), layer(whiteout("a/x")))
    assert result.row("/a").type == "directory"
    assert result.reasons == {"/a": "overwritten"}
    assert result.layers[1].counts["modified"] == 1


def test_an_opaque_whiteout_hides_lower_children_wherever_it_stands(read):
    below = layer(directory("d"), file("d/old", ABC), file("d/in/old", b"in"))
    for members in itertools.permutations([directory("d"), file("d/new", b"n"), opaque("d")]):
        result = read(below, layer(*members))
        assert result.paths == ["/d", "/d/new"]
        assert result.reasons == {"/d/old": "shadowed", "/d/in/old": "shadowed"}


def test_an_opaque_whiteout_keeps_the_directory_itself(read):
    result = read(layer(directory("d", mode=0o700), file("d/x", ABC)), layer(opaque("d")))
    assert result.paths == ["/d"]
    assert (result.row("/d").mode, result.row("/d").layers) == (0o700, (0,))
    assert result.layers[1].kinds == {"/d/x": "removed"}


def test_an_opaque_whiteout_of_the_root_hides_all_below(read):
    result = read(layer(file("a", ABC), directory("d"), file("d/x", b"x")), layer(opaque(), file("d/y", b"yy")))
    assert result.sizes == {"/d/y": 2}
    assert result.reasons == {"/a": "shadowed", "/d/x": "shadowed"}


def test_a_whiteout_with_a_new_directory_of_that_name_drops_the_lower_children(read):
    for members in itertools.permutations([whiteout("d"), directory("d"), file("d/new", b"n")]):
        result = read(layer(directory("d"), file("d/old", ABC)), layer(*members))
        assert result.paths == ["/d", "/d/new"]
        assert result.reasons == {"/d/old": "shadowed"}


def test_an_opaque_whiteout_does_not_reach_through_a_lower_symlink(read):
    below = layer(directory("real"), file("real/x", ABC), symlink("link", "real"))
    result = read(below, layer(opaque("link")))
    assert result.sizes == {"/real/x": 3}
    assert result.row("/link").type == "directory"


def test_a_whiteout_does_not_reach_through_a_lower_symlink(read):
    below = layer(directory("real"), file("real/x", ABC), symlink("link", "real"))
    result = read(below, layer(whiteout("link/x")))
    assert result.sizes == {"/real/x": 3}
    assert result.row("/link").type == "directory"


def test_the_reason_of_a_path_with_its_own_whiteout_is_removed_whatever_happened_to_its_parents(read):
    below = layer(directory("d"), file("d/x", ABC), file("d/y", b"y"))
    for parent in (whiteout("d"), opaque("d"), opaque()):
        for members in itertools.permutations([whiteout("d/x"), parent]):
            assert read(below, layer(*members)).reasons == {"/d/x": "removed", "/d/y": "shadowed"}


def test_the_type_and_content_of_a_whiteout_do_not_matter(read):
    result = read(
        layer(file("a", ABC), file("b", b"b"), file("c", b"c")),
        layer(file(".wh.a", b"content"), directory(".wh.b"), symlink(".wh.c", "a")),
    )
    assert result.paths == []
    assert result.layers[1].content_bytes == 0


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "d/.wh."])
def test_a_whiteout_that_names_nothing_is_ignored(read, name):
    result = read(layer(file("a", ABC), file("e", b"e")), layer(file(name)))
    assert result.sizes == {"/a": 3, "/e": 1}
    assert "/d" not in result.paths


def test_bookkeeping_of_aufs_is_no_content_no_entry_and_no_whiteout(read):
    result = read(
        layer(file("wh.plnk", ABC)),
        layer(
            directory(".wh..wh.plnk"),
            file(".wh..wh.plnk/12.34", ABC),
            file(".wh..wh.aufs", b"x"),
            directory(".wh..wh.orph"),
            file("d/.wh..wh.orph/in/deep", ABC),
        ),
    )
    assert result.paths == ["/wh.plnk"]
    assert result.content_bytes == 3
    assert result.layers[1].counts["added"] == 0


def test_removing_a_directory_over_and_over_wastes_each_copy_once(read):
    adds, removes = layer(directory("d"), file("d/x", ABC)), layer(whiteout("d"))
    result = read(adds, removes, adds, removes)
    assert result.waste == [WasteRow("/d/x", 3, 0, 1, "shadowed"), WasteRow("/d/x", 3, 2, 3, "shadowed")]


def test_paths_that_are_no_files_count_as_removed_without_bytes(read):
    result = read(
        layer(symlink("l", "x"), fifo("p"), directory("d")), layer(whiteout("l"), whiteout("p"), whiteout("d"))
    )
    assert result.layers[1].counts["removed"] == 3
    assert result.waste == []


def test_a_removed_path_that_comes_back_later_lists_every_layer_that_held_it(read):
    result = read(layer(file("a", ABC)), layer(whiteout("a")), layer(), layer(file("a", ABC)))
    assert result.row("/a").layers == (0, 3)
    assert result.row("/a").layer == 3
    assert result.layers[3].kinds == {"/a": "added"}
