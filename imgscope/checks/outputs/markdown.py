"""The verdict as Markdown, fit for a comment on a pull request: the same from run to run but for what has changed.

Its first line is a marker that nobody sees; whoever posts the comment finds the former one by it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...report.limits import COMMENT_CHARACTERS, shorten, within
from ...report.markdown import code, prose, table
from ...report.sarif import stable_name
from ...report.sizes import size
from ...rows import titled
from ...steps import short
from ..model import FAIL, PASS, SKIPPED, WARN, Cause, CheckReport, ImageCheck, RuleResult
from ..rules.interface import written
from .text import GROWTH, summary

if TYPE_CHECKING:
    from ...report.interface import Options

_WORDS = {FAIL: "**FAIL**", WARN: "**warn**", PASS: "pass", SKIPPED: "skipped"}
_CAUSES = 10
# Names that stand in the marker as they are.
_NAME = re.compile(r"/?[A-Za-z0-9]+(?:[._:/-][A-Za-z0-9]+)*")
_MARKER = 200


def render(report: CheckReport, options: Options) -> Iterator[bytes]:
    """Yield the comment; see ``outputs.Render``."""
    # Of each character that is not ASCII the host may count more than one.
    yield from (block.encode("utf-8", "replace") for block in markdown(report, COMMENT_CHARACTERS))


def marker(report: CheckReport) -> str:
    """Return the line by which a comment is known again: the same for all builds of the same images."""
    names = sorted({stable_name(image.reference) for image in report.images})
    if sum(map(len, names)) > _MARKER or not all(map(_NAME.fullmatch, names)):
        # Nobody sees a comment of HTML, but whoever named the image should not write into it either.
        names = [hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()[:32]]
    return f"<!-- imgscope check: {', '.join(names)} -->"


def markdown(report: CheckReport, limit: int) -> Iterator[str]:
    """Yield the report in blocks that fit in ``limit`` bytes together; what is left out is said."""
    head = [f"{marker(report)}\n"]
    # Headings and tables of all images come first, then what brought the failures about.
    blocks = [*_heads(report), *_details(report)]
    head_bytes = sum(len(block.encode()) for block in head)
    yield from head
    yield from within(blocks, limit - head_bytes, room=200, what="parts of this report")


def _heads(report: CheckReport) -> Iterator[str]:
    ordered = sorted(report.images, key=lambda image: ("error", "fail", "warn", "pass").index(image.verdict))
    for image in ordered:
        yield f"## imgscope: {image.verdict.upper()} for {code(titled(image.reference))}\n\n"
        if image.error:
            yield f"{code(image.error)}\n\n"
            continue
        yield f"{_figures(image)}\n\n{prose(summary(image))}\n\n"
        rows = sorted(image.results, key=lambda result: result.order)
        columns = (("", False), ("rule", False), ("", False), ("limit", True))
        yield from (line + "\n" for line in table(columns, map(_row, rows)))
        yield "\n"
        for note in image.notes:
            yield f"> {code(note)}\n\n"


def _figures(image: ImageCheck) -> str:
    assert image.analysis is not None
    facts = image.analysis.image
    if not facts.layers_read:
        return f"{size(facts.blob_bytes)} to pull, in {len(image.analysis.layers)} layers"
    parts = [
        f"{size(facts.content_bytes)} in {len(image.analysis.layers)} layers",
        f"{size(facts.wasted_bytes)} wasted",
    ]
    if image.baseline is not None:
        base = image.baseline
        grown = facts.content_bytes - base.content_bytes
        share = f" ({grown / base.content_bytes:+.1%})".replace("%", " %") if base.content_bytes else ""
        parts.append(f"**{'+' if grown >= 0 else '-'}{size(abs(grown))}**{share} against {code(base.reference)}")
    return ", ".join(parts)


def _row(result: RuleResult) -> tuple[str, ...]:
    word = _WORDS[result.status] if not result.blocking else "**could not be evaluated**"
    limit = ""
    if result.limit is not None and isinstance(result.limit.value, int | float) and result.limit.value is not True:
        limit = written(result.limit.value, result.limit.unit)
    message = code(shorten(result.message))
    if result.note:
        message += f"<br>{code(result.note)}"
    return word, code(result.name), message, limit


def _details(report: CheckReport) -> Iterator[str]:
    several = len(report.images) > 1
    told: dict[tuple[str, tuple[Cause, ...]], RuleResult] = {}
    for image, result in report.found():
        if not result.causes.rows:
            continue
        before = told.setdefault((image.reference, result.causes.rows), result)
        if before is not result:
            # Several rules about one matter have the same causes, which are told once.
            yield f"{code(result.name)}: the causes are those of {code(before.name)}\n\n"
            continue
        sign = "+" if result.rule in GROWTH else ""
        where = f" of {code(image.reference)}" if several else ""
        # In the summary, which is HTML, Markdown's code would be none: it has the rule's own name alone.
        lines = [f"<details><summary>{result.rule}</summary>\n\n"]
        lines.append(f"{code(result.name)}{where}: {code(shorten(result.message))}\n\n")
        columns = (("bytes", True), ("what", False), ("layer", True), ("instruction", False))
        lines += [line + "\n" for line in table(columns, (_cause(cause, sign) for cause in _chosen(result)))]
        left = result.causes.total - len(_chosen(result))
        if left > 0:
            lines.append(f"\nand {left:,} more\n")
        lines.append("\n</details>\n\n")
        yield "".join(lines)


def _chosen(result: RuleResult) -> list[Cause]:
    layers = [cause for cause in result.causes.rows if cause.kind == "layer"][:5]
    return [*layers, *[cause for cause in result.causes.rows if cause.kind != "layer"][:_CAUSES]]


def _cause(cause: Cause, sign: str) -> tuple[str, ...]:
    what = code(shorten(cause.name, 300)) if cause.name else "the whole layer"
    details = ([f"was {size(cause.before)}"] if cause.before else []) + ([code(cause.detail)] if cause.detail else [])
    if details:
        what += f" ({', '.join(details)})"
    layer = "" if cause.layer is None else str(cause.layer)
    return f"{sign}{size(cause.bytes)}", what, layer, code(short(cause.instruction, 120))
