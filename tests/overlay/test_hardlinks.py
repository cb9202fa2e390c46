"""Hard links: an inode's bytes count once, and are waste only when its last name is gone."""

from __future__ import annotations

from tests.oracle.maketar import directory, file, hardlink, layer, symlink, whiteout
from tests.oracle.reference import WasteRow

ABC = b"abc"


def test_names_of_one_inode_count_once_and_waste_nothing(read):
    result = read(layer(file("b", ABC), hardlink("a", "b"), hardlink("c", "b"), hardlink("d", "c")))
    assert result.sizes == {"/b": 3}
    assert [result.row(f"/{name}")[1:3] for name in "acd"] == [("hardlink", 0)] * 3
    assert {result.row(f"/{name}").link_target for name in "acd"} == {"/b"}
    assert (result.content_bytes, result.merged_bytes, result.wasted_bytes) == (3, 3, 0)


def test_a_link_has_its_inodes_mode_owner_and_time(read):
    result = read(layer(file("a", ABC, mode=0o4755, uid=7, mtime=9), hardlink("b", "a", mode=0o600, uid=1)))
    row = result.row("/b")
    assert (row.mode, row.uid, row.mtime_ns) == (0o4755, 7, 9_000_000_000)


def test_removing_one_name_frees_nothing_while_another_lives(read):
    result = read(layer(file("a", ABC), hardlink("b", "a")), layer(whiteout("a")))
    assert result.sizes == {"/b": 3}
    assert result.waste == []
    assert (result.layers[1].counts["removed"], result.layers[1].bytes["removed"]) == (1, 0)


def test_the_layer_that_removes_the_last_name_makes_the_waste(read):
    result = read(
        layer(file("a", ABC), hardlink("b", "a"), hardlink("c", "a")),
        layer(whiteout("a")),
        layer(file("c", b"other")),
        layer(whiteout("b")),
    )
    # The path is that of the entry that stored the bytes.
    assert result.waste == [WasteRow("/a", 3, 0, 3, "removed")]
    assert result.layers[3].bytes["removed"] == 3


def test_of_names_that_go_at_once_the_original_one_gives_the_reason(read):
    below = layer(file("b", ABC), hardlink("a", "b"), hardlink("c", "b"))
    result = read(below, layer(whiteout("a"), whiteout("c"), file("b", b"other")))
    assert result.waste == [WasteRow("/b", 3, 0, 1, "overwritten")]
    assert (result.layers[1].counts["removed"], result.layers[1].bytes["removed"]) == (2, 0)


def test_the_first_surviving_name_is_shown_as_the_file(read):
    result = read(layer(file("z", ABC), hardlink("c", "z"), hardlink("b", "z")), layer(whiteout("z")))
    assert result.sizes == {"/b": 3}
    assert result.row("/c").link_target == "/b"


def test_a_link_before_its_target_is_the_same_file(read):
    result = read(layer(hardlink("d/a", "b"), hardlink("a", "d/a"), file("b", ABC)))
    assert result.sizes == {"/b": 3}
    assert result.row("/a").link_target == result.row("/d/a").link_target == "/b"


def test_a_link_into_a_lower_layer_keeps_the_bytes_there_alive(read):
    result = read(layer(file("a", ABC)), layer(hardlink("b", "a")), layer(whiteout("a")))
    assert result.sizes == {"/b": 3}
    assert result.waste == []
    assert result.row("/b").layer == 1
    assert result.layers[1].content_bytes == 0


def test_a_link_may_carry_a_lower_file_to_a_new_name_in_the_layer_that_removes_it(read):
    result = read(layer(file("old", ABC)), layer(whiteout("old"), hardlink("new", "old")))
    assert result.sizes == {"/new": 3}
    assert result.wasted_bytes == 0


def test_the_waste_of_a_file_linked_across_layers_belongs_to_its_own_path_and_layer(read):
    result = read(layer(file("a", ABC)), layer(hardlink("b", "a"), whiteout("a")), layer(whiteout("b")))
    assert result.waste == [WasteRow("/a", 3, 0, 2, "removed")]


def test_a_link_prefers_its_own_layers_target_to_a_lower_one(read):
    result = read(layer(file("a", b"lower")), layer(hardlink("b", "a"), file("a", ABC)))
    assert result.sizes == {"/a": 3}
    assert result.reasons == {"/a": "overwritten"}


def test_a_dangling_link_is_an_empty_entry(read):
    result = read(layer(hardlink("a", "nowhere")))
    assert result.rows[0][:3] == ("/a", "hardlink", 0)
    assert result.rows[0].link_target == "/nowhere"


def test_links_to_themselves_and_to_each_other_end(read):
    result = read(layer(hardlink("a", "a"), hardlink("b", "c"), hardlink("c", "b"), file("d", ABC)))
    assert [row.type for row in result.rows] == ["hardlink", "hardlink", "hardlink", "file"]


def test_a_link_to_a_directory_dangles(read):
    result = read(layer(directory("d"), hardlink("a", "d")))
    assert result.row("/a")[1:3] == ("hardlink", 0)


def test_a_link_to_a_symlink_is_that_symlink(read):
    linked = layer(file("f", ABC), symlink("s", "f", mode=0o644), hardlink("h", "s"))
    row = read(linked).row("/h")
    assert (row.type, row.link_target, row.mode) == ("hardlink", "/s", 0o777)
    result = read(linked, layer(whiteout("s")))
    assert (result.row("/h").type, result.row("/h").link_target) == ("symlink", "f")


def test_a_link_keeps_what_its_target_held_when_it_came(read):
    result = read(layer(file("a", ABC), hardlink("b", "a"), file("a", b"later")))
    assert result.sizes == {"/a": 5, "/b": 3}
    assert result.waste == []
    # Its entry was repeated, but its bytes live on.
    assert (result.layers[0].counts["repeated"], result.layers[0].bytes["repeated"]) == (1, 3)


def test_a_links_target_is_cleaned_and_led_through_the_layers_own_symlinks(read):
    result = read(layer(directory("real"), symlink("l", "real"), file("real/x", ABC), hardlink("h", "/./l/y/../x")))
    assert result.sizes == {"/real/x": 3}
    assert result.row("/h").link_target == "/real/x"


def test_links_lost_over_layers_make_a_rewrite_metadata_only(read):
    result = read(layer(file("a", ABC), hardlink("b", "a")), layer(file("a", ABC)), layer(file("b", ABC)))
    assert result.layers[1].kinds == {"/a": "metadata_only"}
    assert result.reasons == {"/a": "metadata_only"}


def test_the_same_links_again_are_rewritten(read):
    same = layer(file("a", ABC), hardlink("b", "a"))
    result = read(same, same)
    assert result.layers[1].kinds == {"/a": "rewritten", "/b": "rewritten"}
    assert result.waste == [WasteRow("/a", 3, 0, 1, "rewritten")]


def test_a_long_chain_of_links_before_their_targets_is_followed_to_its_end(read):
    links = [hardlink(f"l{number:03}", f"l{number + 1:03}") for number in range(200)]
    result = read(layer(*links, file("l200", ABC)))
    assert result.sizes == {"/l200": 3}
    assert {row.link_target for row in result.rows[:-1]} == {"/l200"}


def test_a_link_that_its_own_layer_drops_again_says_nothing_of_why_the_lower_file_went(read):
    result = read(layer(file("a", ABC)), layer(hardlink("a", "a"), directory("a")))
    assert result.waste == [WasteRow("/a", 3, 0, 1, "overwritten")]
    assert result.layers[1].counts["repeated"] == 1


def test_a_link_over_its_own_target_leaves_one_name(read):
    result = read(layer(file("a", ABC)), layer(file("a", ABC), hardlink("a", "a")))
    assert result.layers[1].kinds == {"/a": "rewritten"}
    assert result.sizes == {"/a": 3}


def test_links_that_lead_to_each_other_look_below(read):
    # What came first decides: `b` is what `a` is, and that is the lower `b`. Both are links now; the first is shown.
    result = read(layer(file("b", ABC)), layer(hardlink("a", "b"), hardlink("b", "a")))
    assert result.sizes == {"/a": 3}
    assert result.waste == []
    assert result.layers[1].kinds == {"/a": "added", "/b": "rewritten"}


def test_a_link_to_a_link_is_one_inode_with_it(read):
    result = read(layer(file("a", ABC)), layer(hardlink("b", "a"), hardlink("c", "b"), file("b", b"other")))
    assert result.sizes == {"/a": 3, "/b": 5}
    assert result.row("/c").link_target == "/a"


def test_a_link_over_another_file_is_compared_by_what_it_links_to(read):
    result = read(layer(file("a", ABC, mtime=1), file("b", ABC)), layer(hardlink("b", "a")))
    assert result.layers[1].kinds == {"/b": "metadata_only"}
    assert result.waste == [WasteRow("/b", 3, 0, 1, "metadata_only")]
