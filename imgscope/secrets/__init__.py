"""Finds what looks like a secret in texts, takes its value out, and knows what an image config holds of the kind.

A value counts by the name that it is given to (``NPM_TOKEN=…``), by where it stands among the words of a command
(``mysql -p…``, ``… | docker login --password-stdin``), or by its own form (a token with its issuer's prefix, a login in
a URL, a private key). References to variables and files, placeholders and documented examples are no secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .arguments import build_arguments, in_pairs
from .commands import by_words, in_arguments
from .forms import forms
from .names import compiled
from .tokens import Secret

REDACTED = "***"

# Longer texts than any instruction is are cut: an image may hold anything.
MOST = 1 << 20

# So much of a value is judged together with its name, up to the end of a word.
_WITH_NAME = 1 << 13
_BLANK = r"\s"
_NOP = r"[^\n]{0,300}?#\(nop\)\s*"
_PAIRS = r"\s*(?:ENV|ARG|LABEL)\s+"
_BUILDKIT = r"\s{1,20}# buildkit\s*$"
_ARGUMENTS = r"\s*(?:RUN\s+)?\|(\d{1,4}) +"
_ONBUILD = r"\s*ONBUILD\s+"

__all__ = [
    "MOST",
    "REDACTED",
    "Secret",
    "find",
    "in_list",
    "in_pair",
    "look",
    "redact",
    "redact_list",
    "redact_pair",
    "replaced",
]


def look(text: str) -> tuple[list[Secret], list[Secret]]:
    """Return the secrets in a text, in order, none within another; and all that is to be taken out of it.

    Of a build argument (``|1 NAME=VALUE /bin/sh -c …``) the value is taken out whatever it is.
    """
    text = text[:MOST]
    found = _apart(_in_instruction(text))
    arguments, _ = _arguments(text)
    return found, _apart([*found, *arguments]) if arguments else found


def find(text: str) -> list[Secret]:
    """Return the secrets in a text, in order, none within another.

    The text may be an instruction as a Dockerfile or a builder's history has it, a command, or anything else.
    """
    return look(text)[0]


def redact(text: str) -> str:
    """Return a text with the values of its secrets taken out, and what is too long to be looked at cut off."""
    return replaced(text[:MOST], look(text)[1])


def in_list(words: Sequence[str]) -> list[tuple[int, Secret]]:
    """Return the secrets in a list of arguments, each with the number of the word that it stands in."""
    joined, spans = _joined(words)
    found = []
    for secret in _apart(_in_arguments(joined, spans)):
        found += [(number, piece) for number, piece in _by_word(secret, spans)]
    return found


def redact_list(words: Sequence[str]) -> list[str]:
    """Return a list of arguments with the values of its secrets taken out."""
    cut: dict[int, list[Secret]] = {}
    for number, secret in in_list(words):
        cut.setdefault(number, []).append(secret)
    return [replaced(word[:MOST], cut[number]) if number in cut else word[:MOST] for number, word in enumerate(words)]


def in_pair(name: str, value: str) -> list[Secret]:
    """Return the secrets in the value of a variable or a label."""
    from .names import names_secret, plausible

    value = value[:MOST]
    if names_secret(name, value[:600]) and plausible(value[:600]):
        return [Secret(name.rpartition("/")[2][-80:], 0, len(value))]
    # Judged as NAME=VALUE too: the name may say what its value's words do not.
    prefix = f"{name[-80:]}="
    text = prefix + value
    blank = compiled(_BLANK).search(text, len(prefix) + _WITH_NAME)
    first = blank.start() if blank is not None else len(text)
    found = [*forms(text), *by_words(text, 0, first), *by_words(text, len(prefix), len(text))]
    return [
        Secret(kind, max(start - len(prefix), 0), end - len(prefix))
        for kind, start, end in _apart(found)
        if end > len(prefix)
    ]


def redact_pair(name: str, value: str) -> str:
    """Return the value of a variable or a label without what is secret in it."""
    return replaced(value[:MOST], in_pair(name, value))


def replaced(text: str, secrets: Iterable[Secret], *, lines: bool = False) -> str:
    """Return a text with some of its parts taken out; with ``lines`` there are as many lines as before."""
    parts: list[str] = []
    at = 0
    for secret in secrets:
        parts += (text[at : secret.start], REDACTED)
        if lines:
            parts.append(("\n" + REDACTED) * text.count("\n", secret.start, secret.end))
        at = secret.end
    return "".join(parts) + text[at:]


# -- instructions ------------------------------------------------------------------------------------------------


def _in_instruction(text: str) -> list[Secret]:
    """Find secrets in an instruction, as it stands in a Dockerfile or as a builder writes it down."""
    start, end = 0, len(text)
    nop = compiled(_NOP).match(text)
    if nop is not None:
        start = nop.end()
    buildkit = compiled(_BUILDKIT).search(text, max(0, end - 40))
    if buildkit is not None:
        end = buildkit.start()
    found = list(forms(text))
    onbuild = compiled(_ONBUILD).match(text, start)
    pairs = compiled(_PAIRS).match(text, onbuild.end() if onbuild is not None else start)
    if pairs is not None:
        found += in_pairs(text, pairs.end(), end)
    arguments, start = _arguments(text, start)
    found += [secret for secret in arguments if _named(text, secret)]
    return found + by_words(text, start, end)


def _arguments(text: str, start: int = 0) -> tuple[list[Secret], int]:
    """Return the build arguments that stand before a command, and where that begins."""
    match = compiled(_ARGUMENTS).match(text, start)
    if match is None:
        return [], start
    return build_arguments(text, match.end(), int(match[1]), len(text))


def _named(text: str, secret: Secret) -> bool:
    from .names import names_secret, plausible

    value = text[secret.start : min(secret.end, secret.start + 600)]
    return names_secret(secret.kind, value) and plausible(value)


# -- lists -------------------------------------------------------------------------------------------------------


def _joined(words: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    spans: list[tuple[int, int]] = []
    at = 0
    for word in words:
        spans.append((at, at + len(word[:MOST])))
        at += len(word[:MOST]) + 1
    return "\0".join(word[:MOST] for word in words), spans


def _in_arguments(text: str, spans: list[tuple[int, int]]) -> list[Secret]:
    found = in_arguments(text, spans)
    for start, end in spans:
        found += forms(text, start, end)
    return found


def _by_word(secret: Secret, spans: list[tuple[int, int]]) -> Iterable[tuple[int, Secret]]:
    from bisect import bisect_right

    number = bisect_right(spans, (secret.start, 1 << 62)) - 1
    while number < len(spans) and spans[number][0] < secret.end:
        start, end = spans[number]
        first, last = max(secret.start, start), min(secret.end, end)
        if first < last:
            yield number, Secret(secret.kind, first - start, last - start)
        number += 1


def _apart(found: list[Secret]) -> list[Secret]:
    """Put secrets in order; of those that lie in one another, or overlap, make one."""
    found.sort(key=lambda secret: (secret.start, -secret.end))
    kept: list[Secret] = []
    for secret in found:
        if not kept or secret.start >= kept[-1].end:
            kept.append(secret)
        elif secret.end > kept[-1].end:
            kept[-1] = kept[-1]._replace(end=secret.end)
    return kept
