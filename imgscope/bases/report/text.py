"""Bases for people: what is on what, what it needs, then the other bases, those that fit first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...escape import escape
from ...report.interface import Options
from ...report.page import Page
from ...report.sizes import percent, quantity
from . import words

if TYPE_CHECKING:
    from rich.text import Text

    from ..compare import Candidate, Comparison
    from ..facts import Facts

_STYLES = {"fits": "green", "unsure": "yellow", "unfit": "red"}


def render(comparison: Comparison, options: Options) -> Iterator[bytes]:
    """Yield the report."""
    page = _Report(comparison, options)
    page.write()
    yield page.bytes()


class _Report(Page):
    def __init__(self, comparison: Comparison, options: Options) -> None:
        super().__init__(options)
        self.comparison = comparison

    def write(self) -> None:
        self.identity()
        self.parts()
        self.packages()
        self.needs()
        self.candidates()
        for candidate in self.comparison.candidates:
            self.details(candidate)
        self.known()
        self.notes(self.comparison.notes)

    def identity(self) -> None:
        from rich.text import Text

        image, base = self.comparison.analysis.image, self.comparison.base
        line = Text(escape(image.reference), style="bold cyan")
        facts = [image.id[:19] if image.id.startswith("sha256:") else image.id, image.platform]
        line.append("  " + escape("  ".join(facts)), style="dim")
        self.console.print(line, no_wrap=True, overflow="ellipsis")
        if not base.layers:
            named = f"base  {escape(base.name)}, but not which layers are its" if base.name else "base  none found"
            self.console.print(Text("  " + named, style="dim"), overflow="fold")
            return
        count = quantity(base.layers, "layer")
        text = Text("  base  ", style="dim")
        text.append(escape(words.base_name(self.comparison)), style="bold")
        text.append(f"  {count} of {len(self.comparison.analysis.layers)}, {base.certainty}: {escape(base.how)}", "dim")
        self.console.print(text, overflow="fold")

    def parts(self) -> None:
        from rich.text import Text

        comparison = self.comparison
        brings, adds = comparison.brings, comparison.adds
        whole = brings.content_bytes + adds.content_bytes
        table = self.table(
            ("", "left"),
            ("in layers", "right"),
            ("", "right"),
            ("", "left"),
            ("seen", "right"),
            ("paths", "right"),
            ("packages", "right"),
            ("", "rest"),
        )
        bar = 8 if self.tight else 12
        for word, part in (("base", brings), ("app", adds)):
            table.add_row(
                word,
                self.size(part.content_bytes),
                Text(percent(part.content_bytes, whole), style="dim"),
                Text(self.bar(part.content_bytes, whole, bar), style="cyan"),
                self.size(part.merged_bytes),
                f"{part.files:,}",
                "-" if part.packages is None else f"{part.packages:,}",
                "",
            )
        known = brings.packages is not None and adds.packages is not None
        total = (brings.packages or 0) + (adds.packages or 0)
        table.add_row(
            "image",
            self.size(whole),
            "",
            "",
            self.size(brings.merged_bytes + adds.merged_bytes),
            f"{brings.files + adds.files:,}",
            f"{total:,}" if known else "-",
            "",
            style="dim",
        )
        self.console.print()
        self.show(table)

    def packages(self) -> None:
        from rich.text import Text

        rows = self.comparison.added
        if not rows:
            return
        top = rows[: self.options.top]
        self.heading("Packages that the app adds", f"{len(top):,} of {len(rows):,}" if len(top) < len(rows) else "")
        table = self.table(("bytes", "right"), ("", "left"), ("package", "left"), ("version", "rest"))
        for package in top:
            table.add_row(
                self.size(package.size),
                Text(package.ecosystem, style="dim"),
                escape(package.name),
                escape(package.version),
            )
        self.show(table)

    def needs(self) -> None:
        from rich.text import Text

        self.heading("What the app needs")
        table = self.table(("", "left"), ("", "words"), header=False)
        for word, text in words.needs(self.comparison.app):
            table.add_row(Text(word, style="dim"), Text(escape(text)))
        self.show(table)

    def candidates(self) -> None:
        from rich.text import Text

        comparison = self.comparison
        if not comparison.candidates:
            return
        self.heading("Bases", f"with the app's {self.size(comparison.adds.content_bytes)} on each")
        columns = [("", "left"), ("base", "right"), ("with app", "right"), ("delta", "right")]
        if not self.tight:
            columns += [("paths", "right"), ("packages", "right")]
        columns.append(("libc", "left"))
        if not self.narrow:
            columns.append(("shell", "left"))
        if not self.tight:
            columns += [("manager", "left"), ("user", "left")]
        table = self.table(*columns, ("", "rest"))
        facts = comparison.facts
        whole = comparison.brings.content_bytes + comparison.adds.content_bytes
        name = words.base_name(comparison)
        cells = self._facts(name, facts, whole, whole)
        table.add_row(*cells, Text("now", style="dim"))
        for one in comparison.candidates:
            cells = self._facts(one.name, one.facts, one.content_bytes, whole)
            table.add_row(*cells, Text(words.VERDICTS[one.fit.verdict], style=_STYLES[one.fit.verdict]))
        self.show(table)

    def _facts(self, name: str, facts: Facts, total: int, whole: int) -> list[str | Text]:
        from rich.text import Text

        from ...diff.report.words import signed

        delta = total - whole
        change = Text(
            signed(delta, self.options.exact_bytes) if delta else ".",
            style="green" if delta < 0 else "red" if delta else "dim",
        )
        limit = 24 if self.tight else 34
        cells: list[str | Text] = [
            escape(name if len(name) <= limit else "…" + name[-limit + 1 :]),
            self.size(facts.content_bytes),
            self.size(total),
            change,
        ]
        if not self.tight:
            cells += [f"{facts.files:,}", "-" if facts.packages is None else f"{facts.packages:,}"]
        cells.append(escape(facts.libc) or Text("none", style="dim"))
        if not self.narrow:
            cells.append(escape(facts.shell) or Text("none", style="dim"))
        if not self.tight:
            cells += [escape(facts.manager) or Text("none", style="dim"), escape(facts.user)]
        return cells

    def details(self, candidate: Candidate) -> None:
        from rich.text import Text

        fit = candidate.fit
        self.console.print()
        line = Text(escape(candidate.name), style="bold")
        line.append("  " + words.VERDICTS[fit.verdict], style=_STYLES[fit.verdict])
        line.append(": " + words.verdict(fit), style="dim")
        self.console.print(line, overflow="fold")
        shown = fit.lacks[: max(self.options.top, 1)]
        if shown:
            table = self.table(("", "left"), ("", "left"), ("", "words"), header=False)
            for row in shown:
                name, why = words.lack(row)
                limit = 34 if self.tight else 48
                style = "red" if row.decisive else "yellow"
                short = name if len(name) <= limit else name[: limit - 1] + "…"
                table.add_row(
                    Text(words.KINDS[row.kind], style="dim"),
                    Text(escape(short), style=style),
                    Text(escape(why), style="dim"),
                )
            self.show(table)
        if len(fit.lacks) > len(shown):
            self.show(Text(f"and {len(fit.lacks) - len(shown):,} more", style="dim"))
        if candidate.manager_missing:
            self.show(
                Text(
                    f"to build on it: its instructions call {candidate.manager_missing}, and it has "
                    f"{candidate.facts.manager or 'no package manager'}",
                    style="dim",
                )
            )

    def known(self) -> None:
        from rich.text import Text

        rows = self.comparison.known
        if not rows:
            return
        self.heading("Well-known bases", "not at hand")
        self.show(Text(words.source(self.comparison), style="dim"))
        table = self.table(
            ("", "left"),
            ("base", "right"),
            ("with app", "right"),
            ("made", "left"),
            ("libc", "left"),
            *([] if self.tight else [("shell", "left"), ("manager", "left")]),
            ("", "words"),
        )
        added = self.comparison.adds.content_bytes
        for row in rows:
            known = row.known
            cells: list[str | Text] = [
                known.name,
                self.size(known.bytes),
                self.size(known.bytes + added),
                Text(known.dated or "-", style="dim"),
                known.libc or Text("none", style="dim"),
            ]
            if not self.tight:
                cells += [known.shell or Text("none", style="dim"), known.manager or Text("none", style="dim")]
            verdict = Text(f"no: {row.unfit}", style="red") if row.unfit else Text("try it by --with", style="dim")
            table.add_row(*cells, verdict)
        self.show(table)
