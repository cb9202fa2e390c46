"""Finds secrets in what programs are told on a command line: ``gsub(/PASSWORD/, "X")``, ``'password=%s' % 'X'``."""

from __future__ import annotations

from collections.abc import Iterator

from .names import compiled, looks_random, looks_typed, names_secret, plausible
from .replaced import is_placeholder_for
from .tokens import Secret

_MARK = r"\\{0,7}+[\"']"
_TEXT = rf"{_MARK}[^\"'\\\n]{{0,256}}+{_MARK}"
_ARGUMENT = rf"(?:{_TEXT}|[\w$.\[\]()]{{1,60}}+)\s{{0,4}}+"
# What takes a text's place, the text being a pattern or in quotes that name it.
_SUBSTITUTED = (
    rf"(?i)(?:sub|replace(?:all)?)\s{{0,4}}+\(\s{{0,4}}+(?:/([^/\s]{{3,80}}+)/[gimsu]{{0,4}}+|{_MARK}([^\"'\\\s]{{3,80}}+){_MARK})"
    rf"\s{{0,4}}+,\s{{0,4}}+{_MARK}([^\"'\\\n]{{4,512}}+){_MARK}"
)
# Python's two ways to put values into a text.
_FORMAT = (
    rf"{_MARK}([^\"'\n]{{1,512}}+)[\"']\s{{0,4}}+(?:%|\.format\s{{0,4}}+\()\s{{0,4}}+\(?\s{{0,4}}+"
    rf"((?:{_ARGUMENT},\s{{0,4}}+){{0,8}}+{_ARGUMENT})"
)
_PLACE = r"%[-+0-9.]{0,8}[sdrq]|\{[\w.!:]{0,40}\}"
_NAME = r"([A-Za-z_][\w.\-]{0,80}+)[\"'\\]{0,4}+\s{0,4}+(?:=>|:=|=|:)\s{0,4}+[\"'\\]{0,4}+$"
_GIVEN = rf"({_TEXT})|,|[^\"',]++|[\"']"
# Functions whose third argument is a password, after a place and a user.
_THIRD = (
    rf"(?i)\b(?:pdo|mysqli|mysqli_connect|mysqli_real_connect|mysql_connect|pg_connect|ftp_login|ldap_bind|oci_connect"
    rf"|ssh2_auth_password|keyring\.set_password|imap_open)\s{{0,4}}+\(\s{{0,4}}+{_ARGUMENT},\s{{0,4}}+{_ARGUMENT},\s{{0,4}}+"
    rf"{_MARK}([^\"'\\\n]{{4,256}}+){_MARK}"
)
_LOGIN = rf"(?i)\blogin\s{{0,4}}+\(\s{{0,4}}+({_TEXT}\s{{0,4}}+,\s{{0,4}}+)?{_MARK}([^\"'\\\n]{{4,256}}+){_MARK}"
# {default_pass, <<"X">>}: Erlang's terms.
_ERLANG = rf"\{{\s{{0,4}}+([a-z]\w{{1,60}}+)\s{{0,4}}+,\s{{0,4}}+<<{_MARK}([^\"'\\\n]{{4,256}}+){_MARK}>>"


def in_code(text: str, start: int, end: int, low: str) -> Iterator[Secret]:
    """Yield the secrets in calls and formats of programs; ``low`` is the part of the text in small letters."""
    if "sub" in low or "replace" in low:
        for match in compiled(_SUBSTITUTED).finditer(text, start, end):
            found = match[1] or match[2]
            if is_placeholder_for(found, match[3]) and plausible(match[3]):
                yield Secret(found.strip("@_{}<>^$"), match.start(3), match.end(3))
    if "%" in low or ".format" in low:
        for match in compiled(_FORMAT).finditer(text, start, end):
            yield from _formatted(text, match.span(1), match.span(2))
    if "(" in low:
        for match in compiled(_THIRD).finditer(text, start, end):
            if plausible(match[1]):
                yield Secret("password", match.start(1), match.end(1))
    for match in compiled(_LOGIN).finditer(text, start, end) if "login" in low else ():
        value = match[2]
        if plausible(value) and (looks_typed(value) if match[1] else looks_random(value) and not value.islower()):
            yield Secret("password", match.start(2), match.end(2))
    for match in compiled(_ERLANG).finditer(text, start, end) if "<<" in low else ():
        if names_secret(match[1], match[2]) and plausible(match[2]):
            yield Secret(match[1], match.start(2), match.end(2))


def _formatted(text: str, format_: tuple[int, int], arguments: tuple[int, int]) -> Iterator[Secret]:
    """Yield the arguments that a format gives the name of a secret."""
    names = []
    for match in compiled(_PLACE).finditer(text, *format_):
        before = compiled(_NAME).search(text, max(format_[0], match.start() - 120), match.start())
        names.append(before[1] if before is not None else "")
    at = 0
    for match in compiled(_GIVEN).finditer(text, *arguments):
        if match[0] == ",":
            at += 1
        elif match[1] and at < len(names) and names[at]:
            value = match[1].strip("\\\"'")
            first = match.start(1) + match[1].index(value)
            if names_secret(names[at], value) and plausible(value):
                yield Secret(names[at], first, first + len(value))
