"""Waste rolled up to folders: the rows of a report say where the bytes are, and add up to all that is wasted."""

from __future__ import annotations

from hypothesis import given

from imgscope.rollup import roll_up
from tests.oracle.compare import analyze_layers
from tests.oracle.maketar import directory, file, layer, whiteout
from tests.oracle.strategies import stacks


def groups(*layers):
    analysis = analyze_layers(list(layers))
    return [(g.path, g.bytes, g.copies, g.stored_in, g.wasted_by, g.reason) for g in roll_up(analysis.body.comparison)]


@given(stacks())
def test_every_wasted_copy_is_in_one_group(stack):
    analysis = analyze_layers(stack)
    found = roll_up(analysis.body.comparison)
    assert sum(group.bytes for group in found) == sum(row.bytes for row in analysis.waste)
    assert sum(group.copies for group in found) == len(analysis.waste)
    left = list(analysis.waste)
    # The deepest folders first: what is left over belongs to the folder above.
    for group in sorted(found, key=lambda group: (-group.path.count("/"), group.path.endswith("/"))):
        alike = [row for row in left if row[2:] == group[3:]]
        inside = [row for row in alike if row.path == group.path or row.path.startswith(group.path.rstrip("/") + "/")]
        assert sum(row.bytes for row in inside) >= group.bytes
        if group.copies == 1:
            assert [row.path for row in inside if row.path == group.path]


def test_a_removed_folder_is_one_row_at_its_own_name():
    files = [file(f"srv/node_modules/.cache/p{n // 20}/f{n}", b"x" * 100) for n in range(300)]
    assert groups(
        layer(*files, file("srv/node_modules/lib/index.js", b"y" * 50)), layer(whiteout("srv/node_modules/.cache"))
    ) == [("/srv/node_modules/.cache/", 30_000, 300, 0, 1, "shadowed")]


def test_folders_far_from_each_other_are_rows_of_their_own():
    lists = [file(f"var/lib/apt/lists/l{n}", b"x" * 400) for n in range(5)]
    debs = [file(f"var/cache/apt/archives/a{n}.deb", b"x" * 300) for n in range(5)]
    gone = [whiteout(f"var/lib/apt/lists/l{n}") for n in range(5)]
    gone += [whiteout(f"var/cache/apt/archives/a{n}.deb") for n in range(5)]
    assert [row[:3] for row in groups(layer(*lists, *debs), layer(*gone))] == [
        ("/var/lib/apt/lists/", 2_000, 5),
        ("/var/cache/apt/archives/", 1_500, 5),
    ]


def test_a_single_file_stands_under_its_own_name():
    below = [file(f"usr/lib/keep{n}", b"k" * 10) for n in range(3)]
    assert groups(layer(file("usr/lib/x.so", b"x" * 900), *below), layer(file("usr/lib/x.so", b"z" * 900)))[0][:3] == (
        "/usr/lib/x.so",
        900,
        1,
    )


def test_little_things_are_told_with_the_folder_above():
    large = file("usr/share/big/data", b"x" * 100_000)
    kept = file("usr/share/kept", b"x" * 100_000)
    small = [file(f"usr/share/d{n}/s", b"x" * 3) for n in range(40)]
    gone = [whiteout("usr/share/big/data"), *(whiteout(f"usr/share/d{n}/s") for n in range(40))]
    assert [row[:3] for row in groups(layer(directory("usr/share/big"), large, kept, *small), layer(*gone))] == [
        ("/usr/share/big/data", 100_000, 1),
        ("/usr/share/", 120, 40),
    ]
