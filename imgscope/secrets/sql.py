"""Finds passwords in statements of SQL: values of columns that are called so, and what a user is given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .names import compiled, looks_chosen, names_secret, plausible, word_set, words_of
from .tokens import Secret

_TABLE = r"[\w.`\"\[\]\\$]{1,160}+"
_INSERT = (
    rf"(?i)\binto\s{{1,8}}+{_TABLE}\s{{0,8}}+\(([^()]{{1,4096}}+)\)\s{{0,8}}+(?:overriding\s\w{{1,10}}\svalue\s{{1,8}}+)?"
    r"values?\s{0,8}+(?=\()"
)
# Rows without the names of their columns, in a table of people or of what they log in with.
_UNNAMED = rf"(?i)\binto\s{{1,8}}+({_TABLE})\s{{0,8}}+values?\s{{0,8}}+(?=\()"
_TABLES = word_set(
    "user users account accounts login logins credential credentials member members admin admins administrators "
    "password passwords passwd secret secrets token tokens apikey apikeys userlogin logon logons"
)
# What else has letters and digits: addresses, dates, paths, identifiers, names with a number.
_ELSE = (
    r"(?i)[\w.+-]{1,64}+@[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}|\d{4}-\d\d.*|[~/].*|[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}"
    r"|[0-9a-f:.]*:[0-9a-f:.]*|.*://.*|\+?[\d() .-]*|[\w.-]*\.(?:png|jpe?g|svg|gif)|\$.*"
)
_NUMBERED = r"[A-Za-z]{1,40}+[._-]?\d{1,4}+"
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
        at = start
        while (match := compiled(_UNNAMED).search(text, at, end)) is not None:
            at = match.end()
            table = words_of(match[1].strip('`"[]\\').rpartition(".")[2])
            if table and table[-1] in _TABLES:
                rows, at = _texts(text, at, min(end, at + _MOST))
                yield from _unnamed(text, rows)
    if "password" in low and "for" in low:
        for match in compiled(_SET).finditer(text, start, end):
            close = _close(text, match.end(), end, match[1])
            if close >= 0 and plausible(text[match.end() : close]):
                yield Secret("password", match.end(), close)


def _rows(text: str, start: int, end: int, columns: list[str]) -> tuple[list[Secret], int]:
    """Return what is secret in ``('me', 'X'), (…)``, and where it ends: of each column the first text counts."""
    rows, at = _texts(text, start, end)
    found = [
        Secret(columns[column], first, last)
        for row in rows
        for column, first, last in row
        if column < len(columns) and names_secret(columns[column], value := text[first:last]) and plausible(value)
    ]
    return found, at


def _unnamed(text: str, rows: list[list[tuple[int, int, int]]]) -> Iterator[Secret]:
    """Yield what can be nothing but a password in rows without names; the first of several is the row's own name."""
    for row in rows:
        chosen = [
            (first, last)
            for column, first, last in row
            if (column or len(row) == 1)
            and looks_chosen(value := text[first:last])
            and plausible(value)
            and not compiled(_ELSE).fullmatch(value[:600])
        ]
        if len(chosen) > 1 and compiled(_NUMBERED).fullmatch(text[chosen[0][0] : chosen[0][1]]):
            chosen = chosen[1:]
        for first, last in chosen:
            yield Secret("password", first, last)


def _texts(text: str, start: int, end: int) -> tuple[list[list[tuple[int, int, int]]], int]:
    """Return the texts of rows, with the numbers of their columns, and where the rows end."""
    rows: list[list[tuple[int, int, int]]] = []
    at, depth, column, said = start, 0, 0, False
    while (match := compiled(_MARKS).search(text, at, end)) is not None:
        at = match.end()
        sign = match[2]
        if sign is None:
            close = _close(text, at, end, match[1])
            if close < 0 or depth == 0:
                break
            if not said and rows:
                rows[-1].append((column, at, close))
            said, at = True, close + len(match[1])
        elif sign == "(":
            depth += 1
            if depth == 1:
                column, said = 0, False
                rows.append([])
        elif sign == ")":
            depth -= 1
        elif sign == "," and depth == 1:
            column, said = column + 1, False
        if depth < 0 or sign == ";" or (depth == 0 and sign == ")" and not re.match(r"\s{0,40}+,", text[at : at + 48])):
            break
    return rows, at


def _close(text: str, start: int, end: int, mark: str) -> int:
    return text.find(mark, start, min(end, start + _MOST_VALUE))
