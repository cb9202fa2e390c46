"""The report as Markdown: for pull requests, wikis and chat."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..escape import escape
from ..steps import short
from . import words
from .interface import Options
from .sizes import percent, quantity, size
from .words import REASONS

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..history import HistoryStep
    from ..rows import Layer

# A word of ours, or a number: no mark of Markdown's is in it, and nothing that a host makes a link of (``@name``,
# ``#1``, ``GH-1``, ``www.``, ``name.org``, the digits of a commit).
_PROSE = re.compile(r"[(\"']*(?:[A-Za-z]+(?:['’-][A-Za-z]+)*|[+-]?\d{1,6}(?:[.,]\d+)*(?:%|'s)?|[-–+→…%])[)\"',.;:!?…]*")
# What stands around a word in a sentence, and does nothing.
_BEFORE, _AFTER = "(\"'", ")\"',.;:?…"
_COMMIT = re.compile(r"[\W_]*[0-9a-f]{7,}[\W_]*")


def code(text: str) -> str:
    """Write text as a code span, whatever backticks it holds: the one place where what an image says may stand.

    Nothing in it is a mention, a link, an image or HTML to whoever shows it (CommonMark, *Code spans*).
    """
    shown = escape(text)
    if not shown:
        return ""
    fence = "`" * (_longest(shown) + 1)
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def prose(text: str) -> str:
    """Write sentences of ours; each word that may be more than a word, as a path or a name may, becomes code."""
    parts: list[str] = []
    odd: list[str] = []
    for word in [*escape(text).split(), ""]:
        if word and (not _PROSE.fullmatch(word) or _COMMIT.fullmatch(word)):
            odd.append(word)
            continue
        if odd:
            whole = " ".join(odd)
            rest = whole.lstrip(_BEFORE)
            inner = rest.rstrip(_AFTER)
            parts.append(f"{whole[: len(whole) - len(rest)]}{code(inner)}{rest[len(inner) :]}")
            odd = []
        parts.append(word)
    return " ".join(parts).rstrip()


def block(lines: Iterable[str], language: str) -> Iterator[str]:
    """Yield lines as a block of code, whatever backticks they hold; tabs stay, for the lines are there to be taken."""
    shown = ["\t".join(map(escape, line.split("\t"))) for line in lines]
    fence = "`" * max(3, *(_longest(line) + 1 for line in shown), 3)
    yield fence + language
    yield from shown
    yield fence


def _longest(text: str) -> int:
    return max(map(len, re.findall(r"`+", text)), default=0)


def table(columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table's lines; a column is (title, whether it is a number). Cells may hold any code span."""
    yield "| " + " | ".join(title for title, _ in columns) + " |"
    yield "|" + "|".join("---:" if number else "---" for _, number in columns) + "|"
    for row in rows:
        # A cell ends at any other bar, in code too (GitHub Flavored Markdown, *Tables*).
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def render(analysis: Analysis, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``interface.Render``."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in _lines(analysis, options))


def _lines(analysis: Analysis, options: Options) -> Iterator[str]:
    image = analysis.image

    def written(count: int | None) -> str:
        return size(count, options.exact_bytes)

    yield f"# {code(image.title)}"
    yield ""
    yield f"{code(image.id)}, {code(image.system)}, {quantity(len(analysis.layers), 'layer')}"
    yield ""
    if not image.layers_read:
        rows = (
            (str(layer.index), written(layer.blob_bytes), code(short(words.instruction(layer))))
            for layer in analysis.layers
        )
        yield from table([("#", True), ("stored", True), ("instruction", False)], rows)
        yield ""
        yield f"{written(image.blob_bytes)} to pull. {prose(analysis.notes[-1])}"
        return
    share = percent(image.wasted_bytes, image.content_bytes)
    yield from table(
        [("", False), ("size", True), ("", False)],
        [
            ("content", written(image.content_bytes), prose(words.content(analysis))),
            ("merged", written(image.merged_bytes), "what a container sees"),
            ("**wasted**", f"**{written(image.wasted_bytes)}**", f"{share} of the content"),
            *words.stored(analysis, written),
            ("efficiency", percent(image.efficiency), f"dive: {percent(image.dive.efficiency)}"),
        ],
    )
    yield ""
    yield "## Layers"
    yield ""
    numbers = ("#", "size", "stored", "added", "changed", "removed", "wasted")
    yield from table(
        [*((title, True) for title in numbers), ("instruction", False)],
        (_row(made, layer, written) for made, layer in words.rows(analysis, options.history)),
    )
    yield from _largest(analysis, options, written)
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
    if image.wasted_bytes:
        yield from _waste(analysis, options, written)
    if analysis.notes:
        yield ""
        yield "## Notes"
        yield ""
        yield from (f"- {code(note)}" for note in analysis.notes)
    following = words.following(analysis, options)
    if following:
        label, _, command = following.partition(": ")
        yield ""
        yield f"{label}: {code(command)}"


def _row(made: HistoryStep | None, layer: Layer | None, written: Callable[[int | None], str]) -> Sequence[str]:
    """Return a layer's row, or that of a step which made none."""
    if layer is None:
        assert made is not None
        return (*[""] * 7, code(short(words.step(made))))
    return (
        str(layer.index),
        written(layer.content_bytes),
        written(layer.blob_bytes),
        f"{layer.added.count:,}",
        f"{layer.modified.count + layer.metadata_only.count + layer.rewritten.count:,}",
        f"{layer.removed.count:,}",
        written(layer.wasted_bytes),
        code(layer.missing) if layer.missing else code(short(layer.instruction)),
    )


def _headed(title: str, columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield from table(columns, rows)


def _largest(analysis: Analysis, options: Options, written: Callable[[int | None], str]) -> Iterator[str]:
    """Yield the largest files, packages and directories."""
    if files := analysis.top_files(options.top):
        columns = [("bytes", True), ("layer", True), ("path", False)]
        rows = ((written(row.bytes), str(row.layer), code(row.path)) for row in files)
        yield from _headed("Largest files", columns, rows)
    packages = analysis.packages
    if packages.count:
        columns = [("bytes", True), ("kind", False), ("package", False), ("version", False)]
        ranked = (row for row in packages.rows[: options.top] if row.bytes)
        rows4 = ((written(row.bytes), row.ecosystem, code(row.name), code(row.version)) for row in ranked)
        yield from _headed("Largest packages", columns, rows4)
    if packages.unread:
        yield ""
        yield from (f"- packages of {prose(line)}" for line in words.unread(packages))
    if directories := analysis.top_directories(options.top):
        columns = [("bytes", True), ("paths", True), ("path", False)]
        rows = ((written(row.bytes), f"{row.count:,}", code(row.path)) for row in directories)
        yield from _headed("Largest directories", columns, rows)


def _waste(analysis: Analysis, options: Options, written: Callable[[int | None], str]) -> Iterator[str]:
    """Yield the waste, by reason and rolled up to folders."""
    columns = [("bytes", True), ("copies", True), ("reason", False)]
    reasons = analysis.waste_by_reason().items()
    rows = ((written(totals.bytes), f"{totals.count:,}", REASONS[reason]) for reason, totals in reasons)
    yield from _headed("Waste by reason", columns, rows)
    groups, rest = words.groups(analysis, options.top)
    columns = [
        ("bytes", True),
        ("layer", True),
        ("wasted by", True),
        ("reason", False),
        ("files", True),
        ("path", False),
    ]
    found = [
        (
            written(group.bytes),
            str(group.stored_in),
            str(group.wasted_by),
            REASONS[group.reason],
            f"{group.copies:,}",
            code(group.path),
        )
        for group in groups
    ]
    if rest is not None:
        found.append((written(rest[1]), "", "", "", "", f"in {quantity(rest[0], 'more row')}"))
    yield from _headed("Waste", columns, found)
