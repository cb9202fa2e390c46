"""The report as Markdown: for pull requests, wikis and chat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..escape import escape
from .interface import Options
from .sizes import percent, quantity, size
from .text import REASONS

if TYPE_CHECKING:
    from ..analysis import Analysis

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def plain(text: str) -> str:
    """Escape what Markdown, or the HTML in it, would read as more than text."""
    return _SPECIAL.sub(r"\\\1", escape(text)).replace("\\&", "&amp;").replace("\\<", "&lt;").replace("\\>", "&gt;")


def code(text: str) -> str:
    """Write text as code, whatever backticks and pipes it holds, fit for a table cell."""
    shown = escape(text)
    if not shown:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}".replace("|", "\\|")


def table(columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table's lines; a column is (title, whether it is a number)."""
    yield "| " + " | ".join(title for title, _ in columns) + " |"
    yield "|" + "|".join("---:" if number else "---" for _, number in columns) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _short(text: str, limit: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def render(analysis: Analysis, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``interface.Render``."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in _lines(analysis, options))


def _lines(analysis: Analysis, options: Options) -> Iterator[str]:
    image = analysis.image

    def written(count: int | None) -> str:
        return size(count, options.exact_bytes)

    yield f"# {plain(image.reference)}"
    yield ""
    yield f"{code(image.id)}, {plain(image.system)}, {quantity(len(analysis.layers), 'layer')}"
    yield ""
    share = percent(image.wasted_bytes, image.content_bytes)
    yield from table(
        [("", False), ("size", True), ("", False)],
        [
            ("content", written(image.content_bytes), quantity(image.file_count, "path")),
            ("merged", written(image.merged_bytes), "what a container sees"),
            ("**wasted**", f"**{written(image.wasted_bytes)}**", f"{share} of the content"),
            ("stored", written(image.blob_bytes), "blobs as stored"),
            ("efficiency", percent(image.efficiency), f"dive: {percent(image.dive.efficiency)}"),
        ],
    )
    yield ""
    yield "## Layers"
    yield ""
    numbers = ("#", "size", "stored", "added", "changed", "removed", "wasted")
    yield from table(
        [*((title, True) for title in numbers), ("instruction", False)],
        (
            (
                str(layer.index),
                written(layer.content_bytes),
                written(layer.blob_bytes),
                f"{layer.added.count:,}",
                f"{layer.modified.count + layer.metadata_only.count + layer.rewritten.count:,}",
                f"{layer.removed.count:,}",
                written(layer.wasted_bytes),
                plain(layer.missing) if layer.missing else code(_short(layer.instruction)),
            )
            for layer in analysis.layers
        ),
    )
    if image.wasted_bytes:
        yield ""
        yield "## Largest waste"
        yield ""
        yield from table(
            [("bytes", True), ("layer", True), ("wasted by", True), ("reason", False), ("path", False)],
            (
                (written(row.bytes), str(row.stored_in), str(row.wasted_by), REASONS[row.reason], code(row.path))
                for row in analysis.top_waste(options.top)
            ),
        )
    directories = analysis.top_directories(options.top)
    if directories:
        yield ""
        yield "## Largest directories"
        yield ""
        yield from table(
            [("bytes", True), ("paths", True), ("path", False)],
            ((written(row.bytes), f"{row.count:,}", code(row.path)) for row in directories),
        )
    if options.duplicates:
        found = analysis.duplicates()
        yield ""
        yield "## Equal files at different paths"
        yield ""
        yield from table(
            [("redundant", True), ("copies", True), ("paths", False)],
            (
                (written(row.redundant_bytes), str(len(row.paths)), "<br>".join(map(code, row.paths[:4])))
                for row in found[: options.top]
            ),
        )
    if analysis.notes:
        yield ""
        yield "## Notes"
        yield ""
        yield from (f"- {plain(note)}" for note in analysis.notes)
