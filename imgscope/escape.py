"""Makes any text safe to print: names in an image are chosen by strangers."""

from __future__ import annotations

import re

# Control characters (C0, DEL, C1), the surrogates that stand for bytes that are not UTF-8, line and
# paragraph separators, the marks that reorder or hide text, characters that nothing shows (tags, fillers, selectors of
# the supplement), and those that are none.
UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# What a build server takes for a command wherever a program prints it: GitHub's "::name …::" where a line begins and
# "##[name]" anywhere, Azure's "##vso[". A word may come to stand at the beginning of a line.
COMMAND = re.compile(
    r"(?<!\S):(?=:[A-Za-z][\w-]*(?: [^:]*)?::)"
    r"|#(?=#(?:vso\[|\[(?i:add-mask|add-path|add-matcher|remove-matcher|command|debug|echo|endgroup|error|group|notice"
    r"|save-state|section|set-env|set-output|stop-commands|warning)[\] ]))"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escaped(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def escape(text: str) -> str:
    r"""Return ``text`` with what could harm or deceive a terminal written as ``\n``, ``\x1b``, ``\u202e``.

    Bytes that are not UTF-8 (surrogate escapes) become ``\xff``; printable text stays as it is. The result
    is for people: it is not meant to be read back. What would be a command to a build server that keeps what
    programs print is broken up in the same way.
    """
    if "::" in text or "##" in text:
        text = COMMAND.sub(lambda match: f"\\x{ord(match.group()):02x}", text)
    return UNSAFE.sub(_escaped, text) if not text.isascii() or not text.isprintable() else text


def unsteered(text: str) -> str:
    """Return JSON that says the same without ``##[`` and ``##vso[``, build servers' commands wherever they stand."""
    return text.replace("##[", "#\\u0023[").replace("##vso[", "#\\u0023vso[")


def without_credentials(text: str) -> str:
    """Take what is before the @ out of addresses where it has a password; a user's name alone stays."""
    # A word is looked at from its start only: else a long one would be gone through from each of its letters.
    return re.sub(r"(?<![^/@\s])[^/@\s:]*:[^/@\s]*@", "***@", text)
