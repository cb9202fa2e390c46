"""Fetches a layer's table of contents: one or two small parts of its blob."""

from __future__ import annotations

from collections.abc import Callable

from ...archive import toc
from ...archive.toc import Table

Part = Callable[[int, int], bytes]


def fetched(annotations: dict[str, str], size: int, part: Part) -> Table | None:
    """Return the table that a layer's annotations name, ``None`` where they name none.

    ``part(start, end)`` reads from the blob. Raises ``TableError`` for a table that can't be used, ``ArchiveError`` for
    two at once, and what ``part`` raises.
    """
    kind = toc.kind_of(annotations)
    if kind is None:
        return None
    if kind == toc.CHUNKED:
        offset, length, whole = toc.position(annotations, size)
        return toc.chunked(part(offset, offset + length), whole, annotations, offset)
    start = toc.footer(part(max(size - toc.FOOTER, 0), size), size)
    if size - toc.FOOTER - start > toc.MAX_TABLE:
        raise toc.TableError("its table of contents is too large")
    data = part(start, size - toc.FOOTER)
    return toc.estargz(data, annotations[toc.ESTARGZ_DIGEST], start, len(data) + toc.FOOTER)
