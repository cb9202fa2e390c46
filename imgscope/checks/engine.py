"""Holds an image against its rules. A rule that can't be evaluated says so, and counts as failed unless allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .annotated_file import AnnotatedFile
from .config import ImageRules
from .model import FAIL, PASS, SKIPPED, WARN, ImageCheck, RuleResult, Setting
from .rules import RULES, Rule
from .rules.interface import CannotTell, Outcome, Subject
from .values import Limit

if TYPE_CHECKING:
    from ..analysis import Analysis
    from .baselines.model import Baseline


def check(
    analysis: Analysis, rules: ImageRules, baseline: Baseline | None = None, place: AnnotatedFile | None = None
) -> ImageCheck:
    """Hold an analysis against the rules that are set for it, and against ``baseline`` where they are about growth."""
    place = place or AnnotatedFile()
    subject = Subject(analysis, baseline, rules.ignored, place, rules.config)
    results = [judge(subject, setting, rules.allow_skipped) for setting in rules.settings]
    if rules.dive is not None:
        from .rules.dive import dive_results

        results += dive_results(subject, rules.dive, rules.dive_origin)
    notes: list[str] = [*rules.notes, *(rules.dive.notes if rules.dive else ())]
    missing = [layer.index for layer in analysis.layers if layer.missing]
    if missing:
        notes.append(_missing(missing))
    used = place.note(analysis)
    if used:
        notes.append(used)
    return ImageCheck(analysis.image.reference, analysis, tuple(results), baseline, tuple(notes), place=place)


def _missing(layers: Sequence[int]) -> str:
    word = "layer" if len(layers) == 1 else "layers"
    return f"{word} {', '.join(map(str, layers))} could not be read, so the image is larger than what was seen"


def judge(subject: Subject, setting: Setting, allow_skipped: bool = False) -> RuleResult:
    """Evaluate one rule as it is set: against the limit past which it fails, then that past which it warns."""
    rule = RULES[setting.rule]

    def measure(limit: Limit) -> Outcome:
        outcome = rule.measure(subject, limit, setting.subject)
        _believe(rule, subject, outcome)
        return outcome

    return evaluate(setting, measure, allow_skipped)


def evaluate(setting: Setting, measure: Callable[[Limit], Outcome], allow_skipped: bool = False) -> RuleResult:
    """Hold what ``measure`` finds for each limit of a setting against it; what raises ``CannotTell`` is skipped."""
    if setting.off:
        return RuleResult(setting, SKIPPED, "switched off")
    kept: RuleResult | None = None
    for status, limit in ((FAIL, setting.fail), (WARN, setting.warn)):
        if limit is None:
            continue
        try:
            outcome = measure(limit)
        except CannotTell as why:
            # What nobody asked for does not fail for want of what it would have to be seen in.
            blocking = why.blocking and status == FAIL and not allow_skipped and setting.origin != "imgscope's defaults"
            return RuleResult(setting, SKIPPED, str(why), limit, blocking=blocking)
        if not outcome.ok:
            return RuleResult(
                setting, status, outcome.message, limit, outcome.actual, outcome.causes(), note=outcome.note
            )
        if kept is None:
            kept = RuleResult(setting, PASS, outcome.message, limit, outcome.actual, note=outcome.note)
    assert kept is not None, setting
    return kept


def _believe(rule: Rule, subject: Subject, outcome: Outcome) -> None:
    """Don't believe that a limit is kept when part of the image was not there to be looked at."""
    missing = [layer.index for layer in subject.analysis.layers if layer.missing]
    if outcome.ok and rule.whole and missing:
        raise CannotTell(_missing(missing))
