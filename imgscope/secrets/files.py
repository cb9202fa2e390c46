"""Finds secrets in the contents of files: settings, scripts, source code. What they are, never their values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from . import find
from .forms import shapes
from .manifests import KIND as MANIFEST
from .names import compiled, looks_chosen, looks_random, names_secret, plausible
from .tokens import Secret, tokens

# Of a file so much is looked at.
_MOST = 1 << 20
_LINE = 4096
_HERE = 1 << 16
_HOSTS = (
    r"(?:[\w.-]*\.)?(?:example\.(?:com|org|net)|localhost|invalid|test|host|hostname)"
    r"|127\.0\.0\.1|0\.0\.0\.0|db|\[::1\]"
)
# NAME = value in the ways that settings and programs have: export, const, define, "name": and its likes.
_ASSIGNMENT = (
    r"[ \t]{0,64}+(?:-[ \t]{1,8}+)?(?:(?:export|set|const|let|var|final|static|public|private|setenv|ENV|ARG"
    r"|declare|readonly|String|string|Environment)[ \t]{1,8}+){0,4}(?:Environment=)?[\"']?\$?(?:env:)?"
    r"([A-Za-z_][\w.\-]{0,100}+)[\"']?\]?[ \t]{0,64}+(:=|=>|=|:)[ \t]{0,64}+(?P<quote>[\"']?)(.*)"
)
_CODE = r"[\w.]{1,80}+[(\[]|.*(?:\)|\bif\b|\bor\b|\|\||&&|=>)"


def plausible_values(pattern: bytes, data: bytes, *, random: bool = False) -> bool:
    """Tell whether what the groups of a pattern find in a content can be a secret."""
    for match in compiled(pattern).finditer(data[:_MOST]):
        value = next((group for group in match.groups() if group is not None), b"").decode("utf-8", "replace")
        if (value.startswith("$") and value.count("$") >= 2 and len(value) > 20) or (
            plausible(value) and (not random or looks_random(value))
        ):
            return True
    return False


def in_settings(data: bytes) -> bool:
    """Tell whether a file of settings assigns a password, key or token: every value but a placeholder counts."""
    text = data[:_MOST].decode("utf-8", "replace")
    told, shaped = list(tokens(text)), list(shapes(text))
    assigned = _assigned(text, [*told, *shaped], settings=True, known=True)
    return bool(told) or any(True for _ in assigned) or any(True for _ in _by_shape(text, shaped))


def in_history(data: bytes) -> str | None:
    """Return what is secret in a script, or in what somebody typed."""
    text = data[:_MOST].decode("utf-8", "replace")
    secret = next(tokens(text), None) or next(_by_shape(text, shapes(text)), None)
    if secret is not None:
        return secret.kind
    for line in _joined_lines(text):
        for found in find(line):
            value = line[found.start : found.end]
            if found.kind != "login in a URL" and (looks_random(value) or looks_chosen(value)):
                return f"{found.kind} in a script"
    # What is fed to a command stands on lines of its own.
    for found in find(text[:_HERE]) if "<<" in text else ():
        if found.kind == "password on standard input" and looks_chosen(text[found.start : found.end]):
            return f"{found.kind} in a script"
    return None


def in_source(data: bytes, *, settings: bool) -> str | None:
    """Return what is secret in a text: tokens by their form, and names with values that look like secrets.

    In ``settings`` a value that somebody thought up counts as well; in programs only one that a machine made.
    """
    text = data[:_MOST].decode("utf-8", "replace")
    token = next(tokens(text), None)
    if token is not None:
        return token.kind
    shaped = list(shapes(text))
    secret = next(_by_shape(text, shaped), None)
    if secret is not None:
        return secret.kind
    return next(_assigned(text, shaped, settings=settings, known=False), None)


def _by_shape(text: str, shaped: Iterable[Secret]) -> Iterator[Secret]:
    """Yield what of the shapes in a text is secret by itself wherever it stands."""
    for secret in shaped:
        value = text[secret.start : secret.end]
        if secret.kind == "private key" and secret.end - secret.start > 100:
            yield secret
        elif secret.kind == "login in a URL":
            host = text[secret.end + 1 : secret.end + 200]
            if compiled(_HOSTS).match(host) is None and len(value) >= 6:
                yield secret
        elif (secret.kind == "authorization header" and looks_random(value)) or (
            secret.kind == MANIFEST and (looks_random(value) or looks_chosen(value) or value.endswith("="))
        ):
            yield secret


def _assigned(text: str, shaped: Iterable[Secret], *, settings: bool, known: bool) -> Iterator[str]:
    """Yield the names that get a secret for a value: of what has a form, and line by line."""
    if settings:
        for secret in shaped:
            value = text[secret.start : secret.end]
            if names_secret(secret.kind, value) and _good(value, settings, known):
                yield secret.kind
    for line in text.split("\n"):
        match = compiled(_ASSIGNMENT).match(line[:_LINE])
        if match is None:
            continue
        name, quote, rest = match[1], match["quote"], match[4]
        value = rest.partition(quote)[0] if quote else re.split(r"[\s,;]#?", rest, maxsplit=1)[0]
        if not quote and not settings:
            continue
        if not quote and compiled(_CODE).match(rest):
            continue
        if names_secret(name, value) and plausible(value) and _good(value, settings, known):
            yield name
        elif settings and ("Key=" in value or "assword=" in value or "wd=" in value.lower()):
            for found in find(value):
                if _good(value[found.start : found.end], settings, known):
                    yield found.kind


def _good(value: str, settings: bool, known: bool) -> bool:
    if known:
        return True
    return looks_random(value) or (settings and looks_chosen(value))


def _joined_lines(text: str) -> Iterator[str]:
    """Yield lines with those that continue them; none longer than what is worth a look."""
    pending = ""
    for line in text.split("\n"):
        if line.endswith("\\") and len(pending) < _LINE:
            pending += line[:_LINE]
            pending = pending[:-1] + " "
            continue
        yield (pending + line)[: 4 * _LINE]
        pending = ""
    if pending:
        yield pending[: 4 * _LINE]
