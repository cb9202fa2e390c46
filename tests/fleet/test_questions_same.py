"""What many layers hold, and where something is, held against plain Python."""

import re
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.errors import UsageError
from imgscope.fleet.questions.find import find
from imgscope.fleet.questions.same import same
from imgscope.globs import PathFilter
from imgscope.paths import internal, split

from .ask_store import connect, digest, image, layer, tag

IMAGES = {"i0": ["l0", "l1"], "i1": ["l0", "l2"], "gone": ["l3"]}


def fleet(files=(), packages=()):
    return connect(
        tags=[tag("app", name, digest(name)) for name in ("i0", "i1")] + [tag("app", "again", digest("i1"))],
        images=[image(name, layers) for name, layers in IMAGES.items()],
        layers=[layer(f"l{number}", 100) for number in range(4)],
        files=files,
        packages=packages,
    )


def file(own, path, size=10, content=None, type_="file"):
    return {"layer": digest(own), "path": path, "type": type_, "bytes": size, "content": content and digest(content)}


@st.composite
def contents(draw):
    sizes = {f"c{number}": number * 7 for number in range(4)}
    rows = {}
    for own in ("l0", "l1", "l2", "l3"):
        for path in draw(st.sets(st.sampled_from(["/a", "/b", "/c", "/d"]))):
            held = draw(st.sampled_from([None, *sizes]))
            rows[own, path] = file(own, path, sizes.get(held, 5), held, draw(st.sampled_from(["file", "symlink"])))
    return list(rows.values())


@given(contents())
@settings(max_examples=25, deadline=None)
def test_copies_are_counted_by_layers(rows):
    found = same(fleet(rows))
    held = defaultdict(set)
    for row in rows:
        if row["content"] and row["bytes"] and row["type"] == "file" and row["layer"] != digest("l3"):
            held[row["content"], row["bytes"]].add((row["layer"], row["path"]))
    copied = {key: places for key, places in held.items() if len({own for own, _ in places}) > 1}
    assert found.redundant == sum(size * (len({own for own, _ in places}) - 1) for (_, size), places in copied.items())
    assert found.contents == len(copied) == len(found.files)
    for row in found.files:
        places = copied[row.content, row.bytes]
        assert row.layers == len({own for own, _ in places})
        assert (row.path, row.paths) == (min(path for _, path in places), len({path for _, path in places}))
        assert row.images == len(
            [name for name in ("i0", "i1") if {digest(x) for x in IMAGES[name]} & {o for o, _ in places}]
        )


def package(name, image_, own, version="1.0", size=10, kind="dpkg"):
    return {
        "image": digest(image_),
        "kind": kind,
        "name": name,
        "version": version,
        "layer": own and digest(own),
        "bytes": size,
    }


def test_a_package_in_a_shared_layer_counts_once():
    rows = [
        package("libssl3", "i0", "l0"),
        package("libssl3", "i1", "l0"),
        package("libssl3", "i1", "l2", "2.0", 5),
        package("libssl3", "gone", "l3", "3.0"),
        package("curl", "i0", None, size=3),
    ]
    found = same(fleet(packages=rows))
    ssl, curl = found.packages
    assert (ssl.name, ssl.versions, ssl.images, ssl.layers, ssl.bytes) == ("libssl3", 2, 2, 2, 15)
    assert ssl.most == (("1.0", 2), ("2.0", 1))
    assert (curl.name, curl.bytes, found.package_count) == ("curl", 3, 2)


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ("3.0", ["1:3.0.11-1~deb12u2", "3.0", "3.0.1"]),
        ("3.0.1", ["3.0.1"]),
        ("3.0.11", ["1:3.0.11-1~deb12u2"]),
        ("3", ["1:3.0.11-1~deb12u2", "3.0", "3.0.1"]),
        ("3.0.11-1~deb12u2", ["1:3.0.11-1~deb12u2"]),
        ("1", []),
        ("3.*", []),
        ("3(", []),
    ],
)
def test_a_version_is_found_by_its_beginning(version, fits):
    known = ["3.0", "3.0.1", "1:3.0.11-1~deb12u2", "30.1", "13.0"]
    rows = [package("openssl", "i0", "l0", each) for each in known]
    found = find(fleet(packages=rows), "openssl", version)
    assert [row.version for row in found.rows] == fits


def test_a_package_is_told_with_who_has_it():
    rows = [package("openssl", name, "l0") for name in ("i0", "i1", "gone")]
    found = find(fleet(packages=rows), "openssl")
    (row,) = found.rows
    assert (row.kind, row.layer, row.images, found.looked_for) == ("dpkg", digest("l0"), 2, "package")
    assert row.references == tuple(f"registry:r.example/app:{name}" for name in ("again", "i0", "i1"))
    assert find(fleet(packages=rows), "open*").looked_for == "path"
    assert find(fleet(packages=rows), "open*", kind="package").count == 1


def test_a_jar_that_no_package_manager_knows_is_found_by_its_name():
    rows = [file("l2", "/opt/app/lib/log4j-core-2.14.1.jar"), file("l2", "/opt/log4j-core/x")]
    found = find(fleet(rows), "log4j-core")
    assert [row.name for row in found.rows] == ["/opt/app/lib/log4j-core-2.14.1.jar"]
    assert found.looked_for == "path"
    # One who says that it is a package is not answered with files.
    assert not find(fleet(rows), "log4j-core", kind="package").count


PATHS = [
    "/a",
    "/a/b",
    "/a/b.pyc",
    "/é",
    "/a/é.pyc",
    "/[x]",
    "/a\nb",
    "/usr/lib/python3/site-packages/x.py",
    "/a*",
    "/ab",
]


@given(
    st.one_of(
        st.sampled_from(
            ["*.pyc", "/a", "/usr/**/x.py", "**", "/?", "/??", "/a/*", "/[!a]", "[x]", "/[[]x]", "/a?b", "/"]
        ),
        st.text("ab/*?[]!é.\n-", min_size=1, max_size=6),
    )
)
@settings(max_examples=25, deadline=None)
def test_paths_are_found_by_the_dialect_of_all_commands(glob):
    try:
        fits = PathFilter([glob]).fits_itself
    except re.error:
        with pytest.raises(UsageError, match="not a valid glob"):
            find(fleet(), glob, kind="path")
        return
    found = find(fleet([file("l0", path) for path in PATHS]), glob, kind="path")
    assert {row.name for row in found.rows} == {path for path in PATHS if fits(*split(internal(path)))}


def test_whiteouts_and_layers_of_no_tag_are_not_found():
    rows = [file("l0", "/etc/x", type_="whiteout"), file("l3", "/etc/x"), file("l1", "/etc/x", type_="symlink")]
    found = find(fleet(rows), "/etc/x")
    assert [(row.kind, row.layer) for row in found.rows] == [("symlink", digest("l1"))]


def test_digests_are_found_whatever_they_are_of():
    connection = fleet([file("l0", "/x", content="c")])
    for name, kind in [
        ("i0", "image"),
        ("config i0", "config"),
        ("l0", "layer"),
        ("blob l0", "blob"),
        ("c", "content"),
    ]:
        for text in (digest(name), digest(name).removeprefix("sha256:")):
            found = find(connection, text)
            assert kind in [row.kind for row in found.rows], name
            assert found.looked_for == "digest"
    assert find(connection, "sha256:" + "ab" * 32).count == 0


def test_what_is_found_is_cut_and_counted():
    found = find(fleet([file("l0", f"/x{number}") for number in range(9)]), "/x*", limit=3)
    assert ([row.name for row in found.rows], found.count) == (["/x0", "/x1", "/x2"], 9)


@pytest.mark.parametrize(
    ("words", "problem"),
    [((" ",), "needs a package"), (("/x", "1"), None), (("a\0b",), "needs a package")],
)
def test_what_cannot_be_looked_for(words, problem):
    if problem is None:
        assert find(fleet(), *words).looked_for == "package"
        return
    with pytest.raises(UsageError, match=problem):
        find(fleet(), *words)
    with pytest.raises(UsageError, match="no version"):
        find(fleet(), "/x", "1", kind="path")
