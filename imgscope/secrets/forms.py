"""Finds secrets by their own form, wherever in a text they stand: tokens with their issuer's prefix, logins in URLs,
signed queries, private keys, values in JSON and XML.

Every search begins at a literal piece of text (``ghp_``, ``://``), and what is compared there has a bounded length: the
time grows with the text and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from .code import in_code
from .manifests import secrets_of_manifests
from .names import compiled, default_of, looks_chosen, looks_random, names_secret, plausible, word_set
from .sql import statements
from .tokens import Secret, tokens

_SCHEMES = ("basic", "bearer", "token", "apikey", "digest")
_AUTHORITY = r"[^\s/?#\"'`<>|\\(){}]{1,1024}+"
# Passwords that should have been written as %2F and the like, and were not.
_ODD_LOGIN = r"[^\s/:@\"'$]{0,128}+:(?!\d{1,5}[/\"'\s])([^\s@\"']{4,256}+)@[A-Za-z0-9\[]"
# conda's channels: https://conda.example.net/t/TOKEN/channel.
_CONDA = r"[^\s/?#\"']{1,256}+/t/([A-Za-z0-9-]{12,128}+)/"
_QUERY = r"[?&;]([A-Za-z][\w.\-\[\]]{0,60}+)=([^\s&\"'#<>\\`,;)]{4,8192}+)"
_SIGNED = word_set(
    "sig signature x-amz-signature x-amz-security-token x-amz-credential x-goog-signature x-goog-credential key "
    "code auth access_token apikey api_key token private_token job_token sas jwt pass pwd pw auth_token "
    "awsaccesskeyid client_secret id_token refresh_token hmac hash"
)
_XML = r"<([A-Za-z][\w.:-]{0,79}+)>([^<>\n]{4,4096}+)</"
_ATTRIBUTE = r"(?<![\w.:\-])([A-Za-z][\w.:\-]{0,79}+)=\\?[\"']([^\"'<>\n\\]{4,4096}+)"
_XML_PAIR = (
    r"(?i)\b(?:key|name)\s{0,4}+=\s{0,4}+(\\?[\"'])([\w.:-]{1,80}+)\1\s{1,8}+value\s{0,4}+=\s{0,4}+(\\?[\"'])"
    r"([^\"'\\]{4,4096}+)"
)
# "name": "value" and 'name' => 'value', the quotes escaped or not.
_PAIR = r"([\"'])([\w.\-/:@ ]{1,120}?)(\\{0,7}+)\1\s{0,8}+(?::|=>|=|,)\s{0,8}+(\\{0,7}+[\"'])"
# name: DB_PASSWORD, value: …: how lists of variables are written.
_NAMED = (
    r"(?i)\b(?:name|key|field|variable)(\\{0,7}+[\"'])?\s{0,4}+[:=]\s{0,4}+(?:\\{0,7}+[\"'])?([\w.\-]{1,80}+)(?:\\{0,7}+[\"'])?"
    r"\s{0,4}+,?\s{0,40}+(?:\\{0,7}+[\"'])?(?:[\w\[\]]{1,40}+\.){0,6}+value(?:\\{0,7}+[\"'])?\s{0,4}+[:=]\s{0,4}+(?:\\{0,7}+[\"'])?([^\s\"'\\,}]{4,4096}+)"
)
_SETTERS = ("setenvironmentvariable", "setenv", "putenv", "setproperty")
# MySQL's SET PASSWORD = PASSWORD('value').
_SQL = r"(?i)(?:=|\busing\b)\s{0,4}+password\s{0,4}+\(\s{0,4}+(?:\\{0,7}+[\"'])([^\"'\\\s]{4,1024}+)"
_DEFINED = r"(?i)\bdefine\s{0,4}+\(\s{0,4}+([\"'])([\w.\-]{1,80}+)\1\s{0,4}+,\s{0,4}+([\"'])"
# What functions are given: a password as the first text, or as the last after a name.
_STRING = r"\\{0,7}+[\"'][^\"'\\\n]{0,128}+\\{0,7}+[\"']\s{0,4}+"
_CALLED = (
    r"(?i)(?:\b(?:b?crypt|hashpw|make_password|set_password|generate_password_hash|password_hash"
    r"|changepassword|hashsync|hash::make|passwd)\s{0,4}+\(\s{0,4}+b?"
    rf"|(?:networkcredential|pscredential|\.auth|\bauth\s{{0,4}}+=|changeuserpassword|create_(?:super)?user|createaccount|credentials)\s{{0,4}}+\(\s{{0,4}}+(?:{_STRING},\s{{0,4}}+\(?){{1,3}}+)"
    r"\\{0,7}+[\"']([^\"'\\\n]{4,256}+)\\{0,7}+[\"']"
)
_CALLS = ("crypt", "hash", "passw", "credential", "auth", "create")
_ORACLE_URL = r"(?i)jdbc:oracle:\w{1,10}:[^\s/@:\"']{1,64}+/([^\s@\"']{4,128}+)@"
# What a shell takes where a variable is not set.
_DEFAULT = r"\$\{(\w{1,80}+):?[-=]([^\s{}$\"'`]{4,512}+)\}"
# A user in a list of Redis: user me on >X ~* +@all.
_ACL = r"(?i)\buser\s{1,4}+[\w.-]{1,64}+\s{1,4}+(?:on|off)\s{1,4}+>([^\s\"'>&]{4,256}+)\s{1,4}+(?:[~+%&]|all|reset)"
_KEY_BEGINS = r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
_KEY_BODY = r"(?:[A-Za-z0-9+/=:,. \t\r\n-]|\\[nrt\\])*+"
_HASH = (
    r"\\?\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|sha1|argon2(?:id|i|d))\\?\$(?:[./A-Za-z0-9=,\\+]{1,200}+\\?\$){0,4}"
    r"[./A-Za-z0-9+=]{20,200}+"
)
_BASIC = r"(?i)\b(basic|bearer|token|apikey|digest)\s{1,4}+([A-Za-z0-9+/=_.~-]{8,4096}+)"


def forms(text: str, start: int = 0, end: int | None = None) -> Iterator[Secret]:
    """Yield what has the form of a secret in a part of a text, in no order; one may lie within another."""
    yield from tokens(text, start, end)
    yield from shapes(text, start, end)


def shapes(text: str, start: int = 0, end: int | None = None) -> Iterator[Secret]:
    """Yield what has another form of a secret than a token: logins, keys, hashes, named values."""
    end = len(text) if end is None else end
    yield from _logins(text, start, end)
    yield from _private_keys(text, start, end)
    if text.find("$", start, end) >= 0:
        for match in compiled(_HASH).finditer(text, start, end):
            yield Secret("password hash", match.start(), match.end())
    low = text[start:end].lower()
    for match in compiled(_QUERY).finditer(text, start, end) if "=" in low else ():
        name = match[1]
        known = name.lower() in _SIGNED and len(match[2]) >= 8
        if (known or names_secret(name, match[2])) and plausible(match[2]):
            yield Secret(name, match.start(2), match.end(2))
    yield from secrets_of_manifests(text, start, end)
    yield from _markup(text, start, end, low)
    if "into" in low or "password" in low:
        yield from statements(text, start, end, low)
    for match in compiled(_DEFAULT).finditer(text, start, end) if "${" in low else ():
        if names_secret(match[1], match[2]) and plausible(match[2]):
            yield Secret(match[1], match.start(2), match.end(2))
    for match in compiled(_ACL).finditer(text, start, end) if ">" in low and "user" in low else ():
        if plausible(match[1]):
            yield Secret("password", match.start(1), match.end(1))
    yield from in_code(text, start, end, low)
    yield from _pairs(text, start, end, low)
    for match in compiled(_BASIC).finditer(text, start, end) if any(map(low.__contains__, _SCHEMES)) else ():
        value = match[2]
        known = _is_login(value) if match[1].lower() == "basic" else looks_random(value) and len(value) >= 16
        if known and plausible(value):
            yield Secret("authorization header", match.start(2), match.end(2))


def _logins(text: str, start: int, end: int) -> Iterator[Secret]:
    """Find logins in URLs: what stands between ``://`` and ``@``."""
    at = text.find("://", start, end)
    while at >= 0:
        after = at + 3
        match = compiled(_AUTHORITY).match(text, after, end)
        login = match[0].rpartition("@")[0] if match is not None else ""
        if login:
            name, colon, password = login.partition(":")
            if colon:
                first = after + len(name) + 1
                if plausible(password):
                    yield Secret("login in a URL", first, after + len(login))
                elif (inner := default_of(password)) is not None:
                    yield Secret("login in a URL", first + inner[0], first + inner[1])
                # GitHub takes a token for the name where the password is this.
                swapped = password in ("x-oauth-basic", "x-access-token") and plausible(name)
                if swapped or _is_token(name):
                    yield Secret("login in a URL", after, after + len(name))
            elif plausible(name) and (len(name) >= 20 or _is_token(name)):
                yield Secret("login in a URL", after, after + len(name))
        elif (path := compiled(_CONDA).match(text, after, end)) is not None and looks_random(path[1]):
            yield Secret("token in a URL", path.start(1), path.end(1))
        else:
            odd = compiled(_ODD_LOGIN).match(text, after, end)
            if odd is not None and plausible(odd[1]):
                yield Secret("login in a URL", odd.start(1), odd.end(1))
        at = text.find("://", after, end)


def _is_token(name: str) -> bool:
    """Tell whether what stands for a name in a URL is a token: nobody is called like that."""
    if len(name) >= 16:
        return looks_random(name)
    runs = len(re.findall(r"\d{1,16}+", name))
    mixed = name.isalnum() and not name.islower() and not name.isupper()
    return len(name) >= 8 and name.isalnum() and (runs >= 3 or (runs == 2 and mixed))


def _private_keys(text: str, start: int, end: int) -> Iterator[Secret]:
    finish = start
    if text.find("-----BEGIN", start, end) < 0:
        return
    for match in compiled(_KEY_BEGINS).finditer(text, start, end):
        if match.start() < finish:
            continue
        close = text.find("-----END", match.end(), min(end, match.end() + (1 << 16)))
        if close >= 0:
            stop = text.find("-----", close + 8, close + 80)
            finish = min(end, stop + 5) if stop >= 0 else min(end, close + 8)
        else:
            body = compiled(_KEY_BODY).match(text, match.end(), end)
            finish = body.end() if body is not None else match.end()
            if finish - match.end() < 40:
                continue
        yield Secret("private key", match.start(), finish)


def _markup(text: str, start: int, end: int, low: str) -> Iterator[Secret]:
    if text.find("</", start, end) >= 0:
        for match in compiled(_XML).finditer(text, start, end):
            if names_secret(match[1], match[2]) and plausible(match[2]):
                yield Secret(match[1], match.start(2), match.end(2))
    for match in compiled(_ATTRIBUTE).finditer(text, start, end) if "</" in low or "/>" in low else ():
        if names_secret(match[1], match[2]) and plausible(match[2]):
            yield Secret(match[1], match.start(2), match.end(2))
    for match in compiled(_XML_PAIR).finditer(text, start, end) if "value" in low and "=" in low else ():
        if names_secret(match[2], match[4]) and plausible(match[4]):
            yield Secret(match[2], match.start(4), match.end(4))


def _pairs(text: str, start: int, end: int, low: str) -> Iterator[Secret]:
    """Find quoted names with quoted values: JSON, and the mappings of most languages."""
    at = start
    quoted = '"' in low or "'" in low
    while quoted and (match := compiled(_PAIR).search(text, at, end)) is not None:
        at = match.end(2)
        listed = match[0][match.end(2) - match.start() :].lstrip("\\\"' ")[:1] == ","
        if listed and not match[2].lstrip("-").isidentifier():
            continue
        name = match[2].strip().rpartition("/")[2].rpartition(":")[2] or match[2]
        close = text.find(match[4], match.end(), min(end, match.end() + 8192))
        finish = close if close >= 0 else min(end, match.end() + 8192)
        value = text[match.end() : finish]
        if match[2].lower() in ("auth", "_auth", "identitytoken"):
            good = len(value) >= 8 and plausible(value)
        else:
            set_by = text[max(start, match.start() - 32) : match.start()].lower()
            sure = not listed or looks_random(value) or set_by.rstrip("( ").endswith(_SETTERS)
            good = (
                (sure or (set_by.rstrip("( ").endswith("replace") and looks_chosen(value)))
                and names_secret(name, value)
                and plausible(value)
            )
        if good and close >= 0:
            yield Secret(name, match.end(), finish)
            at = finish
    for match in compiled(_NAMED).finditer(text, start, end) if "value" in low else ():
        if names_secret(match[2], match[3]) and plausible(match[3]):
            yield Secret(match[2], match.start(3), match.end(3))
    for match in compiled(_SQL).finditer(text, start, end) if "password" in low else ():
        if plausible(match[1]):
            yield Secret("password", match.start(1), match.end(1))
    for match in compiled(_CALLED).finditer(text, start, end) if any(map(low.__contains__, _CALLS)) else ():
        if plausible(match[1]):
            yield Secret("password", match.start(1), match.end(1))
    for match in compiled(_ORACLE_URL).finditer(text, start, end) if "jdbc:oracle" in low else ():
        if plausible(match[1]):
            yield Secret("password", match.start(1), match.end(1))
    for match in compiled(_DEFINED).finditer(text, start, end) if "define" in low else ():
        close = text.find(match[3], match.end(), min(end, match.end() + 1024))
        value = text[match.end() : close] if close >= 0 else ""
        if names_secret(match[2], value) and plausible(value):
            yield Secret(match[2], match.end(), close)


def _is_login(value: str) -> bool:
    """Tell whether base64 text is a name and a password."""
    try:
        return b":" in base64.b64decode(value[:1024] + "=" * (-len(value[:1024]) % 4))
    except (binascii.Error, ValueError):
        return False
