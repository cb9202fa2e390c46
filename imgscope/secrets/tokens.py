"""Finds tokens by what their issuers begin them with (``ghp_``, ``AKIA``), and JSON web tokens.

Most texts hold none of a hundred beginnings, and images hold thousands of texts: what is looked through is only where
signs of tokens stand side by side for long enough. The time grows with the text and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from .names import compiled, is_placeholder, looks_random


class Secret(NamedTuple):
    """Something secret in a text: what it is (``NPM_TOKEN``, ``GitHub token``), and where its value stands."""

    kind: str
    start: int
    end: int


_BODY = r"[A-Za-z0-9_-]"
# (what it is, how it begins, what follows, whether that has to look random)
_TOKENS: tuple[tuple[str, tuple[str, ...], str, bool], ...] = (
    ("AWS access key", ("AKIA", "ASIA", "AROA", "ABIA", "ACCA"), r"[0-9A-Z]{16}(?![0-9A-Za-z])", False),
    ("GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"[A-Za-z0-9]{30,255}+", False),
    ("GitHub token", ("github_pat_",), r"[A-Za-z0-9_]{50,255}+", False),
    (
        "GitLab token",
        tuple(f"gl{word}-" for word in ("pat", "dt", "rt", "cbt", "ptt", "ft", "soat", "agent", "oas", "imt", "ffct")),
        _BODY + "{18,255}+",
        False,
    ),
    ("Slack token", (*(f"xox{char}-" for char in "abeoprsc"), "xapp-"), r"[A-Za-z0-9-]{10,255}+", False),
    ("Slack webhook", ("hooks.slack.com/services/", "hooks.slack.com/workflows/"), r"[A-Za-z0-9/_+]{20,200}+", False),
    (
        "Discord webhook",
        ("discord.com/api/webhooks/", "discordapp.com/api/webhooks/"),
        r"[0-9]{5,25}/[A-Za-z0-9_-]{30,200}+",
        False,
    ),
    ("npm token", ("npm_",), r"[A-Za-z0-9]{30,255}+", False),
    ("PyPI token", ("pypi-",), _BODY + "{16,512}+", True),
    ("RubyGems token", ("rubygems_",), r"[0-9a-f]{32,128}+", False),
    ("Google API key", ("AIza",), _BODY + "{35}", False),
    ("Google token", ("ya29.",), _BODY + "{20,512}+", False),
    ("Google client secret", ("GOCSPX-",), _BODY + "{20,64}+", False),
    (
        "Stripe key",
        ("sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"),
        r"[A-Za-z0-9]{16,255}+",
        False,
    ),
    ("OpenAI key", ("sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"), _BODY + "{20,255}+", True),
    ("Anthropic key", ("sk-ant-",), _BODY + "{20,255}+", False),
    ("OpenAI key", ("sk-",), r"(?!ant-)" + _BODY + "{20,255}+", True),
    ("Hugging Face token", ("hf_",), r"[A-Za-z0-9]{30,64}+", False),
    ("Groq key", ("gsk_",), r"[A-Za-z0-9]{40,64}+", False),
    ("Replicate token", ("r8_",), r"[A-Za-z0-9]{30,64}+", False),
    ("Docker token", ("dckr_pat_", "dckr_oat_"), _BODY + "{20,64}+", False),
    ("DigitalOcean token", ("dop_v1_", "doo_v1_", "dor_v1_"), r"[0-9a-f]{40,128}+", False),
    ("Shopify token", ("shpat_", "shpss_", "shpca_", "shppa_"), r"[0-9a-fA-F]{24,64}+", False),
    ("SendGrid key", ("SG.",), r"[A-Za-z0-9_-]{16,64}+\.[A-Za-z0-9_-]{16,128}+", False),
    ("Brevo key", ("xkeysib-",), r"[0-9a-f]{40,128}+", False),
    ("Square token", ("sq0atp-", "sq0csp-", "EAAAE"), _BODY + "{20,128}+", True),
    ("Vault token", ("hvs.", "hvb.", "hvr."), _BODY + "{20,255}+", False),
    ("Terraform token", (".atlasv1.",), _BODY + "{40,128}+", False),
    ("Grafana token", ("glsa_", "glc_"), r"[A-Za-z0-9_+/=]{30,255}+", False),
    ("Postman key", ("PMAK-",), r"[0-9a-f-]{40,80}+", False),
    ("New Relic key", ("NRAK-", "NRRA-", "NRIQ-"), r"[A-Za-z0-9]{20,64}+", False),
    ("Linear key", ("lin_api_",), r"[A-Za-z0-9]{30,64}+", False),
    ("Databricks token", ("dapi",), r"[0-9a-f]{32}(?![0-9a-f])", False),
    ("Pulumi token", ("pul-",), r"[0-9a-f]{40}", False),
    ("Doppler token", ("dp.pt.", "dp.st.", "dp.ct.", "dp.sa."), r"[A-Za-z0-9_.]{40,80}+", False),
    ("Tailscale key", ("tskey-",), r"[a-z]{3,10}-[A-Za-z0-9-]{16,80}+", False),
    ("Sentry token", ("sntrys_", "sntryu_"), r"[A-Za-z0-9_+/=]{30,255}+", False),
    ("Atlassian token", ("ATATT3", "ATBB", "ATCTT3"), r"[A-Za-z0-9_=-]{28,255}+", False),
    ("CircleCI token", ("CCIPAT_", "CCIPRJ_"), r"[A-Za-z0-9_]{30,120}+", False),
    ("Fly token", ("FlyV1 ", "fm2_"), r"[A-Za-z0-9_+/=,]{40,512}+", False),
    ("age key", ("AGE-SECRET-KEY-1",), r"[0-9A-Z]{50,64}+", False),
    ("Mailgun key", ("key-",), r"[0-9a-f]{32}(?![0-9a-f])", False),
    ("Telegram token", (":AA",), _BODY + "{33}(?![A-Za-z0-9_-])", True),
    ("private key", ("LS0tLS1CRUdJTi",), r"[A-Za-z0-9+/=\s]{40,8192}+", False),
)
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_SEGMENTS = r"[A-Za-z0-9_.-]{24,}+"
# All that tokens are made of, and the fewest of these signs in a row that any token has with its beginning; of one, six
# stand before a blank.
_SIGNS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+/=,-"
_SHORTEST, _BEFORE = 14, 6
_MARKED = bytes.maketrans(bytes(range(256)), bytes(120 if sign in _SIGNS else 32 for sign in range(256)))
_SHORT_TEXT = 256


def tokens(text: str, start: int = 0, end: int | None = None) -> Iterator[Secret]:
    """Yield the tokens that their issuer's prefix tells, and JSON web tokens."""
    end = len(text) if end is None else end
    present = beginnings(text, start, end)
    for kind, begins, body, random in _TOKENS if present else ():
        for prefix in begins:
            if prefix in present:
                yield from _of_prefix(text, start, end, Secret(kind, 0, 0), prefix, body, random)
    if text.find("eyJ", start, end) >= 0:
        for match in compiled(_SEGMENTS).finditer(text, start, end):
            yield from _web_tokens(match[0], match.start())


def _of_prefix(
    text: str, start: int, end: int, secret: Secret, prefix: str, body: str, random: bool
) -> Iterator[Secret]:
    """Yield the tokens with one beginning."""
    at = text.find(prefix, start, end)
    while at >= 0:
        after = at + len(prefix)
        # What goes on within a word is none, and is not looked at: a text of beginnings would be gone over for each.
        inside = at > start and text[at - 1] in _WORD and prefix[0] in _WORD
        match = None if inside else compiled(body).match(text, after, end)
        if match is not None:
            first = max(start, at - 14) if prefix[0] == "." else at
            if not is_placeholder(text[at : match.end()]) and (not random or looks_random(match[0])):
                yield secret._replace(start=first, end=match.end())
            after = match.end()
        at = text.find(prefix, after, end)


def beginnings(text: str, start: int, end: int) -> frozenset[str] | set[str]:
    """Return the beginnings of tokens that a part of a text has, those at least that a token follows."""
    pattern, near = _search()
    if end - start <= _SHORT_TEXT:
        found = set(pattern.findall(text, start, end))
    else:
        found = set()
        for first, last in _runs(text, start, end):
            found.update(pattern.findall(text, first, last))
    return found.union(*(near[prefix] for prefix in found)) if found else frozenset()


def _runs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where signs of tokens stand in a row that is long enough for one, with what may stand before."""
    # One byte for each character: what is not ASCII is a question mark.
    marked = text[start:end].encode("ascii", "replace").translate(_MARKED) + b" "
    needle = b"x" * _SHORTEST
    at = marked.find(needle)
    while at >= 0:
        stop = marked.find(b" ", at + _SHORTEST)
        yield start + max(0, at - _BEFORE), start + stop
        at = marked.find(needle, stop)


@cache
def _search() -> tuple[re.Pattern[str], dict[str, frozenset[str]]]:
    """Return a pattern for all beginnings, and for each those that may begin within it, or go on after it."""
    begins = sorted({prefix for _, begins, _, _ in _TOKENS for prefix in begins})
    near = {
        one: frozenset(
            other
            for other in begins
            if any(other.startswith(one[at:]) or one.startswith(other, at) for at in range(len(one)))
        )
        for one in begins
    }
    return re.compile(_alternatives(begins)), near


def _alternatives(words: list[str]) -> str:
    """Write a pattern for one of some sorted words, the shortest first, that looks at each character once."""
    if words[0] == "":
        return ""
    groups: dict[str, list[str]] = {}
    for word in words:
        groups.setdefault(word[0], []).append(word[1:])
    written = [re.escape(first) + _alternatives(rest) for first, rest in groups.items()]
    return written[0] if len(written) == 1 else f"(?:{'|'.join(written)})"


def _web_tokens(run: str, at: int) -> Iterator[Secret]:
    """Find JSON web tokens in a run of the characters that they have: three pieces, the first two JSON in base64."""
    pieces = run.split(".")
    place = at
    for number, piece in enumerate(pieces[:-2]):
        begin = piece.find("eyJ")
        if begin >= 0 and len(piece) - begin >= 13 and len(pieces[number + 1]) >= 8:
            first, third = place + begin, pieces[number + 2]
            finish = place + len(piece) + 1 + len(pieces[number + 1]) + 1 + len(third)
            if pieces[number + 1].startswith("eyJ") and not is_placeholder(third) and third != "":
                yield Secret("JSON web token", first, finish)
        place += len(piece) + 1
