"""Which edits are guilty is found in few tries, and all others are kept."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscope.fixes.search import bound, search


class Came(NamedTuple):
    ok: bool
    why: str = ""
    suspects: frozenset = frozenset()


def tries(bad, suspects=lambda keys: frozenset(), limit=10**6):
    seen = []

    def attempt(keys):
        seen.append(tuple(keys))
        guilty = [key for key in keys if key in bad]
        return Came(not guilty, f"{guilty[0]} is bad" if guilty else "", suspects(keys))

    return attempt, seen, lambda found: len(seen) < limit


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 20, 64])
def test_one_bad_edit_costs_no_more_builds_than_is_promised(count):
    keys = [f"e{n}" for n in range(count)]
    for bad in keys:
        attempt, seen, more = tries({bad})
        found = search(keys, attempt, more)
        assert (set(found.kept), found.left) == (set(keys) - {bad}, {bad: f"{bad} is bad"})
        # The first image's own build counts too.
        assert 1 + len(seen) <= bound(count)


@pytest.mark.parametrize("count", [2, 8, 64])
def test_a_suspect_is_followed_first_and_a_wrong_one_stays_within_the_bound(count):
    keys = [f"e{n}" for n in range(count)]
    attempt, seen, more = tries({"e1"}, lambda tried: frozenset({"e1"}))
    assert search(keys, attempt, more).left == {"e1": "e1 is bad"}
    assert len(seen) == 2
    for bad in keys[1:]:
        attempt, seen, more = tries({bad}, lambda tried: frozenset({"e0"}))
        found = search(keys, attempt, more)
        assert set(found.kept) == set(keys) - {bad}
        assert 1 + len(seen) <= bound(count)


@given(st.integers(1, 30), st.data())
def test_any_number_of_bad_edits_is_found(count, data):
    keys = [f"e{n}" for n in range(count)]
    bad = data.draw(st.sets(st.sampled_from(keys)))
    attempt, _, more = tries(bad)
    found = search(keys, attempt, more)
    assert set(found.kept) == set(keys) - bad
    assert set(found.left) == bad
    assert (found.best is not None) == bool(found.kept)


@given(st.integers(1, 20), st.integers(1, 12), st.data())
def test_what_is_kept_when_no_more_tries_are_allowed_has_passed(count, limit, data):
    keys = [f"e{n}" for n in range(count)]
    bad = data.draw(st.sets(st.sampled_from(keys)))
    attempt, seen, more = tries(bad, limit=limit)
    found = search(keys, attempt, more)
    assert len(seen) <= limit
    assert not found.kept or (found.kept in seen and not bad & set(found.kept))
    assert set(found.kept) | set(found.left) == set(keys)
