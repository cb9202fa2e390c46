"""The verdict as values: what every check output is made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..brief import brief
from ..reading import Holding
from .annotated_file import AnnotatedFile
from .values import Limit

if TYPE_CHECKING:
    from ..analysis import Analysis
    from .baselines.model import Baseline

PASS, WARN, FAIL, SKIPPED, ERROR = "pass", "warn", "fail", "skipped", "error"

# Causes that a result keeps; how many there are in all stands beside them.
MAX_CAUSES = 1000


@brief()
@dataclass(frozen=True, slots=True)
class Cause:
    """Something that brought a rule past its limit, or tells most about it.

    ``kind`` is ``file``, ``directory``, ``layer``, ``waste`` or ``finding``. ``bytes`` is its share in the matter, in
    bytes: a size, or a growth where the rule is about growth (``before`` is then the size that it grew from, ``None``
    if it was not there). ``layer`` is the layer that brought it, ``instruction`` what made that layer. ``code`` names
    a suggestion (kind ``finding``), ``line`` the Dockerfile's line that it is about, where that is known.
    """

    kind: str
    path: str | None
    layer: int | None
    instruction: str
    bytes: int
    before: int | None = None
    detail: str = ""
    code: str = ""
    line: int | None = None

    @property
    def name(self) -> str:
        """What tells it apart from the other causes of a result: its path, its code, or nothing."""
        return self.path or self.code


@brief("rows", "total")
@dataclass(frozen=True, slots=True)
class Causes:
    """The causes that are kept, the most important first, and how many there are in all."""

    rows: tuple[Cause, ...] = ()
    total: int = 0

    @classmethod
    def of(cls, rows: list[Cause]) -> Causes:
        """Keep the first of ``rows``, which are in order."""
        return cls(tuple(rows[:MAX_CAUSES]), len(rows))


@brief("name")
@dataclass(frozen=True, slots=True)
class Setting:
    """A rule as it is set for an image: limits past which it fails or warns, and where that was said.

    ``subject`` tells apart settings of one rule (a path whose size is limited). ``line`` is the line in the file
    ``origin``, where that is known.
    """

    rule: str
    subject: str | None = None
    fail: Limit | None = None
    warn: Limit | None = None
    origin: str = "option"
    off: bool = False

    @property
    def name(self) -> str:
        """The rule with its subject."""
        return f"{self.rule} {self.subject}" if self.subject else self.rule


@brief("name", "status", "message")
@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule's outcome for one image.

    ``status`` is ``pass``, ``warn``, ``fail`` or ``skipped``. ``limit`` and ``actual`` are in the limit's unit (a
    share is a fraction). ``message`` is the outcome in words, and for a skipped rule the reason. ``blocking`` marks a
    rule that should decide and could not be evaluated: it counts as failed.
    """

    setting: Setting
    status: str
    message: str
    limit: Limit | None = None
    actual: float | int | None = None
    causes: Causes = field(default_factory=Causes)
    blocking: bool = False
    note: str = ""

    @property
    def rule(self) -> str:
        """The rule's name."""
        return self.setting.rule

    @property
    def name(self) -> str:
        """The rule with its subject."""
        return self.setting.name

    @property
    def excess(self) -> float | int | None:
        """How far ``actual`` lies past the limit (less than 0: within), where both are numbers."""
        if self.limit is None or self.actual is None or isinstance(self.limit.value, bool | tuple):
            return None
        excess: float | int = self.actual - self.limit.value
        return excess

    @property
    def order(self) -> int:
        """What stands first in every output: failures, what could not be evaluated, warnings, the rest."""
        if self.status == FAIL:
            return 0
        if self.status == SKIPPED and self.blocking:
            return 1
        return {WARN: 2, PASS: 3}.get(self.status, 4)


@brief("reference", "verdict", "results", "error")
@dataclass(frozen=True, slots=True)
class ImageCheck:
    """The verdict on one image: a result for each rule that is set; or why the image could not be had.

    ``place`` is the file that outputs point at.
    """

    reference: str
    analysis: Analysis | None = None
    results: tuple[RuleResult, ...] = ()
    baseline: Baseline | None = None
    notes: tuple[str, ...] = ()
    error: str = ""
    place: AnnotatedFile = field(default_factory=AnnotatedFile)

    @property
    def verdict(self) -> str:
        """``error``, ``fail``, ``warn`` or ``pass``."""
        if self.error:
            return ERROR
        if any(result.status == FAIL or result.blocking for result in self.results):
            return FAIL
        return WARN if any(result.status == WARN for result in self.results) else PASS

    def count(self, status: str) -> int:
        """Return how many rules have a status."""
        return sum(result.status == status for result in self.results)


@brief("verdict", "images")
@dataclass(frozen=True, slots=True)
class CheckReport(Holding):
    """The verdict on all images of a run."""

    images: tuple[ImageCheck, ...]
    strict: bool = False

    def _repr_html_(self) -> str:
        from .outputs.notebook import html

        return html(self)

    @property
    def verdict(self) -> str:
        """The worst of the images' verdicts."""
        verdicts = {image.verdict for image in self.images}
        return next((verdict for verdict in (ERROR, FAIL, WARN) if verdict in verdicts), PASS)

    @property
    def exit_code(self) -> int:
        """0 fine, 1 a rule failed (with ``strict``: or warned), 3 an image could not be found or read."""
        verdict = self.verdict
        if verdict == ERROR:
            return 3
        return 1 if verdict == FAIL or (self.strict and verdict == WARN) else 0

    def found(self) -> Iterator[tuple[ImageCheck, RuleResult]]:
        """Yield what a reader must hear of, the most important first: failed, not evaluated, warned."""
        rows = [(image, result) for image in self.images for result in image.results]
        rows.sort(key=lambda row: row[1].order)
        for image, result in rows:
            if result.order < 3:
                yield image, result
