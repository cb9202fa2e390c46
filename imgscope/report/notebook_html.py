"""Small tables for notebooks: every text of an image is escaped, twice over, and there are no scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape as quoted

from ..brief import shortened
from ..escape import escape
from .sizes import quantity

# Rows of each table, and characters of a cell.
ROWS = 10
_CELL = 100


def text(words: str) -> str:
    """Return words that are safe to stand in HTML."""
    return quoted(escape(words))


def heading(name: str, *facts: str) -> str:
    """Return a line with what is shown, and what is most to be said of it."""
    said = f" {text('; '.join(fact for fact in facts if fact))}" if any(facts) else ""
    return f"<p><b>{text(name)}</b>{said}</p>"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], count: int | None = None) -> str:
    """Return a table: columns whose names begin with ``>`` are set to the right; nothing where there is no row.

    ``rows`` are as many as are shown, ``count`` is how many there are.
    """
    shown = list(rows)
    if not shown:
        return ""
    sides = ["right" if column.startswith(">") else "left" for column in columns]

    def line(tag: str, cells: Sequence[str]) -> str:
        written = (
            f'<{tag} style="text-align:{side}">{text(shortened(cell, _CELL))}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        )
        return f"<tr>{''.join(written)}</tr>"

    head = line("th", [column.removeprefix(">") for column in columns])
    body = "".join(line("td", cells) for cells in shown)
    more = (count or 0) - len(shown)
    rest = f"<p>and {text(quantity(more, 'more', 'more'))}</p>" if more > 0 else ""
    caption = f'<caption style="text-align:left">{text(title)}</caption>' if title else ""
    return f"<table>{caption}<thead>{head}</thead><tbody>{body}</tbody></table>{rest}"


def whole(parts: Iterable[str]) -> str:
    """Put parts together."""
    return f"<div>{''.join(parts)}</div>"
