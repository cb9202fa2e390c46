"""The report for people: what an image is made of, layer by layer, and what of it is wasted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..escape import escape
from .interface import Options
from .page import Instruction, Page
from .sizes import percent, quantity

if TYPE_CHECKING:
    from ..analysis import Analysis, Layer

REASONS = {
    "overwritten": "overwritten",
    "rewritten": "rewritten identically",
    "metadata_only": "metadata only",
    "removed": "removed",
    "shadowed": "shadowed directory",
    "repeated": "repeated in its layer",
}


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
        self.totals()
        self.layers()
        self.waste()
        self.directories()
        if self.options.duplicates:
            self.duplicates()
        self.notes(self.analysis.notes)

    def identity(self) -> None:
        from rich.text import Text

        image = self.analysis.image
        self.console.print(Text(escape(image.reference), style="bold cyan"), no_wrap=True, overflow="ellipsis")
        others = [name for name in image.names if name != image.reference]
        facts = [image.id[:19] if image.id.startswith("sha256:") else image.id, escape(image.system)]
        if image.created:
            facts.append(f"created {image.created[:10]}")
        for line in (", ".join(others), "  ".join(facts)):
            if line:
                self.console.print(Text("  " + escape(line), style="dim"), no_wrap=True, overflow="ellipsis")

    def totals(self) -> None:
        from rich.text import Text

        image = self.analysis.image
        dive = image.dive
        table = self.table(("", "left"), ("", "right"), ("", "words"), header=False)
        files = f"{quantity(image.file_count, 'path')} in {quantity(len(self.analysis.layers), 'layer')}"
        table.add_row("content", self.size(image.content_bytes), Text(files, style="dim"))
        table.add_row("merged", self.size(image.merged_bytes), Text("what a container sees", style="dim"))
        share = percent(image.wasted_bytes, image.content_bytes)
        note = Text(f"{share} of the content", style="yellow" if image.wasted_bytes else "dim")
        table.add_row(
            "wasted", Text(self.size(image.wasted_bytes), style="bold yellow" if image.wasted_bytes else ""), note
        )
        compressed = any(layer.compression for layer in self.analysis.layers)
        word = "blobs as stored, compressed" if compressed else "blobs as stored, not compressed"
        table.add_row("stored", self.size(image.blob_bytes), Text(word, style="dim"))
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

    def layers(self) -> None:
        from rich.text import Text

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
        for layer in layers:
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
            table.add_row(*cells, waste, Instruction(self.instruction(layer)))
        self.show(table)

    def instruction(self, layer: Layer) -> str:
        if layer.missing:
            return escape(layer.missing)
        return escape(" ".join(layer.instruction.split())) or "(no history)"

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
        count = sum(totals.count for totals in by_reason.values())
        shown = min(self.options.top, count)
        self.heading("Largest waste", f"{shown:,} of {quantity(count, 'copy', 'copies')}")
        columns = [("bytes", "right"), ("layer", "right"), ("by", "right")]
        table = self.table(*columns, *([] if self.narrow else [("reason", "left")]), ("path", "path"))
        for waste in analysis.top_waste(self.options.top):
            cells = [self.size(waste.bytes), str(waste.stored_in), str(waste.wasted_by)]
            if not self.narrow:
                cells.append(REASONS[waste.reason])
            table.add_row(*cells, escape(waste.path))
        self.show(table)

    def directories(self) -> None:
        rows = self.analysis.top_directories(self.options.top)
        if not rows:
            return
        self.heading("Largest directories", "of the merged tree, with what lies below them")
        table = self.table(("bytes", "right"), ("paths", "right"), ("path", "path"))
        for row in rows:
            table.add_row(self.size(row.bytes), f"{row.count:,}", escape(row.path))
        self.show(table)

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
