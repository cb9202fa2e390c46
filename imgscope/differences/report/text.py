"""The difference for people: what it costs first, then what differs, largest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...escape import escape
from ...report.interface import Options
from ...report.page import Instruction, Page, Table, Text
from ...report.sizes import quantity
from . import words
from .words import signed

if TYPE_CHECKING:
    from ..model import Difference, LayerPair

_STYLES = {
    "added": "green",
    "removed": "red",
    "changed": "yellow",
    "type_changed": "magenta",
    "moved": "blue",
    "metadata_only": "cyan",
    "unread": "dim",
    "upgraded": "yellow",
    "downgraded": "magenta",
    "modified": "cyan",
    "shared": "dim",
    "same": "dim",
    "edited": "yellow",
    "reordered": "blue",
    "new": "green",
    "gone": "red",
}


def render(difference: Difference, options: Options) -> Iterator[bytes]:
    """Yield the report."""
    page = _Report(difference, options)
    page.write()
    yield page.bytes()


class _Report(Page):
    def __init__(self, difference: Difference, options: Options) -> None:
        super().__init__(options)
        self.difference = difference

    def write(self) -> None:
        wants = self.difference.filter.wants
        self.identity()
        self.totals()
        if wants("layers"):
            self.sharing()
            self.layers()
        if wants("files"):
            self.files()
        if wants("packages"):
            self.packages()
        if wants("config"):
            self.config()
        self.notes(self.difference.notes)

    def delta(self, count: int) -> Text:
        return Text(signed(count, self.options.exact_bytes), style="green" if count < 0 else "red" if count else "dim")

    def line(self, text: str, style: str = "") -> None:
        self.console.print(Text("  " + text, style=style), overflow="fold")

    def identity(self) -> None:
        for word, analysis in (("old", self.difference.old), ("new", self.difference.new)):
            image = analysis.image
            line = Text(f"{word}  ", style="dim")
            line.append(escape(image.title), style="bold cyan")
            facts = [image.id[:19] if image.id.startswith("sha256:") else image.id, image.platform]
            line.append("  " + escape("  ".join(facts)), style="dim")
            self.console.print(line, no_wrap=True, overflow="ellipsis")

    def totals(self) -> None:
        old, new = self.difference.old, self.difference.new
        table = self.table(("", "left"), ("old", "right"), ("new", "right"), ("", "right"), ("", "rest"))
        rows: list[tuple[str, int | None, int | None]] = [
            ("content", old.image.content_bytes, new.image.content_bytes),
            ("merged", old.image.merged_bytes, new.image.merged_bytes),
            ("wasted", old.image.wasted_bytes, new.image.wasted_bytes),
            ("stored", old.image.blob_bytes, new.image.blob_bytes),
        ]
        for word, before, after in rows:
            known = before is not None and after is not None
            change = self.delta(after - before) if before is not None and after is not None else Text("-")
            share = words.percent_change(before or 0, after or 0) if known else ""
            table.add_row(word, self.size(before), self.size(after), change, Text(share, style="dim"))
        for word, a, b in (
            ("layers", len(old.layers), len(new.layers)),
            ("paths", old.image.file_count, new.image.file_count),
        ):
            table.add_row(word, f"{a:,}", f"{b:,}", Text(f"{b - a:+,}" if b != a else "0", style="dim"), "")
        self.console.print()
        self.show(table)

    # -- layers ------------------------------------------------------------------------------------------

    def sharing(self) -> None:
        difference = self.difference
        self.heading("Sharing")
        first, *others = words.sharing(difference)
        self.line(first, "bold yellow" if difference.broken else "")
        if difference.broken is not None:
            for mark, words_of in words.culprit(difference.broken):
                sign = f"{mark} " if mark else ""
                style = {"-": "red", "+": "green"}.get(mark, "")
                self.console.print(
                    Text(f"    {sign}{escape(words_of)}", style=style), no_wrap=True, overflow="ellipsis"
                )
        for text in others:
            self.line(text)
        for text in words.pulling(difference.pull, self.options.exact_bytes):
            self.line(text)

    def layers(self) -> None:
        pairs = self.difference.layers
        if not pairs:
            return
        self.heading("Layers", "stored bytes, bytes of files that OLD lacks at their path")
        columns = [("old", "right"), ("new", "right"), ("", "left"), ("stored", "right"), ("new bytes", "right")]
        table = self.table(*columns, ("instruction", "rest"))
        shared = 0
        for pair in pairs:
            if pair.status == "shared":
                shared += 1
                continue
            if shared:
                self._shared(table, shared)
                shared = 0
            word = words.status(pair)
            layer = pair.new or pair.old
            assert layer is not None
            stored = Text(self.size(layer.blob_bytes) if pair.new else ".")
            stored.stylize("bold" if pair.pulled else "dim")
            fresh = Text(self.size(pair.really_new) if pair.really_new else ".", style="" if pair.really_new else "dim")
            table.add_row(
                str(pair.old.index) if pair.old else "",
                str(pair.new.index) if pair.new else "",
                Text(word, style=_STYLES[word]),
                stored,
                fresh,
                Instruction(escape(words.instruction(layer))),
            )
        if shared:
            self._shared(table, shared)
        self.show(table)

    def _shared(self, table: Table, count: int) -> None:
        """Add one row for the shared layers: they are many, and nothing is to be said of each."""
        pairs: list[LayerPair] = [pair for pair in self.difference.layers if pair.status == "shared"]
        numbers = "0" if count == 1 else f"0-{count - 1}"
        stored = [pair.new.blob_bytes for pair in pairs if pair.new]
        total = None if None in stored else sum(size for size in stored if size is not None)
        what = quantity(count, "layer") + " in common"
        if count == 1 and pairs[0].new:
            what = words.instruction(pairs[0].new)
        dim = [numbers, numbers, "shared", self.size(total), ".", escape(what)]
        table.add_row(*(Text(cell, style="dim") for cell in dim))

    # -- files -------------------------------------------------------------------------------------------

    def files(self) -> None:
        files = self.difference.files
        totals = files.totals()
        if not totals:
            self.heading("Files", "no difference")
            return
        self.heading("Files", "of the merged tree")
        table = self.table(("", "left"), ("", "right"), ("", "right"), ("", "rest"), header=False)
        times = files.only_times()
        details = {
            "metadata_only": f"{times:,} of them in time only" if times else "",
            "unread": "the same size; contents not at hand",
        }
        for kind, sums in totals.items():
            word = Text(f"{words.MARKS[kind]} {words.KIND_NAMES[kind]}", style=_STYLES[kind])
            note = Text(details.get(kind, ""), style="dim")
            table.add_row(word, f"{sums.count:,}", self.size(sums.bytes), note)
        self.show(table)
        self.directories()
        self.largest()

    def directories(self) -> None:
        lines = words.outline(self.difference.files.directories(), self.options.top + 5)
        if not lines:
            return
        self.heading("Directories", "bytes come, gone, and the difference, with what lies below")
        table = self.table(("come", "right"), ("gone", "right"), ("delta", "right"), ("path", "path"))
        for depth, label, row in lines:
            come = Text(
                signed(row.came, self.options.exact_bytes) if row.came else ".", style="" if row.came else "dim"
            )
            gone = Text(
                signed(-row.gone, self.options.exact_bytes) if row.gone else ".", style="" if row.gone else "dim"
            )
            table.add_row(come, gone, self.delta(row.delta), "  " * depth + escape(label))
        self.show(table)

    def largest(self) -> None:
        shown = frozenset(words.KIND_NAMES) - {"metadata_only", "unread"}
        rows = self.difference.files.largest(self.options.top, shown)
        if not rows:
            return
        self.heading("Largest differences", f"{len(rows):,} of {quantity(len(self.difference.files), 'path')}")
        columns = [("delta", "right")] + ([] if self.narrow else [("old", "right"), ("new", "right")])
        table = self.table(*columns, ("", "left"), ("path", "path"))
        for row in rows:
            cells = [self.delta(row.delta)]
            if not self.narrow:
                sizes = (row.size_before, row.size_after)
                cells += [Text(self.size(count) if count is not None else ".", style="dim") for count in sizes]
            path = escape(row.path)
            if row.path_before is not None:
                path = f"{escape(row.path_before)} {self.arrow} {path}"
            elif row.kind == "type_changed":
                path += f"  ({row.type_before} {self.arrow} {row.type_after})"
            table.add_row(*cells, Text(words.MARKS[row.kind], style=_STYLES[row.kind]), path)
        self.show(table)

    @property
    def arrow(self) -> str:
        """The sign between before and after."""
        return "→" if self.options.unicode else "->"

    # -- packages and config -----------------------------------------------------------------------------

    def packages(self) -> None:
        rows = self.difference.packages
        if not rows:
            return
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.kind] = counts.get(row.kind, 0) + 1
        self.heading("Packages", ", ".join(f"{count:,} {kind}" for kind, count in counts.items()))
        table = self.table(("delta", "right"), ("", "left"), ("", "left"), ("package", "left"), ("version", "rest"))
        for row in rows[: self.options.top * 2]:
            versions = [version for version in (row.version_before, row.version_after) if version is not None]
            if row.kind == "modified":
                versions = versions[:1]
            table.add_row(
                self.delta(row.delta),
                Text(row.kind, style=_STYLES[row.kind]),
                Text(row.ecosystem, style="dim"),
                escape(row.name),
                f" {self.arrow} ".join(map(escape, versions)),
            )
        if self.difference.unpackaged_bytes:
            table.add_row(
                self.delta(self.difference.unpackaged_bytes), "", "", Text("files of no package", style="dim"), ""
            )
        if len(rows) > self.options.top * 2:
            table.add_row("", "", "", f"and {len(rows) - self.options.top * 2:,} more", "")
        self.show(table)

    def config(self) -> None:
        rows = self.difference.config
        if not rows:
            return
        self.heading("Config", quantity(len(rows), "difference"))
        for row in rows[: words.MAX_CONFIG]:
            line = Text(f"  {row.field}", style="bold")
            if row.key is not None:
                line.append(f" {escape(row.key)}", style="")
            self.console.print(line, overflow="fold")
            for mark, value, style in (("-", row.before, "red"), ("+", row.after, "green")):
                if value is not None:
                    self.console.print(Text(f"    {mark} {escape(value)}", style=style), overflow="fold")
        if len(rows) > words.MAX_CONFIG:
            self.console.print(f"  and {len(rows) - words.MAX_CONFIG:,} more; --format json has them all")
