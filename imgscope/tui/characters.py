"""What the terminal can show: the table of ASCII forms, for a locale that is not UTF-8."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping
from functools import lru_cache

from rich.cells import split_graphemes

AUTO, ASCII, UNICODE = "auto", "ascii", "unicode"
CHOICES = (AUTO, ASCII, UNICODE)

# A character for each, so that all stays in its column.
FORMS = {
    **dict.fromkeys("─━╌╍┄┅┈┉╴╶╸╺╼╾▁▔‐‑‒–—―", "-"),
    **dict.fromkeys("═", "="),
    **dict.fromkeys("│┃╎╏┆┇┊┋║╵╷╹╻▏▎▍▌▕▐", "|"),
    **dict.fromkeys("┌┏┐┓└┗┘┛╭╮╯╰╔╗╚╝├┣┤┫┬┳┴┻┼╋╠╣╦╩╬", "+"),
    # What is seen, and what is wasted.
    **dict.fromkeys("█▉▊▋▓▇▆▅▄▀■", "#"),
    **dict.fromkeys("░▒", ":"),
    **dict.fromkeys("▂▃", "_"),
    **dict.fromkeys("→⇒⇢▸▶›»", ">"),
    **dict.fromkeys("←⇐⇠◂◀‹«", "<"),
    **dict.fromkeys("↑▴▲", "^"),
    **dict.fromkeys("↓▾▼", "v"),
    **dict.fromkeys("◆◇●•★✓✔", "*"),
    **dict.fromkeys("·∙", "."),
    **dict.fromkeys("×✗✘✕", "x"),
    **dict.fromkeys("…", "~"),
    **dict.fromkeys("‘’‚′", "'"),
    **dict.fromkeys("“”„″", '"'),
    "\N{NO-BREAK SPACE}": " ",
    "≥": ">",
    "≤": "<",
    "−": "-",
}
# Of frames and blocks that are not listed.
_FRAME, _BLOCK = range(0x2500, 0x2580), range(0x2580, 0x25A0)


@lru_cache(maxsize=4096)
def to_ascii(text: str) -> str:
    """Replace what is not ASCII, cell by cell; other letters become question marks, as in ``ls``."""
    if text.isascii():
        return text
    pieces = []
    for start, end, width in split_graphemes(text)[0]:
        char = text[start:end]
        code = ord(char[0])
        other = "+" if code in _FRAME else "#" if code in _BLOCK else "?"
        pieces.append(char if char.isascii() else FORMS.get(char, other * width))
    return "".join(pieces)


def is_utf8(environment: Mapping[str, str] | None = None, coerced: bool | None = None) -> bool:
    """Tell whether the locale that was chosen is UTF-8.

    Where none was chosen at all, as in many containers, terminals understand UTF-8 all the same. ``coerced`` tells
    whether Python itself set ``LC_CTYPE``, as it does in the C locale.
    """
    known = os.environ if environment is None else environment
    if coerced is None:
        # Only then is this mode on without anybody asking for it.
        coerced = bool(sys.flags.utf8_mode) and not known.get("PYTHONUTF8") and "utf8" not in sys._xoptions
    kind = "" if coerced else known.get("LC_CTYPE", "")
    name = known.get("LC_ALL") or kind or known.get("LANG", "")
    if not name:
        return True
    codes = name.partition(".")[2].partition("@")[0]
    if not codes and name.upper() not in ("C", "POSIX"):
        codes = locale.getencoding()
    return codes.lower().replace("-", "").replace("_", "") == "utf8"


def needs_ascii(choice: str) -> bool:
    """Tell whether what is written must be ASCII: ``choice`` is one of ``CHOICES``."""
    return choice == ASCII or (choice == AUTO and not is_utf8())
