"""Rules on what ``imgscope suggest`` finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...report.sizes import quantity, size
from ..model import Cause, Causes
from ..values import AMOUNT, CODES, Limit
from .interface import CannotTell, Outcome, Rule, Subject, at_most, share_or_bytes

if TYPE_CHECKING:
    from ...suggestions.model import Finding

# What only whoever knows the program can judge is no ground to fail a build, unless the rule is named.
SURE = ("certain", "likely")


def codes_of(words: tuple[str, ...]) -> set[str]:
    """Return the codes of suggest's rules that words name (codes, their beginnings, names, ``ALL``).

    ``ALL`` is all that saves bytes: notes on good practice have to be named. Raises ``UsageError`` for a word that
    names none.
    """
    from ...suggestions.rules import all_rules
    from ...suggestions.selection import ALL, select

    rules = all_rules()
    named = [word for word in words if word.upper() != ALL]
    found = {rule.code for rule in select(rules, named)} if named else set()
    if len(named) < len(words):
        found |= {rule.code for rule in rules if not rule.note}
    return found


def _cause(subject: Subject, finding: Finding) -> Cause:
    layer = finding.main_layer
    return Cause(
        "finding",
        None,
        layer,
        subject.instruction(layer) if layer is not None else "",
        finding.bytes,
        detail=f"{finding.title} ({finding.certainty})",
        code=f"{finding.code} {finding.name}",
        line=finding.location.first if finding.location is not None else None,
    )


def _unless_skipped(subject: Subject, codes: set[str] | None, outcome: Outcome) -> Outcome:
    """Don't believe that nothing is found where a rule that is asked for could not look."""
    left_out = [(code, why) for code, why in subject.suggestions.skipped if codes is None or code in codes]
    if outcome.ok and left_out:
        raise CannotTell(f"{', '.join(code for code, _ in left_out)}: {left_out[0][1]}")
    return outcome


def max_suggested_savings(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """The bytes that the certain and likely fixes together save, or their share of the content."""
    findings = [finding for finding in subject.suggestions.findings if finding.certainty in SURE and finding.bytes]
    saved = sum(finding.bytes for finding in findings)
    actual = share_or_bytes(saved, subject.analysis.image.content_bytes, limit)
    outcome = at_most(actual, limit, lambda: Causes.of([_cause(subject, finding) for finding in findings]), count=saved)
    return _unless_skipped(subject, None, outcome)


def forbidden_findings(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """Findings of the rules that are named."""
    codes = codes_of(limit.value)
    findings = [finding for finding in subject.suggestions.findings if finding.code in codes]
    if not findings:
        return _unless_skipped(subject, codes, Outcome(True, 0, f"none of {', '.join(limit.value)}"))
    saved = sum(finding.bytes for finding in findings)
    told = ", ".join(dict.fromkeys(finding.code for finding in findings))
    message = f"{quantity(len(findings), 'finding')} ({told})" + (f", {size(saved)} to be saved" if saved else "")
    return Outcome(False, len(findings), message, lambda: Causes.of([_cause(subject, each) for each in findings]))


RULES = (
    Rule(
        "max-suggested-savings",
        AMOUNT,
        "Limit on what the certain and likely fixes of suggest save.",
        max_suggested_savings,
    ),
    Rule("forbidden-findings", CODES, "Rules of suggest that must find nothing: IS001, IS6, ALL.", forbidden_findings),
)
