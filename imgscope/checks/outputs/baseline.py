"""A saved baseline for people: what it was made of, and where its bytes are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...escape import escape
from ...paths import public
from ...report.page import Page, Text
from ...report.sizes import percent, quantity, size

if TYPE_CHECKING:
    from ...report.interface import Options
    from ..baselines.model import Baseline


def render(base: Baseline, options: Options) -> Iterator[bytes]:
    """Yield the page."""
    page = _Shown(base, options)
    page.write()
    yield page.bytes()


class _Shown(Page):
    def __init__(self, base: Baseline, options: Options) -> None:
        super().__init__(options)
        self.base = base

    def write(self) -> None:
        self.figures()
        self.layers()
        self.files()
        self.directories()

    def figures(self) -> None:
        base = self.base
        self.console.print(Text(escape(base.reference), style="bold cyan"), no_wrap=True, overflow="ellipsis")
        identity = base.id[:19] if base.id.startswith("sha256:") else base.id
        self.console.print(Text(f"  {escape(identity)}  {escape(base.platform)}", style="dim"))
        self.console.print()
        table = self.table(("", "left"), ("", "right"), ("", "words"), header=False)
        paths = f"{quantity(base.file_count, 'path')} in {quantity(len(base.layers), 'layer')}"
        table.add_row("content", self.size(base.content_bytes), Text(paths, style="dim"))
        share = f"{percent(base.wasted_bytes, base.content_bytes)} of the content"
        table.add_row("wasted", self.size(base.wasted_bytes), Text(share, style="dim"))
        word = "compressed" if base.compressed else "not compressed"
        table.add_row("stored", self.size(base.blob_bytes), Text(f"blobs as stored, {word}", style="dim"))
        self.show(table)

    def layers(self) -> None:
        self.heading("Layers")
        table = self.table(("#", "right"), ("size", "right"), ("wasted", "right"), ("instruction", "rest"))
        for number, layer in enumerate(self.base.layers):
            wasted = self.size(layer.wasted_bytes) if layer.wasted_bytes else "."
            instruction = escape(layer.instruction) or "(no history)"
            table.add_row(Text(str(number), style="dim"), self.size(layer.content_bytes), wasted, instruction)
        self.show(table)

    def files(self) -> None:
        rows = self.base.files[: self.options.top]
        if not rows:
            return
        above = f", all above {size(self.base.files_above)}" if self.base.files_above else ""
        count = quantity(len(self.base.files), "file")
        self.heading("Largest files", f"{len(rows):,} of {count} named by the baseline{above}")
        table = self.table(("bytes", "right"), ("layer", "right"), ("path", "path"))
        for path, layer, count_bytes in rows:
            table.add_row(self.size(count_bytes), str(layer), escape(public(path)))
        self.show(table)

    def directories(self) -> None:
        rows = sorted(self.base.directories, key=lambda row: (-row[2], row[0]))[: self.options.top]
        if not rows:
            return
        self.heading("Smaller files", "summed up by directory")
        table = self.table(("bytes", "right"), ("files", "right"), ("layer", "right"), ("path", "path"))
        for path, layer, count, number in rows:
            table.add_row(self.size(count), f"{number:,}", str(layer), escape(public(path)))
        self.show(table)
