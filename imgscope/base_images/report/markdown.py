"""Bases as Markdown, for pull requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...report.markdown import code, prose, table
from ...report.sizes import size
from . import words

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..compare import Bases, Candidate
    from ..facts import Facts


def render(comparison: Bases, options: Options) -> Iterator[bytes]:
    """Yield the report."""
    yield from (line.encode("utf-8", "replace") + b"\n" for line in _lines(comparison, options))


def _lines(comparison: Bases, options: Options) -> Iterator[str]:
    image, base = comparison.analysis.image, comparison.base

    def written(count: int) -> str:
        return size(count, options.exact_bytes)

    brings, adds = comparison.brings, comparison.adds
    yield f"# Bases for {code(image.title)}"
    yield ""
    if base.layers:
        layers = f"{base.layers} of {len(comparison.analysis.layers)} layers"
        yield f"It stands on {code(words.base_name(comparison))}: {layers}, {base.certainty}, {prose(base.how)}."
    else:
        yield "No base was found: all layers are taken for the app's."
    yield ""
    rows = [
        (word, written(part.content_bytes), f"{part.files:,}", "-" if part.packages is None else f"{part.packages:,}")
        for word, part in (("base", brings), ("app", adds))
    ]
    yield from table((("", False), ("bytes", True), ("paths", True), ("packages", True)), rows)
    if comparison.candidates:
        yield ""
        yield "## Candidates"
        yield ""
        columns = (
            ("base", False),
            ("size", True),
            ("with the app", True),
            ("libc", False),
            ("shell", False),
            ("manager", False),
            ("user", False),
            ("verdict", False),
        )
        whole = brings.content_bytes + adds.content_bytes
        cells = [_row(f"{words.base_name(comparison)} (now)", comparison.facts, written, whole, "")]
        cells += [
            _row(one.name, one.facts, written, one.content_bytes, words.VERDICTS[one.fit.verdict])
            for one in comparison.candidates
        ]
        yield from table(columns, cells)
        for one in comparison.candidates:
            yield ""
            yield from _details(one, options)
    if comparison.known:
        yield ""
        yield "## Well-known bases"
        yield ""
        yield words.source(comparison).capitalize() + "."
        yield ""
        yield from table(
            (("base", False), ("size", True), ("with the app", True), ("made", False), ("libc", False), ("", False)),
            (
                (
                    f"[{row.known.name}]({row.known.url})",
                    written(row.known.bytes),
                    written(row.known.bytes + adds.content_bytes),
                    row.known.dated or "-",
                    row.known.libc or "none",
                    f"no: {code(row.unfit)}" if row.unfit else "to be tried",
                )
                for row in comparison.known
            ),
        )
    if comparison.notes:
        yield ""
        yield from (f"- {code(note)}" for note in comparison.notes)


def _row(name: str, facts: Facts, written: object, total: int, verdict: str) -> tuple[str, ...]:
    assert callable(written)
    return (
        code(name),
        written(facts.content_bytes),
        written(total),
        code(facts.libc) or "none",
        code(facts.shell) or "none",
        code(facts.manager) or "none",
        code(facts.user),
        verdict,
    )


def _details(one: Candidate, options: Options) -> Iterator[str]:
    yield f"{code(one.name)} {words.VERDICTS[one.fit.verdict]}: {words.verdict(one.fit)}."
    if one.facts.gpu:
        yield f"It brings {code(one.facts.gpu)}."
    shown = one.fit.lacks[: max(options.top, 1)]
    if shown:
        yield ""
    for row in shown:
        name, why = words.lack(row)
        yield f"- {words.KINDS[row.kind]} {code(name)}" + (f": {code(why)}" if why else "")
    if len(one.fit.lacks) > len(shown):
        yield f"- and {len(one.fit.lacks) - len(shown):,} more"
