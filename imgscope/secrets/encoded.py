"""Finds secrets that are encoded on the way: ``echo me:X | base64``, ``echo … | base64 -d``, ``-EncodedCommand …``."""

from __future__ import annotations

import base64
import binascii

from .line import Line
from .names import compiled, looks_random

_DECODES = frozenset(("-d", "-D", "-di", "--decode", "-r"))
_LOGIN = r"[\w.@+\\-]{1,128}+:(?=\S{4})"
# Of an encoded text so much is looked at.
_MOST = 1 << 16
_POWERSHELL = frozenset(("powershell", "pwsh"))
_ENCODED_COMMAND = frozenset(("-e", "-ec", "-enc", "-encodedcommand"))


def coder(seen: set[str]) -> str | None:
    """Tell whether a command encodes what it is fed as base64 (``"to"``), or decodes it (``"from"``)."""
    if seen & {"base64", "base32", "xxd"} or ("openssl" in seen and seen & {"-base64", "-a"}):
        return "from" if seen & _DECODES else "to"
    return None


def to_encode(line: Line, start: int, end: int) -> None:
    """Judge what is encoded: a name and a password, as servers are told them, or what looks random."""
    value = line.text[start : min(end, start + 600)]
    match = compiled(_LOGIN).match(value)
    if match is not None and not value[match.end() :].isdigit():
        line.script.add("password in a login", start + match.end(), end)
    elif looks_random(value):
        line.script.add("encoded value", start, end)


def to_decode(line: Line, start: int, end: int) -> None:
    """Judge what is decoded by what comes of it."""
    _decoded(line, start, end, "utf-8")


def encoded_command(line: Line, head: str, following: int) -> bool:
    """Judge a script of PowerShell that is given in base64; tell whether it is one."""
    if head.lower() not in _ENCODED_COMMAND or not line.seen & _POWERSHELL:
        return False
    _decoded(line, *line.cores[following], "utf-16-le")
    return True


def _decoded(line: Line, start: int, end: int, charset: str) -> None:
    encoded = line.text[start : min(end, start + _MOST)]
    try:
        text = base64.b64decode(encoded[: len(encoded) // 4 * 4] if len(encoded) > 8 else encoded).decode(charset)
    except (binascii.Error, ValueError):
        return
    if line.script.holds(text):
        line.script.add("encoded text", start, end)
