"""dive's figures are dive's to the digit: its own binary is asked, on stacks that hit its quirks and on random ones."""

from __future__ import annotations

import json
import math
import re
from io import BytesIO

import pytest
from hypothesis import HealthCheck, assume, given, settings

import imgscope
from imgscope.compat.dive import figures, inefficient_files, literal_figures
from imgscope.layer.scan import scan_stream
from imgscope.overlay.merge import Overlay
from tests.compat import dive
from tests.compat.stacks import stack
from tests.oracle import strategies
from tests.oracle.maketar import directory, file, hardlink, layer, opaque, symlink, whiteout

X = b"x" * 100
A = layer(file("a", X))
DIR = layer(directory("d"), file("d/a", X))

# What dive 0.13.1 says: efficiency, wasted bytes, share of the user's bytes, and (count, bytes, path) of its list.
CASES = {
    "the kept copy counts as waste": ([A, layer(file("a", b"y" * 60))], 0.375, 160, 160 / 60, [(2, 160, "/a")]),
    "every copy counts": ([A, A, A], 1 / 3, 300, 1.5, [(3, 300, "/a")]),
    "a removed file counts": ([A, layer(whiteout("a"))], 0.0, 100, math.inf, [(2, 100, "/a")]),
    "a removed directory does not": ([DIR, layer(whiteout("d"))], 1.0, 0, math.nan, []),
    "until its paths are seen again": (
        [DIR, layer(whiteout("d")), layer(file("d/a", b"z" * 10)), layer(whiteout("d"))],
        10 / 210,
        210,
        21.0,
        [(2, 110, "/d/a"), (2, 100, "/d")],
    ),
    "an empty directory is a leaf": (
        [DIR, layer(whiteout("d")), layer(directory("d"))],
        0.5,
        100,
        math.inf,
        [(2, 100, "/d")],
    ),
    "opaque whiteouts are ignored": ([DIR, layer(directory("d"), opaque("d"), file("d/b", b"x"))], 1.0, 0, 0.0, []),
    "a file over a directory hides nothing": ([DIR, layer(file("d", b"x" * 5))], 1.0, 0, 0.0, []),
    "nor does removing it then": (
        [DIR, layer(file("d", b"x" * 5)), layer(whiteout("d"))],
        100 / 105,
        5,
        1.0,
        [(2, 5, "/d")],
    ),
    "a parent without an entry is not a directory": (
        [DIR, layer(file("d/b", b"x" * 5)), layer(whiteout("d"))],
        1.0,
        0,
        0.0,
        [],
    ),
    "a hard link has no bytes": ([A, layer(hardlink("a", "b"))], 0.0, 100, math.inf, [(2, 100, "/a")]),
    "all bytes are the first name's": (
        [layer(file("a", X), hardlink("b", "a")), layer(file("z", b"z"), whiteout("a"))],
        1 / 101,
        100,
        100.0,
        [(2, 100, "/a")],
    ),
    "and none the second's": (
        [layer(file("a", X), hardlink("b", "a")), layer(file("z", b"z"), whiteout("b"))],
        1.0,
        0,
        0.0,
        [(2, 0, "/b")],
    ),
    "a changed mode counts twice": ([A, layer(file("a", X, mode=0o600))], 0.5, 200, 2.0, [(2, 200, "/a")]),
    "a whiteout of nothing ends its layer": ([A, layer(whiteout("b"), file("a", X))], 0.99, 0, 0.0, []),
    "what sorts before it still counts": (
        [A, layer(file("-", X), whiteout("b"), file("a", X)), layer(file("-", X))],
        (100 + 100 - 1) / 300,
        200,
        200 / 300,
        [(2, 200, "/-")],
    ),
    "removed and brought again": ([A, layer(whiteout("a"), file("a", X))], 0.0, 200, 2.0, [(3, 200, "/a")]),
    "what sorts before its whiteout goes with it": (
        [layer(file("-a", X)), layer(whiteout("-a"), file("-a", X)), layer(whiteout("-a"))],
        0.0,
        200,
        2.0,
        [(3, 200, "/-a")],
    ),
    "a whiteout in the first layer finds its own file": (
        [layer(file("a", X), whiteout("a")), A],
        0.0,
        200,
        2.0,
        [(3, 200, "/a")],
    ),
    "bookkeeping of AUFS is a whiteout": ([A, layer(file(".wh..wh.aufs"), file("a", X))], 0.99, 0, 0.0, []),
    "names are not led through links": (
        [layer(directory("usr/lib"), symlink("lib", "usr/lib"), file("lib/x", X)), layer(file("usr/lib/x", X))],
        1.0,
        0,
        0.0,
        [],
    ),
    "names are not clamped": ([layer(file("../../x", X)), layer(file("x", X))], 1.0, 0, 0.0, []),
    "the same path twice in a layer counts once": (
        [layer(file("a", X), file("a", b"x" * 40)), layer(file("a", b"x" * 60))],
        0.4,
        100,
        100 / 60,
        [(2, 100, "/a")],
    ),
    "one layer has nobody to waste for": ([A], 1.0, 0, math.nan, []),
    "empty files and directories are listed": (
        [layer(file("a"), directory("d")), layer(file("a"), directory("d"))],
        1.0,
        0,
        math.nan,
        [(2, 0, "/d"), (2, 0, "/a")],
    ),
    "nothing is efficient": ([layer(), layer()], 1.0, 0, math.nan, []),
}


@pytest.mark.parametrize("name", CASES)
def test_quirk(name, tmp_path):
    layers, efficiency, wasted, percent, listed = CASES[name]
    path = dive.archive(tmp_path, layers)
    with imgscope.analyze(path, cache=False) as analysis:
        found = analysis.image.dive
        assert (found.efficiency, found.wasted_bytes) == (efficiency, wasted)
        assert found.user_wasted_percent == percent or (math.isnan(percent) and math.isnan(found.user_wasted_percent))
        files = inefficient_files(analysis.body.overlay.layers)
        assert [(row.count, row.size, row.path.decode()) for row in files] == listed


@dive.needs_dive
@pytest.mark.parametrize("name", CASES)
def test_dive_has_that_quirk(name, tmp_path):
    layers, efficiency, wasted, percent, listed = CASES[name]
    path = dive.archive(tmp_path, layers)
    document = dive.theirs(path)
    assert document is not None
    said = dive.figures(document)
    assert (said["efficiencyScore"], said["inefficientBytes"]) == (efficiency, wasted)
    assert [(row["count"], row["sizeBytes"], row["file"]) for row in said["fileReference"]] == listed
    shown = re.search(r"userWastedPercent: (\S+) %", dive.verdicts(path, None)[2]).group(1)
    words = {"+Inf": math.inf, "NaN": math.nan}
    assert float(words.get(shown, shown)) == pytest.approx(percent * 100, abs=5e-5, nan_ok=True)


def _comparable(document: bytes) -> dict:
    """What a document says; of more than twelve paths, the order of equal ones means nothing in dive."""
    found = json.loads(document)
    files = found["image"]["fileReference"]
    if len(files) > 12:
        files.sort(key=lambda row: (-row["sizeBytes"], row["file"]))
    return found


@dive.needs_dive
@pytest.mark.parametrize("first", range(0, 200, 20))
def test_random_stacks_as_dive(first, tmp_path):
    for seed in range(first, first + 20):
        path = dive.archive(tmp_path, stack(seed))
        theirs = dive.theirs(path)
        assert theirs is not None, seed
        assert _comparable(dive.ours(path)) == _comparable(theirs), f"stack({seed})"


@dive.needs_dive
def test_larger_stacks_as_dive(tmp_path):
    for seed in range(1000, 1012):
        path = dive.archive(tmp_path, stack(seed, most_layers=12, most_members=60))
        theirs = dive.theirs(path)
        assert theirs is not None, seed
        assert _comparable(dive.ours(path)) == _comparable(theirs), f"stack({seed}, 12, 60)"


@dive.needs_dive
@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(layers=strategies.stacks())
def test_hostile_stacks_as_dive(layers, tmp_path):
    """Where dive can read them; a whiteout that is a link and claims a size is let be."""
    assume(not re.search(r"by_hand\(b'[^']*\.wh\.", repr(layers)))
    path = dive.archive(tmp_path, layers)
    theirs = dive.theirs(path)
    assume(theirs is not None)
    said, ours = dive.figures(_plain(theirs)), dive.figures(_plain(dive.ours(path)))
    assert ours == said


def _plain(document: bytes) -> bytes:
    return json.dumps(_comparable(document)).encode()


def _overlay(layers: list[bytes]) -> Overlay:
    return Overlay([scan_stream(BytesIO(data).read) for data in layers])


@pytest.mark.parametrize("first", range(5000, 5400, 100))
def test_the_short_way_comes_to_the_same_as_dives_own(first):
    for seed in range(first, first + 100):
        overlay = _overlay(stack(seed, most_layers=8, most_members=20))
        short, literal = figures(overlay), literal_figures(overlay.layers)
        assert short[:2] == literal[:2], f"stack({seed}, 8, 20)"
        assert str(short) == str(literal), f"stack({seed}, 8, 20)"


def test_a_path_overwritten_again_and_again():
    """The chain of a path's copies is added up once, the smallest of them is kept."""
    layers = [layer(file("a", b"x" * size), file("b", b"y" * size)) for size in (50, 10, 70, 30, 90)]
    found = figures(_overlay(layers))
    assert found.wasted_bytes == 2 * 250
    assert found.efficiency == 20 / 500


@pytest.mark.parametrize("layers", [[A], [A, layer(whiteout("a"))]], ids=["nan", "inf"])
def test_a_division_by_zero_outlives_saving(layers, tmp_path, imgscope):
    path = dive.archive(tmp_path, layers)
    saved = tmp_path / "saved.json"
    saved.write_text(imgscope("analyze", path, "--format", "json").stdout)
    import imgscope as library

    with library.analyze(path) as fresh, library.analyze(saved) as again:
        assert str(again.image.dive) == str(fresh.image.dive)
