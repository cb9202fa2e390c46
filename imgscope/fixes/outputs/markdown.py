"""A record as Markdown: the text of a pull request that brings the patch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...report.markdown import block, code, prose, table
from ...report.sizes import quantity, size
from ...secrets import redact
from . import words

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Record


def render(record: Record, options: Options, *, secrets: bool = False) -> Iterator[bytes]:
    """Yield the Markdown; see ``outputs.Render``."""
    yield ("\n".join(_lines(record, options, secrets)) + "\n").encode("utf-8", "replace")


def _lines(record: Record, options: Options, secrets: bool) -> Iterator[str]:
    def clean(text: str) -> str:
        return prose(text if secrets else redact(text))

    exact = options.exact_bytes
    if record.after is None:
        yield prose(words.nothing(record))
        if not record.candidates:
            return
    else:
        yield f"### {code(record.dockerfile.path)}: {words.verdict(record, exact)}"
    yield ""
    yield f"{words.cost(record)}."
    if record.made:
        yield ""
        columns = [("saved", True), ("predicted", True), *((name, False) for name in ("grade", "line", "rule", "edit"))]
        made = [(row.edit, size(row.saved, exact)) for row in record.made]
        rows = (
            (saved, size(edit.bytes, exact), edit.grade, words.lines(edit.lines), edit.code, clean(edit.what))
            for edit, saved in made
        )
        yield from table(columns, rows)
    if record.checks:
        yield ""
        yield "Proven by the built image:"
        yield ""
        for check in record.checks:
            yield f"- {clean(check.name)}: {clean(check.detail)}"
    left = [row for row in record.left if row.tried or row.bytes >= record.options.min_size]
    if left:
        yield ""
        yield "Left as it is:"
        yield ""
        for one in left:
            saves = f" ({size(one.bytes, exact)})" if one.bytes else ""
            yield f"- {one.code}{saves}: {clean(one.why)}"
    if record.lacking:
        yield ""
        yield "The new image has no more:"
        yield ""
        for lack in record.lacking[: options.top]:
            paths = f", {quantity(lack.paths, 'path')}" if lack.paths else ""
            yield f"- {lack.kind} {code(lack.name)}: {size(lack.bytes, exact)}{paths}"
    for row in record.config:
        yield ""
        name = f"{row.field} {row.key}" if row.key else row.field
        yield f"{code(name)}: {code(row.before or 'not set')} → {code(row.after or 'not set')}"
    text, hidden = words.patch(record, secrets)
    if text:
        yield ""
        if hidden:
            yield "The patch is shown without the secrets in its lines."
            yield ""
        yield from block((line.rstrip("\r") for line in text.splitlines()), "diff")
    for note in record.notes:
        yield ""
        yield clean(note)
