"""The views' columns say what the analysis says: at every layer, of any stack of layers."""

from __future__ import annotations

from hypothesis import given, settings

from imgscope.layer.index import DIRECTORY
from imgscope.overlay.merge import Overlay
from imgscope.paths import join
from imgscope.tree import Tree
from imgscope.tui.model.marks import Mark
from imgscope.tui.model.paths import Paths
from imgscope.tui.model.views import NOTHING, Views
from tests.oracle.compare import analyze_layers
from tests.oracle.maketar import directory, file, hardlink, layer, whiteout
from tests.oracle.strategies import stacks


def tree_at(body, number):
    return Overlay(body.overlay.layers[: number + 1])


@settings(max_examples=60, deadline=None)
@given(stacks())
def test_each_layers_tree_is_the_merged_tree_up_to_it(layers):
    analysis = analyze_layers(layers)
    paths = Paths(analysis.body)
    views = Views(paths)
    for number in range(len(layers)):
        view = views.get(number - 1 if number else NOTHING, number)
        expected = tree_at(analysis.body, number)
        found = {paths.path(node): entry for node, entry in enumerate(view.entries) if entry != paths.absent}
        assert found == {
            join(folder, name): entry for folder, names in expected.tree.items() for name, entry in names.items()
        }


@settings(max_examples=60, deadline=None)
@given(stacks())
def test_folders_sizes_are_the_sums_of_the_merged_tree(layers):
    analysis = analyze_layers(layers)
    paths = Paths(analysis.body)
    for number in range(len(layers)):
        view = Views(paths).get(NOTHING, number)
        sizes = Tree(tree_at(analysis.body, number)).directory_sizes()
        for path, (size, _) in sizes.items():
            if path:
                assert view.size(paths.find(path)) == size
        assert view.sizes[-1] == sizes[b""][0]


@settings(max_examples=60, deadline=None)
@given(stacks())
def test_each_layers_marks_are_its_changes(layers):
    analysis = analyze_layers(layers)
    paths = Paths(analysis.body)
    kinds = analysis.body.overlay.kinds
    for number in range(len(layers)):
        view = Views(paths).get(number - 1 if number else NOTHING, number)
        expected = {change.path: change.kind for change in analysis.changes(number)}
        found = {}
        for node, mark in enumerate(view.marks):
            if mark not in (Mark.ABSENT, Mark.UNCHANGED) and view.entry(node) >= 0:
                found["/" + paths.path(node).decode("utf-8", "surrogateescape")] = Mark(mark).name.lower()
        for path, kind in expected.items():
            node = paths.find(path[1:].encode("utf-8", "surrogateescape"))
            if found.get(path) == kind:
                continue
            # A directory whose time alone changed is shown as unchanged; what nobody describes can't be removed.
            assert (kind == "rewritten" and kinds[view.entry(node)] == DIRECTORY) or view.entry(node) < 0, path
        assert set(found) <= set(expected)


@settings(max_examples=60, deadline=None)
@given(stacks())
def test_all_wasted_bytes_are_somewhere_in_the_tree(layers):
    analysis = analyze_layers(layers)
    paths = Paths(analysis.body)
    assert paths.wasted[-1] == sum(waste.bytes for waste in analysis.waste)
    of_paths = {}
    for waste in analysis.waste:
        of_paths[waste.path] = of_paths.get(waste.path, 0) + waste.bytes
    for path, size in of_paths.items():
        assert paths.waste_of[paths.find(path[1:].encode("utf-8", "surrogateescape"))] == size


@settings(max_examples=40, deadline=None)
@given(stacks())
def test_a_range_tells_what_came_and_went_between_two_layers(layers):
    analysis = analyze_layers(layers)
    paths = Paths(analysis.body)
    views = Views(paths)
    for base in range(len(layers)):
        for number in range(base + 1, len(layers)):
            old, new = tree_at(analysis.body, base), tree_at(analysis.body, number)
            view = views.get(base, number)
            for node, mark in enumerate(view.marks):
                path = paths.path(node)
                before, after = old.lookup(path), new.lookup(path)
                if before is None or after is None:
                    wanted = Mark.ABSENT if before == after else Mark.ADDED if before is None else Mark.REMOVED
                    assert mark == wanted, path
                elif before == after:
                    assert mark == Mark.UNCHANGED, path
                else:
                    assert mark in (Mark.UNCHANGED, Mark.MODIFIED, Mark.METADATA_ONLY, Mark.REWRITTEN), path


def test_a_range_sums_up_changes_of_several_layers():
    analysis = analyze_layers(
        [
            layer(file("same", b"one"), file("other", b"one"), file("gone", b"one"), file("back", b"one")),
            layer(file("same", b"two"), file("other", b"two"), whiteout("gone"), whiteout("back")),
            layer(file("same", b"one"), file("back", b"one"), file("new", b"one")),
        ]
    )
    paths = Paths(analysis.body)
    view = Views(paths).get(0, 2)
    marks = {paths.path(node).decode(): Mark(mark) for node, mark in enumerate(view.marks)}
    assert marks["other"] is Mark.MODIFIED
    assert marks["gone"] is Mark.REMOVED
    assert marks["new"] is Mark.ADDED
    # Contents that nobody fingerprinted can't be told to be the same again.
    assert marks["same"] in (Mark.MODIFIED, Mark.REWRITTEN)
    assert marks["back"] in (Mark.MODIFIED, Mark.REWRITTEN)


def test_a_removed_folder_shows_what_it_held():
    analysis = analyze_layers([layer(directory("d"), file("d/a", b"12345"), file("keep", b"1")), layer(whiteout("d"))])
    paths = Paths(analysis.body)
    view = Views(paths).get(0, 1)
    node = paths.find(b"d")
    assert (Mark(view.marks[node]), view.size(node)) == (Mark.REMOVED, 5)
    assert view.sizes[-1] == 1


def test_the_last_name_of_an_inode_has_its_bytes():
    analysis = analyze_layers([layer(file("a", b"12345"), hardlink("b", "a")), layer(whiteout("a"))])
    paths = Paths(analysis.body)
    views = Views(paths)
    assert [views.get(0, 1).own_size(paths.find(name)) for name in (b"a", b"b")] == [5, 5]
    assert [views.get(NOTHING, 0).own_size(paths.find(name)) for name in (b"a", b"b")] == [5, 0]
