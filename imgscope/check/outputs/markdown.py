"""The verdict as Markdown, fit for a comment on a pull request: the same from run to run but for what has changed.

Its first line is a marker that nobody sees; whoever posts the comment finds the former one by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...escape import escape
from ...report.markdown import code, plain
from ...report.sizes import size
from ..model import FAIL, PASS, SKIPPED, WARN, Cause, ImageCheck, Report, Result
from ..rules.interface import written
from .findings import stable_name
from .limits import COMMENT_CHARACTERS, shorten, within
from .text import GROWTH, summary

if TYPE_CHECKING:
    from ...report.interface import Options

_WORDS = {FAIL: "**FAIL**", WARN: "**warn**", PASS: "pass", SKIPPED: "skipped"}
_CAUSES = 10


def render(report: Report, options: Options) -> Iterator[bytes]:
    """Yield the comment; see ``outputs.Render``."""
    # Of each character that is no ASCII the host may count more than one.
    yield from (block.encode("utf-8", "replace") for block in markdown(report, COMMENT_CHARACTERS))


def marker(report: Report) -> str:
    """Return the line by which a comment is known again: the same for all builds of the same images."""
    names = sorted({stable_name(image.reference) for image in report.images})
    clean = ", ".join(escape(name) for name in names).replace("--", "-\u200b-").replace(">", "")
    return f"<!-- imgscope check: {shorten(clean, 200)} -->"


def markdown(report: Report, limit: int) -> Iterator[str]:
    """Yield the report in blocks that fit in ``limit`` bytes together; what is left out is said."""
    head = [f"{marker(report)}\n"]
    # Headings and tables of all images come first, then what brought the failures about.
    blocks = [*_heads(report), *_details(report)]
    head_bytes = sum(len(block.encode()) for block in head)
    yield from head
    yield from within(blocks, limit - head_bytes, room=200, what="parts of this report")


def _heads(report: Report) -> Iterator[str]:
    ordered = sorted(report.images, key=lambda image: ("error", "fail", "warn", "pass").index(image.verdict))
    for image in ordered:
        yield f"## imgscope: {image.verdict.upper()} for {plain(image.reference)}\n\n"
        if image.error:
            yield f"{plain(image.error)}\n\n"
            continue
        yield f"{_figures(image)}\n\n{plain(summary(image))}\n\n"
        rows = sorted(image.results, key=lambda result: result.order)
        yield "| | rule | | limit |\n|---|---|---|---:|\n"
        for result in rows:
            yield _row(result)
        yield "\n"
        for note in image.notes:
            yield f"> {plain(note)}\n\n"


def _figures(image: ImageCheck) -> str:
    assert image.analysis is not None
    facts = image.analysis.image
    parts = [
        f"{size(facts.content_bytes)} in {len(image.analysis.layers)} layers",
        f"{size(facts.wasted_bytes)} wasted",
    ]
    if image.baseline is not None:
        base = image.baseline
        grown = facts.content_bytes - base.content_bytes
        share = f" ({grown / base.content_bytes:+.1%})".replace("%", " %") if base.content_bytes else ""
        parts.append(f"**{'+' if grown >= 0 else '-'}{size(abs(grown))}**{share} against {plain(base.reference)}")
    return ", ".join(parts)


def _row(result: Result) -> str:
    word = _WORDS[result.status] if not result.blocking else "**could not be evaluated**"
    limit = ""
    if result.limit is not None and isinstance(result.limit.value, int | float) and result.limit.value is not True:
        limit = written(result.limit.value, result.limit.unit)
    message = plain(shorten(result.message))
    if result.note:
        message += f"<br>{plain(result.note)}"
    return f"| {word} | {code(result.name)} | {message} | {limit} |\n"


def _details(report: Report) -> Iterator[str]:
    several = len(report.images) > 1
    told: dict[tuple[str, tuple[Cause, ...]], Result] = {}
    for image, result in report.found():
        if not result.causes.rows:
            continue
        before = told.setdefault((image.reference, result.causes.rows), result)
        if before is not result:
            # Several rules about one matter have the same causes, which are told once.
            yield f"{code(result.name)}: the causes are those of {code(before.name)}\n\n"
            continue
        sign = "+" if result.rule in GROWTH else ""
        where = f" of {html(image.reference)}" if several else ""
        head = f"<code>{html(result.name)}</code>{where}: {html(shorten(result.message))}"
        lines = [f"<details><summary>{head}</summary>\n\n"]
        lines.append("| bytes | what | layer | instruction |\n|---:|---|---:|---|\n")
        lines.extend(_cause(cause, sign) for cause in _chosen(result))
        left = result.causes.total - len(_chosen(result))
        if left > 0:
            lines.append(f"\nand {left:,} more\n")
        lines.append("\n</details>\n\n")
        yield "".join(lines)


def html(text: str) -> str:
    """Write text for the inside of an HTML element, where Markdown's own marks mean nothing."""
    return escape(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _chosen(result: Result) -> list[Cause]:
    layers = [cause for cause in result.causes.rows if cause.kind == "layer"][:5]
    return [*layers, *[cause for cause in result.causes.rows if cause.kind != "layer"][:_CAUSES]]


def _cause(cause: Cause, sign: str) -> str:
    what = code(shorten(cause.name, 300)) if cause.name else "the whole layer"
    details = ([f"was {size(cause.before)}"] if cause.before else []) + ([cause.detail] if cause.detail else [])
    if details:
        what += f" ({plain(', '.join(details))})"
    layer = "" if cause.layer is None else str(cause.layer)
    return f"| {sign}{size(cause.bytes)} | {what} | {layer} | {code(shorten(cause.instruction, 120))} |\n"
