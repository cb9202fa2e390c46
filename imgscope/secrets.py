"""Finds what looks like a secret in a config's texts, and takes its value out.

A value counts by the name that it is given to (``NPM_TOKEN=…``), or by its own form (an access key of a cloud, a
token with its issuer's prefix, a login in a URL, a private key). References to variables and files are no values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .settings import mapping, settings, strings

REDACTED = "***"

_NAMES = (
    r"PASS(?:WORD|WD|PHRASE)?|SECRET|TOKEN|API_?KEY|APIKEY|ACCESS_?KEY|PRIVATE_?KEY|SECRET_?KEY|CREDENTIALS?|AUTH_?KEY"
    r"|ENCRYPTION_?KEY|SIGNING_?KEY|CLIENT_?SECRET|CONNECTION_?STRING|DSN"
)
# NAME=VALUE, NAME: VALUE, or ENV NAME VALUE; quoted or not. The name may say more before, and little after.
_ASSIGNED = re.compile(
    rf"(?<![A-Za-z0-9_])(?P<name>[A-Za-z0-9_.-]{{0,80}}(?:{_NAMES})(?:_?(?:ID|1|2|PROD|DEV|VALUE|BASE64))?)"
    r"(?P<sign>\s?=\s?|\s?:\s|\s(?=[^\s=&|;]+$))"
    r"(?P<quote>\\?[\"']?)(?P<value>[^\s\"'&|;<>]{4,})",
    re.IGNORECASE,
)
_OPTION = re.compile(
    r"(?:--(?:password|passwd|token|secret|api-key|auth-token)[= ]|(?<=curl )-u |(?<= )-u )(?P<value>[^\s\"'&|;]{4,})"
)
_FORMS = (
    ("AWS access key", re.compile(r"\b(?:AKIA|ASIA|AROA)[0-9A-Z]{16}\b")),
    ("GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{50,255})")),
    ("GitLab token", re.compile(r"\bgl(?:pat|dt|rt|cbt|ptt)-[A-Za-z0-9_-]{18,}")),
    ("Slack token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}")),
    ("npm token", re.compile(r"\bnpm_[A-Za-z0-9]{30,}")),
    ("PyPI token", re.compile(r"\bpypi-[A-Za-z0-9_-]{16,}")),
    ("Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    ("Stripe key", re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}")),
    ("OpenAI key", re.compile(r"\bsk-[A-Za-z0-9_-]{20,}")),
    ("JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*")),
    ("authorization header", re.compile(r"(?i)authorization:\s*(?:basic|bearer|token)\s+(?P<value>[^\s\"'\\]{6,})")),
    ("login in a URL", re.compile(r"[a-z][a-z0-9+.-]*://(?P<value>[^\s/:@\"'$]*:[^\s/@\"']+|[^\s/:@\"'$]{20,})@")),
    ("private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.|\n)*?(?:-----END [A-Z ]*-----|\Z)")),
)
# What stands where a secret would, and is none: a variable, a file, a word that says so.
_NO_VALUE = re.compile(
    r"^(?:\$|%|/|\.{1,2}/|~/|\{\{|<|true$|false$|yes$|no$|none$|null$|[0-9]{1,4}$|x{4,}$|\*+$|file:|@)", re.IGNORECASE
)
_NO_NAME = re.compile(r"(?:_FILE|_PATH|_DIR|_URL|_URI|_SHA256|_HOME|_SIZE|_TYPE|_LENGTH|_EXPIR[A-Z]*|AUTH_SOCK)$", re.I)
# Longer texts than any instruction is are cut: an image may hold anything.
_MOST = 1 << 20


class Secret(NamedTuple):
    """Something secret in a text: what it is (``NPM_TOKEN``, ``GitHub token``), and where its value stands."""

    kind: str
    start: int
    end: int


def find(text: str) -> list[Secret]:
    """Return the secrets in a text, in order, none within another."""
    text = text[:_MOST]
    found: list[Secret] = []
    for kind, form in _FORMS:
        for match in form.finditer(text):
            group = "value" if "value" in form.groupindex else 0
            if not _NO_VALUE.match(match[group]):
                found.append(Secret(kind, match.start(group), match.end(group)))
    found += [
        Secret(match["name"].lstrip(".-"), match.start("value"), match.end("value"))
        for match in _ASSIGNED.finditer(text)
        if not _NO_NAME.search(match["name"]) and not _NO_VALUE.match(match["value"])
    ]
    found += [
        Secret("password or token option", match.start("value"), match.end("value"))
        for match in _OPTION.finditer(text)
        if not _NO_VALUE.match(match["value"])
    ]
    found.sort(key=lambda secret: (secret.start, -secret.end))
    kept: list[Secret] = []
    for secret in found:
        if not kept or secret.start >= kept[-1].end:
            kept.append(secret)
        elif secret.end > kept[-1].end:
            kept[-1] = kept[-1]._replace(end=secret.end)
    return kept


def redact(text: str) -> str:
    """Return a text with the values of its secrets taken out, and what is too long to be looked at cut off."""
    parts: list[str] = []
    at = 0
    for secret in find(text):
        parts += (text[at : secret.start], REDACTED)
        at = secret.end
    return "".join(parts) + text[at:_MOST]


def texts(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the texts of an image config that may hold secrets, each with where it stands."""
    inner = settings(config)
    variables = inner.get("Env")
    for variable in strings(variables) if isinstance(variables, list) else []:
        yield "ENV", variable
    for name, value in mapping(inner.get("Labels")).items():
        if isinstance(value, str):
            yield "LABEL", f"{name}={value}"
    for key in ("Cmd", "Entrypoint"):
        words = inner.get(key)
        if isinstance(words, list):
            yield key.upper(), " ".join(strings(words))
    history = config.get("history")
    for step in history if isinstance(history, list) else []:
        if isinstance(step, Mapping):
            for key in ("created_by", "comment"):
                text = step.get(key)
                if isinstance(text, str):
                    yield "history", text


def in_config(config: Mapping[str, Any]) -> bool:
    """Tell whether an image config holds anything that looks like a secret."""
    return any(find(text) for _, text in texts(config))
