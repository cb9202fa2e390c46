"""Makes any text safe to print: names in an image are chosen by strangers."""

from __future__ import annotations

import re

# Control characters (C0, DEL, C1), the surrogates that stand for bytes that are not UTF-8, line and
# paragraph separators, and the marks that reorder or hide text.
UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escaped(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def escape(text: str) -> str:
    r"""Return ``text`` with what could harm or deceive a terminal written as ``\n``, ``\x1b``, ``\u202e``.

    Bytes that are not UTF-8 (surrogate escapes) become ``\xff``; printable text stays as it is. The result
    is for people: it is not meant to be read back.
    """
    return UNSAFE.sub(_escaped, text) if not text.isascii() or not text.isprintable() else text


def without_credentials(text: str) -> str:
    """Take what is before the @ out of addresses where it has a password; a user's name alone stays."""
    # A word is looked at from its start only: else a long one would be gone through from each of its letters.
    return re.sub(r"(?<![^/@\s])[^/@\s:]*:[^/@\s]*@", "***@", text)
