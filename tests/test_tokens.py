"""Tokens are found by one search for where they may stand: what it finds is what a search for each one would."""

from __future__ import annotations

import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.secrets.tokens import _TOKENS, _of_prefix, _web_tokens, tokens
from imgscope.secrets.tokens import Secret as Found


def slowly(text: str, start: int, end: int) -> list[Found]:
    """Look for every beginning in all of the text."""
    found = []
    for kind, begins, body, random in _TOKENS:
        for prefix in begins:
            found += _of_prefix(text, start, end, Found(kind, 0, 0), prefix, body, random)
    for match in re.finditer(r"[A-Za-z0-9_.-]{24,}+", text[start:end]):
        found += _web_tokens(match[0], start + match.start())
    return found


BEGINS = [prefix for _, begins, _, _ in _TOKENS for prefix in begins]
SIGNS = st.text("abXYZ0189_-./+=, \né", max_size=60)
# The shortest of each kind, and what only looks like one.
BODIES = st.sampled_from(
    ["Ab1cD2eF3gH4iJ5k" * 4, "0123456789abcdef" * 4, "A1" * 8, "1234567890", "T0AB/B0CD/" + "x1" * 12]
)
PIECES = st.sampled_from(BEGINS) | BODIES | SIGNS | st.sampled_from(["1234/", "é", "\ud800", " ", "x" * 300, "eyJ"])


@settings(max_examples=600, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join), st.integers(0, 40), st.integers(0, 40))
def test_no_token_is_missed(text, start, less):
    end = max(start, len(text) - less)
    assert list(tokens(text, start, end)) == slowly(text, start, end)


def test_the_shortest_of_each_kind_stand_in_a_row_of_signs():
    from re import _parser as parser

    for _, begins, body, _ in _TOKENS:
        for prefix in begins:
            for character in "Aa0":
                text = " " * 300 + "é " + prefix + character * parser.parse(body).getwidth()[0] + " "
                assert list(tokens(text)) == slowly(text, 0, len(text))
    found = {kind for kind, *_ in slowly(" ".join(p + "0aZ1bY2cX3dW4eV5" * 8 for p in BEGINS), 0, 1 << 20)}
    assert len(found) > 20


def test_long_texts_without_tokens_cost_little():
    text = "the quick brown fox jumps over the lazy dog, and /usr/share/doc/of/dogs says so; x = y\n" * 20_000
    begin = time.process_time()
    assert list(tokens(text)) == []
    fast = time.process_time() - begin
    begin = time.process_time()
    assert slowly(text, 0, len(text)) == []
    assert fast < (time.process_time() - begin) / 1.5
