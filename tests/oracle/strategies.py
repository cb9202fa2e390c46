"""Hypothesis strategies for stacks of layers that collide, swap types and lie as often as they can.

A stack is a list of layer tars, bottom first. Names come from an alphabet so small that most paths meet in
several layers; every so often one is hostile.
"""

from __future__ import annotations

from hypothesis import strategies as st

from . import maketar as tar

PLAIN = ("a", "b", "c")
# "a-" and "a.b" sort before "a/", "a0" after it; the rest is what archives in the wild and attackers hold.
HOSTILE = (
    "a-",
    "a.b",
    "a0",
    "-x",
    ".x",
    " ",
    "é",
    b"\xff\xfe",
    "two\nlines",
    "\x1b[31mred",
    "...",
    "l" * 120,
    "m" * 300,
    ".wh.",
    ".wh..",
    ".wh...",
    ".wh.a",
    ".wh..wh.plnk",
    ".wh..wh..opq",
    ".wh..wh.aufs",
)
PREFIXES = ("./", "/", "//", "../", "../../", "c/../", "a/../../", "././")
SUFFIXES = ("/", "/.", "//", "/b/..")

CONTENTS = (b"", b"one", b"two", b"one" * 300, b"two" * 300)
TIMES = (0, 1, -1, "1.5", "1.500000001", "-1.5", 2**33 + 1)
XATTRS = (None, None, None, {"security.capability": "\x01\udc80"}, {"user.a": "1", "user.b": "2"})
FORMATS = (tar.USTAR, tar.GNU, tar.PAX)


def rarely(common: st.SearchStrategy, rare: st.SearchStrategy, times: int = 9) -> st.SearchStrategy:
    return st.integers(0, times).flatmap(lambda n: rare if n == times else common)


parts = rarely(st.sampled_from(PLAIN), st.sampled_from([tar.text(part) for part in HOSTILE]), 14)
plain_paths = st.lists(parts, min_size=1, max_size=3).map("/".join)


@st.composite
def names(draw: st.DrawFn) -> str:
    """A member's name as a tar may write it."""
    path = draw(plain_paths)
    twist = draw(st.integers(0, 19))
    if twist == 19:
        return draw(st.sampled_from(("", ".", "/", "..", "./", "a/..")))
    if twist in (16, 17, 18):
        path = draw(st.sampled_from(PREFIXES)) + path
    if twist in (15, 16):
        path += draw(st.sampled_from(SUFFIXES))
    if twist == 14:
        path = path.replace("/", "//")
    return path


@st.composite
def link_targets(draw: st.DrawFn) -> str:
    """What a symlink leads to: often a sibling or a parent, now and then nothing, itself or the root."""
    start = draw(st.sampled_from(("", "", "/", "../", "./", "../../")))
    end = draw(st.sampled_from(("", "", "", "/", "/..")))
    path = draw(rarely(plain_paths, st.sampled_from((".", "..", "/")), 12))
    return start + path + end


@st.composite
def attributes(draw: st.DrawFn) -> dict:
    """Mode, owner, time and xattrs: mostly the same, so that equal states are common."""
    found: dict = {}
    if draw(st.integers(0, 3)) == 3:
        found["mode"] = draw(st.sampled_from((0o644, 0o4755, 0o1777, 0o100600)))
    if draw(st.integers(0, 5)) == 5:
        found["uid"], found["gid"] = draw(st.sampled_from(((1000, 0), (0, 5), (2**31, 2**21))))
    if draw(st.integers(0, 3)) == 3:
        found["mtime"] = draw(st.sampled_from(TIMES))
    if draw(st.integers(0, 5)) == 5:
        found["xattrs"] = draw(st.sampled_from(XATTRS))
    return found


pieces = st.sampled_from(
    (
        ((0, b"one"),),
        ((512, b"one"),),
        ((0, b"one"), (900, b"two")),
        tuple((index * 512, b"%03d" % index) for index in range(30)),
        (),
    )
)


@st.composite
def sparse_files(draw: st.DrawFn) -> bytes:
    name, holes, size = draw(plain_paths), draw(pieces), draw(st.sampled_from((903, 903, 20_000)))
    # GNU tar ends a file that ends in a hole with an empty piece, and writes one that is all hole so.
    holes = tuple(piece for piece in holes if piece[0] + len(piece[1]) <= size) or ((size, b""),)
    kind = draw(st.sampled_from(("old", "0.0", "0.1", "1.0")))
    if kind == "old":
        long = tar.raw(name)
        made = tar.old_gnu_sparse(long[:100], holes, size)
        return tar.together(tar.long_name(name), made) if len(long) > 100 else made
    if kind == "0.0":
        return tar.pax_sparse(tar.raw(name)[:100], holes, size, kind)
    return tar.pax_sparse(name, holes, size, kind)


@st.composite
def odd_members(draw: st.DrawFn) -> bytes:
    """Members that ``tarfile`` would not write: old magic, no type, numbers in base 256, a prefix, two names."""
    name = tar.raw(draw(plain_paths))[:100]
    content = draw(st.sampled_from(CONTENTS))
    odd = draw(st.integers(0, 6))
    if odd == 0:
        return tar.by_hand(name[:99] + b"/", b"", b"\0", magic=b"")  # a directory of a tar before POSIX
    if odd == 1:
        return tar.by_hand(name, content, b"\0", magic=b"")
    if odd == 2:
        numbers = {"size": tar.base256(len(content), 12), "mtime": tar.base256(-5, 12)}
        return tar.by_hand(name, content, uid=tar.base256(2**40, 8), **numbers)
    if odd == 3:
        return tar.by_hand(name, content, b"7", prefix=b"a")
    if odd == 4:
        return tar.together(tar.long_name(b"b/" + name), tar.by_hand(b"short", content))
    if odd == 5:
        return tar.together(tar.pax_header([("path", b"c/" + name)]), tar.by_hand(b"short", content))
    return tar.by_hand(name, b"", b"2", link=b"../" + name[:90], size=77)  # a symlink that claims a size


@st.composite
def members(draw: st.DrawFn, format: int, known: list[str]) -> bytes:
    """One member of any type, whiteouts included. ``known`` are names of files written so far."""

    def known_or(others: st.SearchStrategy[str]) -> str:
        return draw(st.sampled_from(known) if known and draw(st.integers(0, 2)) else others)

    what = draw(st.integers(0, 25))
    if what < 8:
        name = known_or(names())
        known.append(name)
        return tar.file(name, draw(st.sampled_from(CONTENTS)), **draw(attributes()), format=format)
    if what < 12:
        return tar.whiteout(known_or(plain_paths))
    if what == 24:
        return draw(sparse_files())
    if what == 25:
        return draw(odd_members())
    if what == 23:
        return tar.opaque(draw(st.one_of(plain_paths, st.just(""))))
    name, more = draw(names()), draw(attributes()) | {"format": format}
    if what < 15:
        return tar.directory(name, **more)
    if what < 18:
        return tar.symlink(name, draw(link_targets()), **more)
    if what < 21:
        target = known_or(names())
        known.append(name)
        return tar.hardlink(name, target, **more)
    if what == 21:
        return tar.character(name, draw(st.integers(0, 1)), 3, **more)
    return draw(st.sampled_from((tar.block_device(name, 8, 1, **more), tar.fifo(name, **more))))


@st.composite
def stacks(draw: st.DrawFn, max_layers: int = 4, max_members: int = 9) -> list[bytes]:
    """Stacks of layers, bottom first. The same layer may come twice, as Docker's empty ones do."""
    known: list[str] = []
    layers = []
    for _ in range(draw(st.integers(1, max_layers))):
        found = draw(st.lists(members(draw(st.sampled_from(FORMATS)), known), max_size=max_members))
        if found and draw(st.integers(0, 9)) == 9:
            found.insert(0, tar.pax_header([("comment", "as git archive writes it")], b"g"))
        layers.append(tar.layer(*found))
    if draw(st.integers(0, 12)) == 12:
        layers.append(layers[0])
    return layers
