"""The report for people: what an image is made of, layer by layer, and what of it is wasted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..escape import escape
from . import words
from .interface import Options
from .page import Instruction, Page, Text
from .sizes import percent, quantity
from .words import REASONS

if TYPE_CHECKING:
    from ..analysis import Analysis


def render(analysis: Analysis, options: Options) -> Iterator[bytes]:
    """Yield the report; see ``interface.Render``."""
    page = _Report(analysis, options)
    page.write()
    yield page.bytes()


class _Report(Page):
    def __init__(self, analysis: Analysis, options: Options) -> None:
        super().__init__(options)
        self.analysis = analysis

    def write(self) -> None:
        self.identity()
        if not self.analysis.image.layers_read:
            self.outline()
            return
        self.totals()
        self.layers()
        self.files()
        self.packages()
        self.directories()
        if self.options.duplicates:
            self.duplicates()
        self.waste()
        self.notes(self.analysis.notes)
        self.next()

    def identity(self) -> None:
        image = self.analysis.image
        self.console.print(Text(escape(image.title), style="bold cyan"), no_wrap=True, overflow="ellipsis")
        others = [name for name in image.names if name != image.reference]
        facts = [image.id[:19] if image.id.startswith("sha256:") else image.id, escape(image.system)]
        if image.created:
            facts.append(f"created {image.created[:10]}")
        for line in (", ".join(others), "  ".join(facts)):
            if line:
                self.console.print(Text("  " + escape(line), style="dim"), no_wrap=True, overflow="ellipsis")

    def totals(self) -> None:
        image = self.analysis.image
        dive = image.dive
        table = self.table(("", "left"), ("", "right"), ("", "words"), header=False)
        table.add_row("content", self.size(image.content_bytes), Text(words.content(self.analysis), style="dim"))
        table.add_row("merged", self.size(image.merged_bytes), Text("what a container sees", style="dim"))
        share = percent(image.wasted_bytes, image.content_bytes)
        note = Text(f"{share} of the content", style="yellow" if image.wasted_bytes else "dim")
        table.add_row(
            "wasted", Text(self.size(image.wasted_bytes), style="bold yellow" if image.wasted_bytes else ""), note
        )
        for name, number, word in words.stored(self.analysis, self.size):
            table.add_row(name, number, Text(word, style="dim"))
        shares = [percent(dive.efficiency), f"wasted {self.size(dive.wasted_bytes)}"]
        if math.isfinite(dive.user_wasted_percent):
            shares.append(f"user wasted {percent(dive.user_wasted_percent)}")
        table.add_row("efficiency", percent(image.efficiency), Text("dive: " + ", ".join(shares), style="dim"))
        self.console.print()
        self.show(table)
        exact = (
            f"{image.content_bytes:,} B in layers = {image.merged_bytes:,} B merged + {image.wasted_bytes:,} B wasted"
        )
        self.show(Text(exact, style="dim"))
        if image.verified:
            rest = "" if "layers" in image.verified else "; those of layers are not (--verify)"
            self.show(Text(f"digests checked: {', '.join(image.verified)}{rest}", style="dim"))

    def outline(self) -> None:
        """Write what is known before the layers are read."""
        analysis = self.analysis
        table = self.table(("", "left"), ("", "right"), ("", "words"), header=False)
        count = Text(f"{quantity(len(analysis.layers), 'layer')}, as stored", style="dim")
        table.add_row("to pull", self.size(analysis.image.blob_bytes), count)
        self.console.print()
        self.show(table)
        self.heading("Layers", "bytes as stored")
        table = self.table(("#", "right"), ("stored", "right"), ("instruction", "rest"))
        for step, layer in words.rows(analysis, self.options.history):
            if layer is None:
                assert step is not None
                table.add_row("", "", Instruction(words.step(step), "dim"))
                continue
            number = Text(str(layer.index), style="dim")
            table.add_row(number, self.size(layer.blob_bytes), Instruction(words.instruction(layer)))
        self.show(table)
        self.notes(analysis.notes)

    def layers(self) -> None:
        layers = self.analysis.layers
        compressed = any(layer.compression for layer in layers)
        # As narrow as 80 columns, what was stored and the titles of the counts make room for the instruction.
        titles = ("+", "~", "-") if self.tight else ("added", "changed", "removed")
        meaning = "paths + added, ~ changed, - removed" if self.tight else "paths added, changed and removed"
        wasted = "bytes it made waste" if self.tight else "bytes that the layer made waste"
        self.heading("Layers", wasted if self.narrow else f"{meaning}; {wasted}")
        stored = compressed and not self.tight
        bar = 6 if self.tight else 10
        columns = [("#", "right"), ("size", "right")]
        if not self.narrow:
            columns += [("stored", "right")] if stored else []
            columns += [("", "left"), *((title, "right") for title in titles)]
        table = self.table(*columns, ("wasted", "right"), ("instruction", "rest"))
        largest = max((layer.content_bytes for layer in layers), default=0)
        for step, layer in words.rows(self.analysis, self.options.history):
            if layer is None:
                assert step is not None
                blanks = [""] * (len(table.columns) - 1)
                table.add_row(*blanks, Instruction(words.step(step), "dim"))
                continue
            cells = [Text(str(layer.index), style="dim"), Text(self.size(layer.content_bytes))]
            if not self.narrow:
                if stored:
                    cells.append(Text(self.size(layer.blob_bytes), style="dim"))
                cells.append(Text(self.bar(layer.content_bytes, largest, bar), style="cyan"))
                changed = layer.modified.count + layer.metadata_only.count + layer.rewritten.count
                for count, style in ((layer.added.count, "green"), (changed, "yellow"), (layer.removed.count, "red")):
                    cells.append(Text(f"{count:,}" if count else ".", style=style if count else "dim"))
            waste = Text(self.size(layer.wasted_bytes) if layer.wasted_bytes else ".")
            waste.stylize("yellow" if layer.wasted_bytes else "dim")
            table.add_row(*cells, waste, Instruction(words.instruction(layer)))
        self.show(table)

    def waste(self) -> None:
        analysis = self.analysis
        if not analysis.image.wasted_bytes:
            return
        by_reason = analysis.waste_by_reason()
        self.heading("Waste by reason")
        table = self.table(("", "right"), ("", "right"), ("", "rest"), header=False)
        for reason, totals in by_reason.items():
            table.add_row(self.size(totals.bytes), quantity(totals.count, "copy", "copies"), REASONS[reason])
        self.show(table)
        groups, rest = words.groups(analysis, self.options.top)
        self.heading("Waste", "stored in layer → made waste by layer, reason, where")
        columns = [("", "right"), ("", "left"), *([] if self.narrow else [("", "left")]), ("", "path")]
        table = self.table(*columns, header=False)
        for group in groups:
            cells = [self.size(group.bytes), f"{group.stored_in}→{group.wasted_by}"]
            if not self.narrow:
                cells.append(REASONS[group.reason])
            table.add_row(*cells, escape(words.group(group)))
        if rest is not None:
            count, left = rest
            table.add_row(
                self.size(left), *[""] * (len(columns) - 2), Text(f"in {quantity(count, 'more row')}", style="dim")
            )
        self.show(table)

    def files(self) -> None:
        rows = self.analysis.top_files(self.options.top)
        if not rows:
            return
        self.heading("Largest files", "bytes, layer, path")
        table = self.table(("", "right"), ("", "right"), ("", "path"), header=False)
        for row in rows:
            table.add_row(self.size(row.bytes), f"{row.layer}", escape(row.path))
        self.show(table)

    def packages(self) -> None:
        found = self.analysis.packages
        rows = [row for row in found.rows[: self.options.top] if row.bytes]
        if not rows and not found.unread:
            return
        detail = f"of {quantity(found.count, 'package')} with {self.size(found.bytes)}" if found.count else ""
        self.heading("Largest packages", detail)
        if rows:
            table = self.table(("", "right"), ("", "left"), ("", "rest"), header=False)
            for row in rows:
                table.add_row(self.size(row.bytes), row.ecosystem, escape(f"{row.name} {row.version}".rstrip()))
            self.show(table)
        for line in words.unread(found):
            self.show(Text(escape(line), style="dim"))

    def directories(self) -> None:
        rows = self.analysis.top_directories(self.options.top)
        if not rows:
            return
        self.heading("Largest directories", "bytes, paths below, path")
        table = self.table(("", "right"), ("", "right"), ("", "path"), header=False)
        for row in rows:
            table.add_row(self.size(row.bytes), f"{row.count:,}", escape(row.path))
        self.show(table)

    def next(self) -> None:
        line = words.following(self.analysis, self.options)
        if line:
            self.console.print()
            # To be copied: a terminal wraps it, the report does not.
            self.console.print(Text(line, style="dim"), soft_wrap=True)

    def duplicates(self) -> None:
        found = self.analysis.duplicates()
        total = sum(duplicate.redundant_bytes for duplicate in found)
        detail = f"{self.size(total)} in {quantity(len(found), 'group')}" if found else "none"
        self.heading("Equal files at different paths", detail)
        if not found:
            return
        table = self.table(("redundant", "right"), ("copies", "right"), ("size", "right"), ("path", "path"))
        for duplicate in found[: self.options.top]:
            cells = [self.size(duplicate.redundant_bytes), str(len(duplicate.paths)), self.size(duplicate.size)]
            table.add_row(*cells, escape(duplicate.paths[0]))
            for path in duplicate.paths[1:4]:
                table.add_row("", "", "", escape(path))
            if len(duplicate.paths) > 4:
                table.add_row("", "", "", f"and {len(duplicate.paths) - 4:,} more")
        self.show(table)
