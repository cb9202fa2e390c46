"""Variables in a Dockerfile's words, put in as BuildKit's lexer does."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Longer words, those that would grow beyond this, and patterns with more stars (or stars over long values) are taken as
# they stand: nobody writes them, variables of variables double with each line, and to match stars takes long.
_MAX_WORD = 32768
_MAX_RESULT = 1 << 14
_MAX_STARS = 4
_MAX_TRIES = 1_000_000
_NAMES = re.compile(r"\$\{?(\w+)")
# What stands in braces may name other variables, but each ``${`` is looked at once.
_REFERENCE = re.compile(r"\$(?:\{(?:[^}$]|\$(?!\{))*\}|\w+)")


def expand(word: str, values: Mapping[str, str], escaper: str = "\\") -> str:
    """Return a word without quotes and with the values of its variables; one that is not known stays as written."""
    if len(word) > _MAX_WORD or not any(char in word for char in "$'\"" + escaper):
        return word
    put_in = [values.get(name, "") for name in _NAMES.findall(word)]
    stars = word.count("*") + sum(value.count("*") for value in put_in)
    longest = max(map(len, put_in), default=0)
    if sum(map(len, put_in)) > _MAX_RESULT or stars > _MAX_STARS or longest**stars > _MAX_TRIES:
        return word
    from e2b_dockerfile_utils import ShellLex

    try:
        return str(ShellLex(escaper, env=values).process_word(word))
    except (ValueError, re.error):
        return word


def fits(word: str, text: str) -> bool:
    """Tell whether ``text`` may be ``word`` with values for its variables, whatever they are."""
    parts = _REFERENCE.split(word)
    if len(parts) == 1:
        return word == text
    if len(text) < len(parts[0]) + len(parts[-1]) or not text.startswith(parts[0]) or not text.endswith(parts[-1]):
        return False
    at, end = len(parts[0]), len(text) - len(parts[-1])
    for part in parts[1:-1]:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
