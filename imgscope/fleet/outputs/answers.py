"""What ``fleet free``, ``find`` and ``sql`` say, as documents."""

from __future__ import annotations

from ...report.sizes import quantity, size
from ..questions.find import Findings
from ..questions.free import Freed
from ..questions.sql import Answer
from .document import Column, Document, Section, plain


def freed(answer: Freed, price_per_gb: float | None = None, top: int = 10, exact: bool = False) -> Document:
    """Say what deleting tags frees."""
    from ..questions.stored import GB

    cost = None if price_per_gb is None else answer.bytes / GB * price_per_gb
    lines = [
        f"Deleting {quantity(len(answer.tags), 'tag')} frees {size(answer.bytes, exact)} of the"
        f" {size(answer.logical, exact)} that the images take, each counted by itself"
        + (f": {cost:,.2f} by the price that is given." if cost is not None else "."),
        f"{quantity(answer.images, 'image')} would go; {answer.kept:,} would stay, since other tags lead there.",
    ]
    notes = []
    if answer.indexes:
        notes.append(
            f"{quantity(answer.indexes, 'index', 'indexes')} would go too: their own bytes, and images in them that"
            " were not scanned, are not counted"
        )
    if answer.indexes_kept:
        notes.append(
            f"{quantity(answer.indexes_kept, 'index', 'indexes')} would stay: images in them that were not scanned may"
            " need some of this"
        )
    if answer.unread:
        notes.append(f"{quantity(answer.unread, 'tag')} lead to images that are not in the store, and count nothing")
    sections = [
        Section(
            "freed",
            "Freed",
            [Column("host"), Column("kind"), Column("count", "number"), Column("bytes", "bytes")],
            [(piece.host, piece.kind, piece.count, piece.bytes) for piece in answer.pieces],
        ),
        Section(
            "tags",
            "Tags",
            [Column("reference", "path")],
            [(tag,) for tag in answer.tags[:top]],
            _shown(top, answer.tags),
        ),
    ]
    return Document("fleet free", lines, sections, plain(answer) | {"cost": cost}, notes)


def _shown(top: int, rows: tuple[str, ...]) -> str:
    return f"{top:,} of {len(rows):,}; --top shows more" if len(rows) > top else ""


def found(answer: Findings) -> Document:
    """Say where something is."""
    rows = [
        (row.name, row.version, row.kind, row.bytes, row.images, row.layer[:19], row.references[0])
        for row in answer.rows
    ]
    columns = [
        Column("name", "path"),
        Column("version"),
        Column("kind"),
        Column("bytes", "bytes"),
        Column("images", "number"),
        Column("layer"),
        Column("for example in", "path"),
    ]
    more = answer.count - len(answer.rows)
    notes = [f"{more:,} more; --limit shows them"] if more > 0 else []
    lines = [f"{answer.what} as a {answer.looked_for}: {quantity(answer.count, 'place')}"]
    return Document("fleet find", lines, [Section("found", "", columns, rows)], plain(answer), notes)


def table(answer: Answer) -> Document:
    """Show the rows that a SELECT found."""
    numbers = [
        all(isinstance(row[place], int | float) or row[place] is None for row in answer.rows)
        for place in range(len(answer.columns))
    ]
    columns = [
        Column(name, "number" if number and answer.rows else "text")
        for name, number in zip(answer.columns, numbers, strict=True)
    ]
    notes = [f"only the first {len(answer.rows):,} rows; --limit shows more"] if answer.more else []
    return Document("", [], [Section("rows", "", columns, answer.rows)], plain(answer), notes)
