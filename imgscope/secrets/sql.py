"""Finds passwords in statements of SQL: values of columns that are called so, and what a user is given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .names import compiled, names_secret, plausible
from .tokens import Secret

_TABLE = r"[\w.`\"\[\]\\$]{1,160}+"
_INSERT = (
    rf"(?i)\binto\s{{1,8}}+{_TABLE}\s{{0,8}}+\(([^()]{{1,4096}}+)\)\s{{0,8}}+(?:overriding\s\w{{1,10}}\svalue\s{{1,8}}+)?"
    r"values?\s{0,8}+(?=\()"
)
_SET = r"(?i)\bset\s{1,8}+password\s{1,8}+for\s{1,8}+[^\s=]{1,160}+\s{0,8}+=\s{0,8}+(\\{0,7}+[\"'])"
_MARKS = r"(\\{0,7}+[\"'])|([(),;])"
# Of one value, and of all that one statement is given, so much is looked at.
_MOST_VALUE, _MOST = 4096, 1 << 16


def statements(text: str, start: int, end: int, low: str) -> Iterator[Secret]:
    """Yield the passwords in statements; ``low`` is the part of the text in small letters."""
    if "into" in low and "values" in low:
        at = start
        while (match := compiled(_INSERT).search(text, at, end)) is not None:
            columns = [column.strip(" \t\r\n\\`\"'[]") for column in match[1].split(",")]
            if any(names_secret(column, "aA1bB2cC3dD4eE5f") for column in columns):
                found, at = _rows(text, match.end(), min(end, match.end() + _MOST), columns)
                yield from found
            else:
                at = match.end()
    if "password" in low and "for" in low:
        for match in compiled(_SET).finditer(text, start, end):
            close = _close(text, match.end(), end, match[1])
            if close >= 0 and plausible(text[match.end() : close]):
                yield Secret("password", match.end(), close)


def _rows(text: str, start: int, end: int, columns: list[str]) -> tuple[list[Secret], int]:
    """Return what is secret in ``('me', 'X'), (…)``, and where it ends: of each column the first text counts."""
    found: list[Secret] = []
    at, depth, column, said = start, 0, 0, False
    while (match := compiled(_MARKS).search(text, at, end)) is not None:
        at = match.end()
        sign = match[2]
        if sign is None:
            close = _close(text, at, end, match[1])
            if close < 0 or depth == 0:
                break
            value = text[at:close]
            if not said and column < len(columns) and names_secret(columns[column], value) and plausible(value):
                found.append(Secret(columns[column], at, close))
            said, at = True, close + len(match[1])
        elif sign == "(":
            depth += 1
            if depth == 1:
                column, said = 0, False
        elif sign == ")":
            depth -= 1
        elif sign == "," and depth == 1:
            column, said = column + 1, False
        if depth < 0 or sign == ";" or (depth == 0 and sign == ")" and not re.match(r"\s{0,40}+,", text[at : at + 48])):
            break
    return found, at


def _close(text: str, start: int, end: int, mark: str) -> int:
    return text.find(mark, start, min(end, start + _MOST_VALUE))
