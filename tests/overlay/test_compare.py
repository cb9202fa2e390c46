"""One judge: what a layer did, what two images differ in, and what the view marks over several layers agree."""

from __future__ import annotations

import pytest

from imgscope import analyze
from imgscope.differences import compare
from imgscope.tui.model.marks import Mark
from imgscope.tui.model.paths import Paths
from imgscope.tui.model.views import Views
from tests.oracle.maketar import directory, docker_archive, file, hardlink, layer, symlink, whiteout

OLD = file("a", b"abc", mode=0o644, mtime=5)


@pytest.mark.parametrize(
    ("old", "between", "new", "differs"),
    [
        (OLD, file("a", b"xyz"), [OLD], ()),
        (OLD, file("a", b"xyz"), [file("a", b"abd", mtime=5)], ("content",)),
        (OLD, file("a", b"xyz"), [file("a", b"abc", mode=0o600, mtime=6)], ("mode", "mtime")),
        (OLD, file("a", b"xyz"), [file("a", b"abc", uid=1, mtime=5)], ("owner",)),
        (OLD, file("a", b"xyz"), [file("a", b"abc", mtime=5, xattrs={"user.k": "v"})], ("xattrs",)),
        (OLD, file("a", b"xyz"), [OLD, hardlink("b", "a")], ("links",)),
        (OLD, file("a", b"xyz"), [symlink("a", "b")], ("type", "mode", "mtime")),
        (symlink("a", "b"), file("a", b"xyz"), [symlink("a", "c")], ("target",)),
        (symlink("a", "b"), file("a", b"xyz"), [symlink("a", "b", mode=0o700)], ()),
        # No entry of the lowest layer describes the folder: mode 755, owned by root.
        (file("a/x"), file("a", b"xyz"), [directory("a", mode=0o755, mtime=7), file("a/x")], ()),
        (file("a/x"), file("a", b"xyz"), [directory("a", mode=0o700), file("a/x")], ("mode",)),
    ],
)
def test_all_say_the_same(tmp_path, old, between, new, differs):
    def image(*layers: bytes):
        return analyze(docker_archive(tmp_path / f"{len(layers)}.tar", layers, "gzip"), cache=False)

    with image(layer(old)) as before, image(layer(old), layer(*new)) as after, image(
        layer(old), layer(whiteout("a"), between), layer(*new)
    ) as longer:  # fmt: skip
        (change,) = [change for change in after.changes(1) if change.path == "/a"] or [None]
        implied = b"a/x" in old
        if not implied:
            assert change is not None and change.differs == differs
        row = next((row for row in compare(before, after).files if row.path == "/a"), None)
        # The number of names counts there only where it changes which of them has the bytes.
        assert (() if row is None else row.differs) == (() if differs == ("links",) else differs)
        paths = Paths(longer.body)
        mark = Mark(Views(paths).get(0, 2).marks[paths.find(b"a")])
        if differs and differs[0] in ("type", "content", "target"):
            assert mark == Mark.MODIFIED
        else:
            assert mark == Mark.METADATA_ONLY if differs else mark in (Mark.REWRITTEN, Mark.UNCHANGED)
