"""A path of the merged tree leads where this machine's kernel leads it in the same tree on a disk."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.layer.scan import scan_stream
from imgscope.overlay.merge import Overlay
from imgscope.rootfs.walk import MAX_STEPS, Walker
from tests.oracle.maketar import directory, file, layer, symlink

NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(st.one_of(NAMES, st.sampled_from(["..", "."])), min_size=1, max_size=5).map("/".join)
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.one_of(st.none(), st.just("file"), PATHS), max_size=8
)


def overlay_of(*members: bytes) -> Overlay:
    return Overlay([scan_stream(io.BytesIO(layer(*members)).read)])


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux's kernel where a path leads")
@settings(max_examples=150, deadline=None)
@given(TREES, PATHS)
def test_paths_lead_where_the_kernel_leads_them(tree, path):
    members = []
    with tempfile.TemporaryDirectory() as folder:
        # Deep enough that no ".." leaves it: the image's root would be reached then, which nothing leads above.
        root = Path(os.path.realpath(folder), "1/2/3/4/5/6/7/8/9")
        root.mkdir(parents=True)
        for name, what in sorted(tree.items()):
            place = root / name
            if any((root / above).is_symlink() or (root / above).is_file() for above in Path(name).parents):
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            if what is None:
                place.mkdir(exist_ok=True)
                members.append(directory(name))
            elif what == "file":
                place.write_text("")
                members.append(file(name))
            else:
                place.symlink_to(what)
                members.append(symlink(name, what))
        try:
            handle = os.open(f"{root}/{path}", os.O_PATH)
        except OSError:
            wanted = ""
        else:
            wanted = os.readlink(f"/proc/self/fd/{handle}")
            os.close(handle)
        found = Walker(overlay_of(*members)).walk(path.encode())
    if wanted and not wanted.startswith(str(root)):
        return
    if wanted:
        assert not found.trouble and found.path.decode() == os.path.relpath(wanted, root).removeprefix(".")
    elif not any(".." in str(what) for what in [path, *tree.values()]):
        assert found.trouble


def test_links_are_bounded_for_the_whole_image():
    long = "/".join(["x", ".."] * 800 + ["x"])
    walker = Walker(overlay_of(directory("x"), *(symlink(f"l{number}", long) for number in range(10))))
    ends = [walker.walk(b"l%d" % (number % 10)).trouble for number in range(MAX_STEPS // 1601 + 2)]
    assert ends[0] == "" and ends[-1] == "loop"
