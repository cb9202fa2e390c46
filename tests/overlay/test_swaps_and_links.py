"""Types that change from layer to layer, and names that lead through symlinks or non-directories."""

from __future__ import annotations

import pytest

from tests.oracle.maketar import block_device, character, directory, fifo, file, hardlink, layer, symlink, whiteout
from tests.oracle.reference import WasteRow

ABC = b"abc"
NON_DIRECTORIES = {
    "file": file("d", b"new"),
    "symlink": symlink("d", "elsewhere"),
    "fifo": fifo("d"),
    "character": character("d", 1, 3),
    "block": block_device("d", 8, 0),
    "hardlink": hardlink("d", "nowhere"),
}


@pytest.mark.parametrize("kind", NON_DIRECTORIES)
def test_whatever_replaces_a_directory_shadows_its_children(read, kind):
    below = layer(directory("d"), file("d/x", ABC), directory("d/in"), file("d/in/y", b"y"))
    result = read(below, layer(NON_DIRECTORIES[kind]))
    assert [row[:2] for row in result.rows] == [("/d", kind)]
    assert result.reasons == {"/d/x": "shadowed", "/d/in/y": "shadowed"}
    assert result.layers[1].kinds == {"/d": "modified", "/d/x": "removed", "/d/in": "removed", "/d/in/y": "removed"}


@pytest.mark.parametrize("kind", NON_DIRECTORIES)
def test_a_directory_replaces_whatever_was_there(read, kind):
    result = read(layer(NON_DIRECTORIES[kind]), layer(directory("d"), file("d/x", ABC)))
    assert [row[:2] for row in result.rows] == [("/d", "directory"), ("/d/x", "file")]
    assert result.layers[1].kinds == {"/d": "modified", "/d/x": "added"}
    assert result.reasons == ({"/d": "overwritten"} if kind == "file" else {})


def test_a_directory_over_a_directory_merges_and_has_the_upper_ones_metadata(read):
    result = read(
        layer(directory("d", mode=0o700), file("d/x", ABC)), layer(directory("d", mode=0o750, uid=3), file("d/y"))
    )
    assert result.paths == ["/d", "/d/x", "/d/y"]
    assert (result.row("/d").mode, result.row("/d").uid, result.row("/d").layers) == (0o750, 3, (0, 1))


def test_a_symlink_to_a_directory_replaced_by_a_real_one_leaves_where_it_led(read):
    result = read(
        layer(directory("real"), file("real/x", ABC), symlink("d", "real")), layer(directory("d"), file("d/y", b"y"))
    )
    assert result.sizes == {"/real/x": 3, "/d/y": 1}


def test_a_retargeted_symlink_is_modified(read):
    result = read(layer(symlink("l", "a")), layer(symlink("l", "b")))
    assert result.layers[1].kinds == {"/l": "modified"}
    assert result.row("/l").link_target == "b"


def test_other_device_numbers_are_a_modification(read):
    result = read(layer(character("c", 1, 3)), layer(character("c", 1, 5)))
    assert result.layers[1].kinds == {"/c": "modified"}
    assert result.row("/c").device == (1, 5)


# --- parents that no entry names ---------------------------------------------------------------------------


def test_parents_that_no_entry_names_exist(read):
    result = read(layer(file("a/b/x", ABC)))
    assert result.paths == ["/a", "/a/b", "/a/b/x"]
    assert result.row("/a")[1:7] == ("directory", 0, 0o755, 0, 0, 0)
    assert result.layers[0].kinds == {"/a/b/x": "added"}


def test_a_parent_that_a_lower_layer_describes_keeps_that_description(read):
    result = read(layer(directory("d", mode=0o700, mtime=5)), layer(file("d/x", ABC)))
    assert (result.row("/d").mode, result.row("/d").layer, result.row("/d").layers) == (0o700, 0, (0,))
    assert result.layers[1].kinds == {"/d/x": "added"}


def test_an_entry_for_a_parent_that_was_only_implied_describes_it(read):
    result = read(layer(file("d/x", ABC)), layer(directory("d", mode=0o700)))
    assert (result.row("/d").mode, result.row("/d").layers) == (0o700, (0, 1))
    assert result.layers[1].kinds == {"/d": "metadata_only"}


def test_a_name_below_a_lower_symlink_replaces_the_link_by_a_directory(read):
    below = layer(directory("real"), file("real/x", ABC), symlink("l", "real"))
    result = read(below, layer(file("l/x", b"other")))
    assert result.sizes == {"/l/x": 5, "/real/x": 3}
    assert result.layers[1].kinds == {"/l": "modified", "/l/x": "added"}
    assert result.waste == []


def test_a_name_below_a_lower_file_replaces_the_file_by_a_directory(read):
    result = read(layer(file("f", ABC)), layer(file("f/x", b"x")))
    assert result.waste == [WasteRow("/f", 3, 0, 1, "overwritten")]


# --- names that lead through symlinks of their own layer ---------------------------------------------------


@pytest.mark.parametrize(
    ("target", "lands"),
    [
        ("real", "/d/real/x"),
        ("./real/", "/d/real/x"),
        ("/real", "/real/x"),
        ("../real", "/real/x"),
        ("../../../real", "/real/x"),
        ("..", "/x"),
        ("/", "/x"),
        (".", "/d/x"),
        ("nowhere/../real", "/d/real/x"),
        ("/new/deep", "/new/deep/x"),
    ],
)
def test_a_name_below_its_own_layers_symlink_lands_where_that_leads(read, target, lands):
    result = read(layer(symlink("d/l", target), file("d/l/x", ABC)))
    assert result.sizes == {lands: 3}
    assert result.row("/d/l").type == "symlink"
    # Nothing is made on the way but where the file lies.
    assert set(result.paths) == {
        "/d",
        "/d/l",
        lands,
        *(lands[:end] for end in range(1, len(lands)) if lands[end] == "/"),
    }


def test_a_symlink_that_comes_after_the_names_below_it_replaces_their_directory(read):
    result = read(layer(file("l/x", ABC), symlink("l", "real")))
    assert result.paths == ["/l"]
    assert result.waste == [WasteRow("/l/x", 3, 0, 0, "repeated")]


def test_whiteouts_and_directories_go_through_their_own_layers_symlinks_too(read):
    below = layer(directory("real"), file("real/x", ABC))
    result = read(below, layer(symlink("l", "real"), whiteout("l/x"), directory("l/y")))
    assert result.paths == ["/l", "/real", "/real/y"]
    assert result.reasons == {"/real/x": "removed"}


def test_a_chain_of_forty_links_is_followed_and_one_of_forty_one_is_not(read):
    def chain(length):
        links = [symlink(f"l{number}", f"l{number + 1}") for number in range(1, length)]
        return layer(*links, symlink(f"l{length}", "end"), file("l1/x", ABC))

    assert read(chain(40)).sizes == {"/end/x": 3}
    assert read(chain(41)).sizes == {"/l1/x": 3}


@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_of_links_in_a_circle_the_one_on_the_way_becomes_a_directory(read, length):
    links = [symlink(f"l{number}", f"l{(number + 1) % length}") for number in range(length)]
    result = read(layer(*links, file("l0/x", ABC)))
    assert result.sizes == {"/l0/x": 3}
    assert [row.type for row in result.rows].count("symlink") == length - 1


def test_a_name_below_its_own_layers_file_makes_that_file_waste(read):
    result = read(layer(file("f", ABC), file("f/x", b"x")))
    assert result.sizes == {"/f/x": 1}
    assert result.waste == [WasteRow("/f", 3, 0, 0, "repeated")]


# --- the same path twice in one layer ----------------------------------------------------------------------


def test_of_a_path_twice_in_one_layer_the_last_wins_and_the_first_is_waste(read):
    result = read(layer(file("a", ABC), file("b", b"b"), file("./a", b"later")))
    assert result.sizes == {"/a": 5, "/b": 1}
    assert result.waste == [WasteRow("/a", 3, 0, 0, "repeated")]
    figures = result.layers[0]
    assert (figures.counts["added"], figures.bytes["added"]) == (2, 6)
    assert (figures.counts["repeated"], figures.bytes["repeated"]) == (1, 3)
    assert figures.content_bytes == 9


def test_every_repetition_is_waste_of_its_own(read):
    result = read(layer(*[file("a", b"x" * size) for size in (1, 2, 3)]))
    assert [row.bytes for row in result.waste] == [1, 2]


def test_a_directory_twice_keeps_its_children_and_has_the_later_metadata(read):
    result = read(layer(directory("d", mode=0o700), file("d/x", ABC), directory("d", mode=0o711)))
    assert result.paths == ["/d", "/d/x"]
    assert result.row("/d").mode == 0o711
    assert result.layers[0].counts["repeated"] == 1
    assert result.waste == []


def test_a_file_over_its_own_layers_directory_drops_what_that_held(read):
    result = read(layer(directory("d"), file("d/x", ABC), file("d/in/y", b"y"), file("d", b"new")))
    assert result.sizes == {"/d": 3}
    assert result.reasons == {"/d/x": "repeated", "/d/in/y": "repeated"}
    assert result.layers[0].counts["repeated"] == 3


def test_what_a_layer_drops_itself_still_hides_nothing_of_the_layers_below(read):
    # A file, and in its place a directory again: the lower children show, for only the end state counts.
    result = read(layer(file("d/old", ABC)), layer(file("d", b"f"), directory("d")))
    assert result.sizes == {"/d/old": 3}


# --- names as tars write them ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a/b", "./a/b", "/a/b", "//a//b", "a/./b", "a/c/../b", "../a/b", "x/../../../a/b"])
def test_names_are_cleaned_by_their_letters_and_clamped_to_the_root(read, name):
    result = read(layer(file("a/b", b"old")), layer(file(name, ABC)))
    assert result.sizes == {"/a/b": 3}
    assert result.paths == ["/a", "/a/b"]
    assert result.reasons == {"/a/b": "overwritten"}


@pytest.mark.parametrize("name", ["", ".", "./", "/", "..", "a/.."])
def test_the_root_is_no_path_of_the_tree(read, name):
    result = read(layer(directory(name, mode=0o700), file("a", ABC)))
    assert result.paths == ["/a"]
    assert result.layers[0].counts["added"] == 1


def test_a_file_in_the_roots_place_is_left_out(read):
    result = read(layer(file("..", b"evil"), file("a", ABC)))
    assert (result.paths, result.content_bytes) == (["/a"], 3)


def test_cleaning_does_not_go_through_links(read):
    result = read(layer(symlink("l", "deep/er"), file("l/../x", ABC)))
    assert result.sizes == {"/x": 3}


@pytest.mark.parametrize(
    "name",
    [
        "-x",
        "two\nlines",
        "\x1b[31mred",
        " ",
        "...",
        "é",
        "\udcff\udcfe",
        "n" * 120,
        "n" * 300,
        "d/" * 100 + "x",
        "a\\b",
    ],
)
def test_odd_names_are_kept_byte_for_byte(read, name):
    result = read(layer(file(name, ABC)), layer(file(name, b"xyz")))
    assert result.sizes == {f"/{name}": 3}
    assert result.row(f"/{name}").layers == (0, 1)


def test_rows_are_sorted_by_the_bytes_of_whole_paths(read):
    names = ["a", "a-", "a.b", "a0", "a b", "aé", "a\udcff", "B", "a/x"]
    result = read(layer(*[file(name) for name in names]))
    assert result.paths == sorted(result.paths, key=lambda path: path.encode("utf-8", "surrogateescape"))
    assert result.row("/a").type == "directory"
