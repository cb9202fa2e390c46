"""What is told of a difference in words: sharing, pulling, totals, the selected layers, the configuration."""

from __future__ import annotations

from ...differences.model import Difference, LayerPair
from ...differences.report import words
from ...differences.report.words import signed
from ...escape import escape
from ...report.sizes import quantity, size
from ..details.facts import Facts, Row
from ..layers.pane import one_line


def pair_facts(pair: LayerPair) -> list[Row]:
    """Return the facts of a pair of layers."""
    rows: list[Row] = []
    if pair.old is not None and pair.new is not None and pair.same_instruction:
        rows.append(("Instruction", one_line(pair.new.instruction or "(no instruction known)")))
    else:
        for name, layer in (("In OLD", pair.old), ("In NEW", pair.new)):
            if layer is not None:
                rows.append((name, one_line(layer.instruction or "(no instruction known)")))
    rows.append(("Became", words.status(pair)))
    if pair.new is not None:
        stored = "not known" if pair.new.blob_bytes is None else size(pair.new.blob_bytes)
        rows.append(("Pulled", stored if pair.pulled else "no: OLD has it"))
        rows.append(("Content", size(pair.new.content_bytes)))
        rows.append(("Changed", f"{size(pair.really_new)} of files that OLD lacks"))
    for name, layer in (("OLD diff ID", pair.old), ("NEW diff ID", pair.new)):
        if layer is not None and layer.diff_id:
            rows.append((name, escape(layer.diff_id)))
    return rows


def difference_facts(difference: Difference) -> list[Row]:
    """Return what is shared, what is pulled, and the totals."""
    rows: list[Row] = [("Sharing", "")]
    told = words.sharing(difference)
    rows += [("Layers" if number == 0 else "", sentence) for number, sentence in enumerate(told)]
    if difference.broken is not None:
        for sign, text in words.culprit(difference.broken):
            name = {"-": "Was", "+": "Is"}.get(sign, "By")
            rows.append((name, escape(text)))
    for number, sentence in enumerate(words.pulling(difference.pull, False)):
        head, _, rest = sentence.partition(": ")
        if rest:
            rows.append(("To pull" if head == "to pull" else "Changed", rest))
        else:
            rows.append(("To pull" if number == 0 else "", sentence))
    return [*rows, ("", ""), ("Totals", ""), *_totals(difference)]


def _totals(difference: Difference) -> list[Row]:
    old, new = difference.old, difference.new
    rows: list[Row] = []
    for name, before, after in (
        ("Content", old.image.content_bytes, new.image.content_bytes),
        ("Merged", old.image.merged_bytes, new.image.merged_bytes),
        ("Wasted", old.image.wasted_bytes, new.image.wasted_bytes),
        ("Stored", old.image.blob_bytes, new.image.blob_bytes),
    ):
        if before is None or after is None:
            continue
        share = words.percent_change(before, after)
        same = "the same" if before == after else f"{signed(after - before)}{f', {share}' if share else ''}"
        rows.append((name, f"{size(before)} → {size(after)}  {same}"))
    rows.append(("Layers", f"{len(old.layers)} → {len(new.layers)}"))
    for kind, totals in difference.files.totals().items():
        name = words.KIND_NAMES[kind].capitalize()
        rows.append((name, f"{quantity(totals.count, 'path')}, {size(totals.bytes)}"))
    if difference.unpackaged_bytes:
        rows.append(("No package's", signed(difference.unpackaged_bytes)))
    rows += [("Note", escape(note)) for note in difference.notes]
    return rows


class DifferenceFacts(Facts):
    """What is shared and pulled, the selected pair of layers, and the totals."""

    def __init__(self, difference: Difference, *, id: str) -> None:
        """Show ``difference``."""
        super().__init__(id=id)
        self._whole = difference_facts(difference)

    def show_pair(self, pair: LayerPair | None) -> None:
        """Show a pair's facts after those of the whole."""
        rows = list(self._whole)
        if pair is not None:
            rows += [("", ""), ("Selected layer", ""), *pair_facts(pair)]
        at = self.scroll_y
        self.show(rows)
        self.scroll_to(y=at, animate=False, immediate=True)


class ConfigPane(Facts):
    """The settings that differ, each before and after."""

    def __init__(self, difference: Difference, *, id: str) -> None:
        """Show the configuration's part of ``difference``."""
        super().__init__(id=id)
        self._rows: list[Row] = []
        for row in difference.config:
            key = "" if row.key is None else f" {row.key}"
            self._rows.append((escape(row.field + key), ""))
            self._rows += [
                (sign, escape(value)) for sign, value in (("  -", row.before), ("  +", row.after)) if value is not None
            ]
        if not self._rows:
            self._rows = [("", "The configuration is the same.")]

    def on_mount(self) -> None:
        """Show it."""
        self.show(self._rows)
