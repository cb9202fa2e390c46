"""What if: layers and findings are struck out, and all panes show the image without them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from ..analysis import Analysis
from ..escape import escape
from ..report.sizes import percent, quantity, size
from .details.pane import DetailsPane
from .findings.dockerfile import DockerfileScreen, changes
from .findings.pane import FindingsPane
from .layer_filter import LayerFilter
from .model.views import Views
from .model.without import Without
from .text import clip_left
from .waste.pane import WastePane
from .widgets import Lines

if TYPE_CHECKING:
    from ..suggestions.model import Finding, Suggestions


class WhatIf(LayerFilter):
    """An image, as it is or without something."""

    def __init__(self, analysis: Analysis) -> None:
        """Show all of ``analysis``."""
        super().__init__()
        self.analysis = analysis
        self.report: Suggestions | None = None
        """What was found, once that is known."""
        self.views: Views | None = None
        self.struck: list[int | Finding] = []
        """Layers and findings that the image is shown without, in the order in which they were struck out."""
        self.without: Without | None = None
        self._whole: Views | None = None
        """The views of the image as it is."""

    @property
    def findings_pane(self) -> FindingsPane:
        """The findings."""
        return self.query_one("#findings", FindingsPane)

    @property
    def waste_pane(self) -> WastePane:
        """The wasted files."""
        return self.query_one("#waste", WastePane)

    def struck_out(self) -> tuple[list[int], list[Finding]]:
        """Return the layers and the findings that are struck out."""
        return (
            [item for item in self.struck if isinstance(item, int)],
            [item for item in self.struck if not isinstance(item, int)],
        )

    def show_changes(self) -> None:
        """Show what to change in a Dockerfile for what is struck out."""
        layers, findings = self.struck_out()
        lines = changes(self.analysis, self.report, layers, findings)
        self.app.push_screen(DockerfileScreen(f"What to change: without {len(self.struck)}", lines))

    def summary(self) -> Text:
        """Write the title line: the image's figures, or those of the image without what is struck out."""
        image, without = self.analysis.image, self.without
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(clip_left(escape(image.title), 40), style="bold")
        if without is None:
            content, wasted, merged = image.content_bytes, image.wasted_bytes, image.merged_bytes
            text.append(f"  {quantity(len(self.analysis.layers), 'layer')} · {size(content)} content")
        else:
            content, wasted = without.content_bytes, without.wasted_bytes
            merged = content - wasted
            text.append(f"  without {len(self.struck)}: {size(content)}", style="bold")
            text.append(f" (−{size(image.content_bytes - content)})")
        if wasted:
            text.append(f" · {size(wasted)} wasted ({percent(wasted, content)})")
        text.append(f" · {size(merged)} merged")
        text.append(f" · efficiency {percent(merged / content if content else 1.0)}")
        return text

    def action_toggle_folder(self) -> None:
        """Open or close a folder; in the layers and the findings strike out the selected one, or take that back."""
        if self.focused is self.layer_pane and self.analysis.layers:
            self._strike(self.layer_pane.cursor)
        elif self.focused is self.findings_pane:
            finding = self.findings_pane.selected
            if finding is not None and not finding.claims:
                self.notify(f"{finding.code} saves no bytes by itself.", severity="warning")
            elif finding is not None:
                self._strike(finding)
        else:
            super().action_toggle_folder()

    def _strike(self, item: int | Finding) -> None:
        """Strike out a layer or a finding, or take that back if it is."""
        if self.paths is None:
            return
        left = [other for other in self.struck if other is not item and not (isinstance(item, int) and other == item)]
        self.struck = left if len(left) < len(self.struck) else [*self.struck, item]
        self._show_without()

    def action_undo(self, otherwise: str = "") -> None:
        """Take back what was struck out last; where nothing is, move as ``otherwise`` says."""
        if self.struck:
            self.struck.pop()
            self._show_without()
        elif otherwise and isinstance(self.focused, Lines):
            self.focused.action_cursor(otherwise)
        else:
            self.notify("Nothing is struck out.")

    def _show_without(self) -> None:
        """Show the image without what is struck out, everywhere at once."""
        if self.paths is None:
            return
        layers, findings = self.struck_out()
        if self.struck:
            claims = chain.from_iterable(finding.claims for finding in findings)
            self.without = Without(self.paths, layers, claims)
            self.views = Views(self.paths, self.without)
        else:
            self.without, self.views = None, self._whole
        self.query_one("#title", Static).update(self.summary())
        self.layer_pane.show_without(self.without)
        self.findings_pane.strike(findings, self.without)
        self.waste_pane.show_left(self.without.waste_groups if self.without is not None else None)
        self.query_one(DetailsPane).without = self.without
        self.say_lists()
        self.show_layer()

    def say_lists(self) -> None:
        """Write above and below the lists how much they hold, and tell of the selected layer."""
        raise NotImplementedError
