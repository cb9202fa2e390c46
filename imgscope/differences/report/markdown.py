"""The difference as Markdown: for pull requests, wikis and chat."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...report.interface import Options
from ...report.markdown import code, prose, table
from ...report.sizes import quantity, size
from . import words
from .words import signed

if TYPE_CHECKING:
    from ..model import Difference

# An instruction is cut to this in a table.
_LONGEST = 120


def render(difference: Difference, options: Options) -> Iterator[bytes]:
    """Yield the report."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in _lines(difference, options))


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _lines(difference: Difference, options: Options) -> Iterator[str]:
    old, new = difference.old, difference.new
    exact = options.exact_bytes
    yield f"# {code(old.image.title)} → {code(new.image.title)}"
    yield ""
    rows: list[tuple[str, int | None, int | None]] = [
        ("**content**", old.image.content_bytes, new.image.content_bytes),
        ("merged", old.image.merged_bytes, new.image.merged_bytes),
        ("wasted", old.image.wasted_bytes, new.image.wasted_bytes),
        ("stored", old.image.blob_bytes, new.image.blob_bytes),
    ]
    yield from table(
        [("", False), ("old", True), ("new", True), ("difference", True), ("", True)],
        (
            (
                word,
                size(before, exact),
                size(after, exact),
                signed(after - before, exact) if before is not None and after is not None else "-",
                words.percent_change(before or 0, after or 0) if before is not None and after is not None else "",
            )
            for word, before, after in rows
        ),
    )
    wants = difference.filter.wants
    if wants("layers"):
        yield from _sharing(difference, exact)
    if wants("files"):
        yield from _files(difference, options)
    if wants("packages") and difference.packages:
        yield from _packages(difference, options)
    if wants("config") and difference.config:
        yield from ("", "## Config", "")
        yield from table(
            [("", False), ("old", False), ("new", False)],
            (
                (code(f"{row.field} {row.key or ''}".strip()), code(row.before or ""), code(row.after or ""))
                for row in difference.config[: words.MAX_CONFIG]
            ),
        )
        more = len(difference.config) - words.MAX_CONFIG
        if more > 0:
            yield from ("", f"and {more:,} more; JSON has them all")
    if difference.notes:
        yield from ("", "## Notes", "")
        yield from (f"- {code(note)}" for note in difference.notes)


def _sharing(difference: Difference, exact: bool) -> Iterator[str]:
    yield from ("", "## Layers", "")
    yield from (f"- {prose(text)}" for text in words.sharing(difference))
    if difference.broken is not None:
        yield from (f"  - {mark} {code(_short(text))}" for mark, text in _culprit(difference))
    yield from (f"- {prose(text)}" for text in words.pulling(difference.pull, exact))
    pairs = [pair for pair in difference.layers if pair.status != "shared"]
    if not pairs:
        return
    yield ""
    yield from table(
        [("old", True), ("new", True), ("", False), ("stored", True), ("new bytes", True), ("instruction", False)],
        (
            (
                str(pair.old.index) if pair.old else "",
                str(pair.new.index) if pair.new else "",
                words.status(pair),
                size(pair.new.blob_bytes, exact) if pair.new else "",
                size(pair.really_new, exact) if pair.new else "",
                code(_short(words.instruction(layer))),
            )
            for pair in pairs
            if (layer := pair.new or pair.old) is not None
        ),
    )


def _culprit(difference: Difference) -> list[tuple[str, str]]:
    broken = difference.broken
    names = {"": "instruction:", "-": "old:", "+": "new:"}
    return [(names[mark], text) for mark, text in words.culprit(broken)] if broken else []


def _files(difference: Difference, options: Options) -> Iterator[str]:
    files, exact = difference.files, options.exact_bytes
    yield from ("", "## Files", "")
    totals = files.totals()
    if not totals:
        yield "No difference."
        return
    times = files.only_times()
    yield from table(
        [("", False), ("paths", True), ("bytes", True)],
        (
            (
                words.KIND_NAMES[kind] + (f" ({times:,} in time only)" if kind == "metadata_only" and times else ""),
                f"{sums.count:,}",
                size(sums.bytes, exact),
            )
            for kind, sums in totals.items()
        ),
    )
    lines = words.outline(files.directories(), options.top + 5)
    if lines:
        yield ""
        yield from table(
            [("come", True), ("gone", True), ("difference", True), ("directory", False)],
            (
                (
                    signed(row.came, exact),
                    signed(-row.gone, exact),
                    signed(row.delta, exact),
                    "&emsp;" * depth + code(label),
                )
                for depth, label, row in lines
            ),
        )
    rows = files.largest(options.top, frozenset(words.KIND_NAMES) - {"metadata_only", "unread"})
    if rows:
        yield from ("", f"Largest {len(rows):,} of {quantity(len(files), 'path')}:", "")
        yield from table(
            [("difference", True), ("old", True), ("new", True), ("", False), ("path", False)],
            (
                (
                    signed(row.delta, exact),
                    size(row.size_before, exact),
                    size(row.size_after, exact),
                    words.KIND_NAMES[row.kind],
                    (f"{code(row.path_before)} → " if row.path_before is not None else "") + code(row.path),
                )
                for row in rows
            ),
        )


def _packages(difference: Difference, options: Options) -> Iterator[str]:
    rows = difference.packages
    limit = options.top * 2
    yield from ("", "## Packages", "")
    yield from table(
        [("difference", True), ("", False), ("package", False), ("old", False), ("new", False)],
        (
            (
                signed(row.delta, options.exact_bytes),
                row.kind,
                f"{code(row.name)} ({row.ecosystem})",
                code(row.version_before or ""),
                code(row.version_after or ""),
            )
            for row in rows[:limit]
        ),
    )
    if len(rows) > limit:
        yield from ("", f"and {quantity(len(rows) - limit, 'package')} more")
