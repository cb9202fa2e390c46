"""Which rules are looked at: codes, their beginnings, and names, as ruff selects its rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from ..errors import UsageError
from .model import Rule

ALL = "ALL"


def select(rules: Sequence[Rule], selected: Iterable[str] = (), ignored: Iterable[str] = ()) -> list[Rule]:
    """Return the rules that are wanted, in their order.

    Each word is a code (``IS012``), its beginning (``IS1``), a rule's name or ``ALL``, several with commas. The
    longer word wins where two fit, ``ignored`` where they are alike. Raises ``UsageError`` for a word that fits none.
    """
    wanted = _words(rules, selected) or [ALL]
    unwanted = _words(rules, ignored)
    return [rule for rule in rules if _strength(rule, wanted) > _strength(rule, unwanted)]


def _words(rules: Sequence[Rule], given: Iterable[str]) -> list[str]:
    words = [word.strip() for text in given for word in text.split(",") if word.strip()]
    for word in words:
        if not any(_fits(rule, word) for rule in rules):
            known = [name for rule in rules for name in (rule.code, rule.name)]
            near = get_close_matches(word, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; imgscope suggest --list shows them all"
            raise UsageError(f"no rule is called {word!r}{hint}")
    return words


def _fits(rule: Rule, word: str) -> bool:
    return word.upper() == ALL or rule.name == word or (word[:2].upper() == "IS" and rule.code.startswith(word.upper()))


def _strength(rule: Rule, words: Iterable[str]) -> int:
    """Return how closely any of the words names a rule: -1 where none does."""
    strengths = [-1]
    for word in words:
        if _fits(rule, word):
            exact = rule.name == word
            strengths.append(0 if word.upper() == ALL else len(rule.code) if exact else len(word))
    return max(strengths)
