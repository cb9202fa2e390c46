"""Bases for people: what is on what, what it needs, then the other bases, those that fit first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...escape import escape
from ...report.interface import Options
from ...report.page import Page, Table, Text
from ...report.sizes import percent, quantity
from . import words

if TYPE_CHECKING:
    from ..compare import Bases, Candidate
    from ..facts import Facts

# As wide as this, the table of bases has room for all that is known of each.
_WIDE = 128
_STYLES = {"fits": "green", "unsure": "yellow", "unfit": "red"}


def render(comparison: Bases, options: Options) -> Iterator[bytes]:
    """Yield the report."""
    page = _Report(comparison, options)
    page.write()
    yield page.bytes()


class _Report(Page):
    def __init__(self, comparison: Bases, options: Options) -> None:
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
        image, base = self.comparison.analysis.image, self.comparison.base
        line = Text(escape(image.title), style="bold cyan")
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
        self.heading("What the app needs")
        table = self.table(("", "left"), ("", "words"), header=False)
        for word, text in words.needs(self.comparison.app):
            table.add_row(Text(word, style="dim"), Text(escape(text)))
        self.show(table)

    @property
    def wide(self) -> bool:
        """Whether all facts of a base fit into one line of the table."""
        return self.options.width >= _WIDE

    def candidates(self) -> None:
        comparison = self.comparison
        if not comparison.candidates:
            return
        self.heading("Bases", f"with the app's {self.size(comparison.adds.content_bytes)} on each")
        columns = [("", "left"), ("", "left"), ("base", "right"), ("with app", "right")]
        columns += [] if self.narrow else [("delta", "right")]
        columns += [("paths", "right"), ("packages", "right")] if self.wide else []
        columns += [("libc", "left" if self.wide else "rest")]
        columns += [("shell", "left"), ("manager", "left"), ("user", "rest")] if self.wide else []
        table = self.table(*columns)
        whole = comparison.brings.content_bytes + comparison.adds.content_bytes
        now = Text("now", style="dim")
        self._row(table, words.base_name(comparison), now, comparison.facts, whole, 0)
        for one in comparison.candidates:
            verdict = Text(words.SHORT[one.fit.verdict], style=_STYLES[one.fit.verdict])
            self._row(table, one.name, verdict, one.facts, one.content_bytes, one.content_bytes - whole)
        self.show(table)

    def _row(self, table: Table, name: str, verdict: Text, facts: Facts, total: int, delta: int) -> None:
        from ...differences.report.words import signed

        limit = 26 if self.tight else 36
        style = "green" if delta < 0 else "red" if delta else "dim"
        none = Text("none", style="dim")
        cells: list[str | Text] = [
            escape(name if len(name) <= limit else "…" + name[-limit + 1 :]),
            verdict,
            self.size(facts.content_bytes),
            self.size(total),
        ]
        if not self.narrow:
            cells.append(Text(signed(delta, self.options.exact_bytes) if delta else ".", style=style))
        if self.wide:
            cells += [f"{facts.files:,}", "-" if facts.packages is None else f"{facts.packages:,}"]
        cells.append(escape(facts.libc) or none)
        if self.wide:
            cells += [escape(facts.shell) or none, facts.manager or none, escape(facts.user)]
        table.add_row(*cells)

    def details(self, candidate: Candidate) -> None:
        fit = candidate.fit
        self.console.print()
        line = Text(escape(candidate.name), style="bold")
        line.append("  " + words.VERDICTS[fit.verdict], style=_STYLES[fit.verdict])
        line.append(": " + words.verdict(fit), style="dim")
        self.console.print(line, overflow="fold")
        if not self.wide or candidate.facts.distribution:
            self.show(Text(escape(words.facts(candidate.facts)), style="dim"))
        shown = fit.lacks[: max(self.options.top, 1)]
        if shown:
            table = self.table(("", "left"), ("", "left"), ("", "path"), header=False)
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
        rows = self.comparison.known
        if not rows:
            return
        self.heading("Well-known bases", "not at hand")
        self.show(Text(words.source(self.comparison), style="dim"))
        columns = [("", "left"), ("base", "right"), ("with app", "right")]
        columns += [] if self.tight else [("made", "left")]
        columns += [("libc", "left")]
        columns += [("shell", "left"), ("manager", "left")] if self.wide else []
        table = self.table(*columns, ("", "rest"))
        added = self.comparison.adds.content_bytes
        for row in rows:
            known = row.known
            cells: list[str | Text] = [
                known.name,
                self.size(known.bytes),
                self.size(known.bytes + added),
            ]
            if not self.tight:
                cells.append(Text(known.dated or "-", style="dim"))
            cells.append(known.libc or Text("none", style="dim"))
            if self.wide:
                cells += [known.shell or Text("none", style="dim"), known.manager or Text("none", style="dim")]
            verdict = Text(f"no: {row.unfit}", style="red") if row.unfit else Text("try it by --with", style="dim")
            table.add_row(*cells, verdict)
        self.show(table)
