"""Words and numbers as the interactive view writes them: short, aligned, safe."""

from __future__ import annotations

import stat
from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from ..escape import escape
from ..layer.index import TYPE_NAMES
from ..report import sizes

_LETTERS = {
    "directory": stat.S_IFDIR,
    "symlink": stat.S_IFLNK,
    "character": stat.S_IFCHR,
    "block": stat.S_IFBLK,
    "fifo": stat.S_IFIFO,
}
BAR = " ▏▎▍▌▋▊▉█"


@lru_cache(maxsize=4096)
def size(count: int) -> str:
    """Write a number of bytes as the reports do, in at most eight cells."""
    return sizes.size(count)


@lru_cache(maxsize=512)
def permissions(kind: int, mode: int) -> str:
    """Write a kind of entry and its 12 permission bits as ``ls -l`` does."""
    return stat.filemode(_LETTERS.get(TYPE_NAMES[kind], stat.S_IFREG) | mode)


def plain(text: str) -> Content:
    """Return a text for where Textual would take brackets for markup, as in the titles of panes: names may have any."""
    return Content(text)


def shown(name: bytes) -> str:
    """Write a name or path for people: what could harm a terminal is escaped."""
    return escape(name.decode("utf-8", "surrogateescape"))


def clip(text: str, width: int) -> str:
    """Cut a text to a number of cells, with an ellipsis where something is cut."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…" if width > 0 else ""


def fit(text: str, width: int) -> str:
    """Cut or pad a text to a number of cells."""
    return set_cell_size(clip(text, width), width)


def clip_left(text: str, width: int) -> str:
    """Cut a path to a number of cells at its left end: its last names say most."""
    if cell_len(text) <= width:
        return text
    kept = text[-width:] if width > 0 else ""
    while kept and cell_len(kept) > width - 1:
        kept = kept[1:]
    return "…" + kept if width > 0 else ""


def clip_middle(text: str, width: int, head_share: float = 1 / 3) -> str:
    """Cut a text to a number of cells in its middle: a name's end often tells it from its neighbours.

    ``head_share`` of what is left is its beginning.
    """
    if cell_len(text) <= width:
        return text
    if width < 8:
        return clip(text, width)
    head = int((width - 1) * head_share)
    return set_cell_size(text, head).rstrip() + clip_left(text, width - head)


def split_bar(live: int, dead: int, whole: int, width: int) -> tuple[str, str]:
    """Draw what is seen and what is wasted as two parts of one bar, told apart by pattern too."""
    if not whole:
        return "", ""
    share = min((live + dead) / whole, 1.0)
    if not dead:
        return bar(share, width).rstrip(), ""
    # What is wasted has a pattern, which has no eighths: so little that it is no cell is one all the same.
    cells = max(round(share * width), 1)
    lost = min(max(round(dead / whole * width), 1), cells)
    return "█" * (cells - lost), "░" * lost


def bar(share: float, width: int) -> str:
    """Draw a share (0 to 1) as a bar of eighths of a cell; what is not nothing can be seen."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0 and eighths == 0:
        eighths = 1
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (BAR[rest] if rest else "")).ljust(width)
