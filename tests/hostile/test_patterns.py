"""Patterns that meet what an image holds take linear time, whatever they meet: each of the package's is tried."""

from __future__ import annotations

import re

import pytest

from imgscope import steps
from imgscope.layer import scan

from .patterns import Used, collected, slow

PATTERNS = collected()


def test_patterns_are_found_wherever_they_are():
    modules = {used.module for used in PATTERNS}
    assert len(PATTERNS) > 150
    # At the top of a module, in a table, within a function, in a tuple of dataclasses.
    assert {"imgscope.steps", "imgscope.suggestions.rules.order", "imgscope.escape", "imgscope.secrets"} <= modules
    # As a text that a module holds, compiled when it is first used.
    assert {steps._PREPARES, scan._HASHED} <= {used.pattern.pattern for used in PATTERNS}


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+# end\s*$",
        r"(?:a+)+b",
        r"\bapt\b[^;]*\bupdate\b",
        r"(?m)^\s*token",
        r"\beyJ[A-Za-z0-9_-]+\.",
        r"[a-z][a-z0-9]*://",
        r"--x(?: -\S+)* install",
    ],
)
def test_slow_patterns_are_told(pattern):
    assert slow(Used("x", re.compile(pattern), True))


@pytest.mark.parametrize("pattern", [r"(?<!\s)\s+# end\s*$", r"\bx[^;]*", r"(?:ab|cd)+", r"^\s*token", r"\w+"])
def test_linear_patterns_are_not(pattern):
    assert not slow(Used("x", re.compile(pattern), True))


# Where what calls the patterns bounds what they meet: what looks for secrets tries them on words and on pieces of a
# text, and its functions are measured whole (test_secret_patterns.py); clean-up fits paths, of 4,096 bytes at most.
BOUNDED = (
    "imgscope.secrets",
    "imgscope.suggestions.rules.secrets",
    "imgscope.suggestions.fix",
    "imgscope.suggestions.rules.leftovers_fixes",
)


@pytest.mark.parametrize(
    "used", [used for used in PATTERNS if not used.module.startswith(BOUNDED)], ids=lambda used: str(used)[:80]
)
def test_a_pattern_takes_linear_time(used):
    assert slow(used) == []
