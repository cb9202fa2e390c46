"""A record for people: what was made and by which proof, what was left and why, what lacks, and the patch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...escape import escape
from ...report.page import Page, Text
from ...report.sizes import quantity
from ...secrets import redact
from . import words

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..model import Record


def render(record: Record, options: Options, *, secrets: bool = False) -> Iterator[bytes]:
    """Yield the report; see ``outputs.Render``."""
    page = _Fixes(record, options, secrets)
    page.write()
    yield page.bytes()


class _Fixes(Page):
    def __init__(self, record: Record, options: Options, secrets: bool) -> None:
        super().__init__(options)
        self.record = record
        self.secrets = secrets

    def clean(self, text: str) -> str:
        return escape(text if self.secrets else redact(text))

    def write(self) -> None:
        record = self.record
        if record.after is None:
            self.console.print(Text(words.nothing(record)), soft_wrap=True)
            if not record.candidates:
                return
        else:
            self.console.print(Text(escape(record.dockerfile.path), style="bold cyan"), soft_wrap=True)
            self.show(Text(words.verdict(record, self.options.exact_bytes), style="bold green"))
        self.show(Text(words.cost(record), style="dim"))
        self.made()
        self.checks()
        self.left()
        self.lacking()
        self.config()
        self.patch()
        self.notes([note if self.secrets else redact(note) for note in record.notes])

    def made(self) -> None:
        record = self.record
        if not record.made:
            return
        self.console.print()
        table = self.table(
            ("saved", "right"), ("predicted", "right"), ("grade", "left"), ("line", "left"), ("rule", "left"),
            ("edit", "words"),
        )  # fmt: skip
        for made in record.made:
            edit = made.edit
            table.add_row(
                Text(self.size(made.saved)),
                Text(self.size(edit.bytes), style="dim"),
                Text(edit.grade),
                Text(words.lines(edit.lines), style="dim"),
                Text(edit.code),
                Text(self.clean(edit.what)),
            )
        self.show(table)

    def checks(self) -> None:
        if not self.record.checks:
            return
        seconds = max((made.seconds for made in self.record.made), default=0.0)
        self.heading("Proof", f"of all these edits together, in {seconds:.0f} s")
        table = self.table(("", "left"), ("", "words"), header=False)
        for check in self.record.checks:
            table.add_row(Text(self.clean(check.name), style="green"), Text(self.clean(check.detail)))
        self.show(table)

    def left(self) -> None:
        left = [row for row in self.record.left if row.tried or row.bytes >= self.record.options.min_size]
        if not left:
            return
        self.heading("Left as it is")
        table = self.table(("saves", "right"), ("rule", "left"), ("line", "left"), ("why", "words"))
        for row in left:
            table.add_row(
                Text(self.size(row.bytes) if row.bytes else "-"),
                Text(row.code),
                Text(words.lines(row.lines), style="dim"),
                Text(self.clean(row.why)),
            )
        self.show(table)

    def lacking(self) -> None:
        if not self.record.lacking:
            return
        self.heading("What the new image has no more")
        table = self.table(("", "right"), ("", "left"), ("", "path"), header=False)
        for row in self.record.lacking[: self.options.top]:
            paths = f"  ({quantity(row.paths, 'path')})" if row.paths else ""
            table.add_row(Text(self.size(row.bytes)), Text(row.kind, style="dim"), Text(escape(row.name) + paths))
        self.show(table)

    def config(self) -> None:
        for row in self.record.config:
            name = f"{row.field} {row.key}" if row.key else row.field
            words_ = f"{escape(name)}: {self.clean(row.before or 'not set')} → {self.clean(row.after or 'not set')}"
            self.show(Text(words_, style="yellow"))

    def patch(self) -> None:
        text, hidden = words.patch(self.record, self.secrets)
        if not text:
            return
        self.heading(
            "The patch", "without the secrets in its lines: imgscope fix --show-secrets shows them" if hidden else ""
        )
        styles = {"+": "green", "-": "red", "@": "cyan"}
        for line in text.splitlines():
            shown = "\t".join(map(escape, line.rstrip("\r").split("\t")))
            styled = Text(shown, style=styles.get(line[:1], ""))
            self.console.print(styled, soft_wrap=True)
