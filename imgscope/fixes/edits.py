"""What can be tried: steps of ``suggestions.fix``, lines for ``.dockerignore``, and the rewrite in stages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..suggestions.fix import fix
from ..suggestions.fix.model import Fixed
from ..suggestions.staging import Extra, Staged, staged
from .model import LEVELS, Edit, Left, Level

if TYPE_CHECKING:
    from ..dockerfile import Dockerfile
    from ..suggestions.model import Claim, Finding, Suggestions
    from .recipe import Recipe

STAGES = "stages"
_NOTHING = Extra()
# Edits that are there to change a setting's form.
_FORMS = {"IS902": frozenset(("CMD", "ENTRYPOINT"))}


@dataclass(frozen=True, slots=True)
class State:
    """The files with some edits made: the Dockerfile, and ``.dockerignore`` where it changes."""

    dockerfile: Dockerfile
    ignore: str | None
    edits: tuple[Edit, ...]
    allowed: frozenset[str] = frozenset()


@dataclass
class Choice:
    """All that can be done about the findings of a report, up to a level; any of it can be left out."""

    report: Suggestions
    recipe: Recipe
    level: Level
    min_size: int
    left: list[Left] = field(default_factory=list)

    @cached_property
    def edits(self) -> tuple[Edit, ...]:
        """What is worth trying, the surest first."""
        fixed = self._whole
        found = [
            Edit(taken.key, taken.code, taken.grade, taken.lines, taken.bytes, taken.what) for taken in fixed.taken
        ]
        reasons: dict[str, list[str]] = {}
        for left in fixed.left:
            reasons.setdefault(left.code, []).append(left.why)
        for code, whys in reasons.items():
            # Of a finding in several layers only those are left that nothing is done about.
            size = self._bytes(code) - sum(edit.bytes for edit in found if edit.code == code)
            if size > 0 or not any(edit.code == code for edit in found):
                # What is left of it is told once, with all reasons.
                self.left.append(Left(code, (), max(size, 0), "; ".join(dict.fromkeys(whys))))
        for finding in self.report.findings:
            if self._ignorable(finding):
                what = f"{', '.join(finding.ignore_lines)} in .dockerignore"
                grade: Level = "possible" if finding.certainty == "possible" else "likely"
                lines = (finding.location.first,) if finding.location is not None else ()
                found.append(Edit(f"{finding.code}@ignore", finding.code, grade, lines, finding.bytes, what))
        found.sort(key=lambda edit: LEVELS.index(edit.grade))
        ignorable = {edit.code for edit in found if edit.key.endswith("@ignore")}
        self.left = [left for left in self.left if left.code not in ignorable]
        # Each RUN by itself may save little; what is worth a build is all that one finding is about.
        worth = {edit.code: sum(other.bytes for other in found if other.code == edit.code) for edit in found}
        kept = [edit for edit in found if worth[edit.code] >= self.min_size]
        return tuple(kept)

    def stages(self, extra: Extra = _NOTHING, *, bold: bool = True) -> State | str:
        """Return the Dockerfile with the stage that builds and runs made two; what is copied needs no other edits.

        ``bold`` is as for ``staged``. Else why that can't be, or is not worth it.
        """
        if self.level == "safe":
            return ""
        found = staged(self.report, extra, bold=bold)
        if not isinstance(found, Staged):
            return found
        if found.bytes < self.min_size:
            return "" if found.bytes <= 0 else "a build stage would save too little"
        edit = Edit(STAGES, STAGES, "likely", (found.line,), found.bytes, found.what)
        return State(found.dockerfile, None, (edit,))

    def beyond(self) -> int:
        """Return the bytes of findings that a rewrite in stages acts upon, and that this level does not go for."""
        return sum(
            finding.bytes
            for finding in self.report.findings
            if LEVELS.index(self.level) < LEVELS.index("possible") and finding.certainty == "possible"
        )

    def _ignorable(self, finding: Finding) -> bool:
        if not finding.ignore_lines:
            return False
        return finding.certainty == "certain" or LEVELS.index(finding.certainty) <= LEVELS.index(self.level)

    def _bytes(self, code: str) -> int:
        return sum(finding.bytes for finding in self.report.findings if finding.code == code)

    @cached_property
    def _whole(self) -> Fixed:
        """The Dockerfile with all that ``suggestions.fix`` does at this level."""
        return self._fixed(())

    def _fixed(self, without: Collection[str]) -> Fixed:
        unsafe = LEVELS[1 : LEVELS.index(self.level) + 1]
        return fix(self.report, unsafe=unsafe, without=without)

    def state(self, keys: Sequence[str]) -> State:
        """Return the files with just these edits made."""
        wanted = set(keys)
        every = {edit.key for edit in self.edits}
        unworthy = {taken.key for taken in self._whole.taken} - every
        fixed = self._fixed((every | unworthy) - wanted)
        chosen = tuple(edit for edit in self.edits if edit.key in wanted)
        allowed = frozenset(name for edit in chosen for name in _FORMS.get(edit.code, ()))
        return State(fixed.after, self.ignore(keys), chosen, allowed)

    def ignore(self, keys: Sequence[str]) -> str | None:
        """Return the text of ``.dockerignore`` with these edits made; ``None`` where it stays."""
        lines = [
            line
            for finding in self.report.findings
            if f"{finding.code}@ignore" in keys and self._ignorable(finding)
            for line in finding.ignore_lines
        ]
        text = self.recipe.ignore.with_lines(lines)
        return text if text != self.recipe.ignore.text else None

    def claims(self, edit: Edit) -> list[tuple[Claim, int]]:
        """Return the stored bytes that an edit saves, as its finding says."""
        overlay = self.report.analysis.body.overlay
        layers, _, part = edit.key.partition("@")[2].partition("/")
        numbers = {int(number) for number in layers.split(",") if number.isdigit()}
        # Of two layers that write the same, it is the lower one's bytes that go.
        numbers = {min(numbers)} if len(numbers) == 2 else numbers
        found = [
            pair
            for finding in self.report.findings
            if finding.code == edit.code and part in ("", finding.certainty)
            for pair in finding.saved
            if not numbers or overlay.layer_of(pair[0].entry) in numbers
        ]
        besides = (taken.besides for taken in self._whole.taken if taken.key == edit.key)
        return [*found, *(pair for pairs in besides for pair in pairs)]
