"""The short way to the paths that fit finds what the plain way does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscope.checks.glob_search import GlobSearch, at_and_below
from imgscope.globs import PathFilter

NAMES = st.sampled_from(["a", "b", "a.pem", ".env", ".git", "x-key", "é", "a*b"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PARTS = st.sampled_from(["a", "b", "*", "**", "*.pem", ".git", "?", "[ab]", "a*", "*[bm]", "*-key", "**.pem"])
GLOBS = st.tuples(st.sampled_from(["", "/"]), st.lists(PARTS, min_size=1, max_size=4).map("/".join)).map("".join)


def _tree(paths: list[str]) -> dict[bytes, dict[bytes, int]]:
    tree: dict[bytes, dict[bytes, int]] = {b"": {}}
    for path in paths:
        parts = path.encode().split(b"/")
        for depth in range(len(parts)):
            directory, name = b"/".join(parts[:depth]), parts[depth]
            tree.setdefault(directory, {}).setdefault(name, len(tree))
            if depth < len(parts) - 1:
                tree.setdefault(b"/".join(parts[: depth + 1]), {})
    return tree


@given(st.lists(PATHS, max_size=12), GLOBS)
def test_all_at_and_below(paths, glob):
    tree = _tree(paths)
    fits = PathFilter([glob]).fits
    plain = {(d, name, entry) for d, names in tree.items() for name, entry in names.items() if fits(d, name)}
    found = list(at_and_below(tree, glob))
    assert set(found) == plain and len(found) == len(plain)


@given(st.lists(PATHS, max_size=12), st.lists(GLOBS, min_size=1, max_size=5))
def test_every_path_that_fits_is_a_candidate(paths, globs):
    tree = _tree(paths)
    fitting = GlobSearch(tuple(globs))
    for directory, names in tree.items():
        candidates = set(fitting.candidates(directory, names))
        assert {name for name in names if fitting.fits(directory, name)} <= candidates


@pytest.mark.parametrize(
    ("glob", "fitting", "others"),
    [
        ("/a[a-c]", ["ab"], ["ad", "a-"]),
        ("/a[c-a]", [], ["aa", "ab", "ac", "a-", "a[c-a]"]),
        ("/a[c-ax]", ["ax"], ["ab", "a-"]),
        ("/a[!c-a]", ["ab", "a-"], ["a"]),
        ("/a[!a-c]", ["ad"], ["ab"]),
        ("/a[--0]", ["a-", "a.", "a0"], ["a1", "aa"]),
        ("/a[a-]", ["aa", "a-"], ["ab"]),
    ],
)
def test_what_stands_in_brackets(glob, fitting, others):
    fits = PathFilter([glob]).fits_itself
    assert [name for name in fitting + others if fits(b"", name.encode())] == fitting
