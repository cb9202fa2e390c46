"""Writes into a Dockerfile the fixes that are mechanical and safe; all else it leaves to people, and says why.

Safe is what makes the same container with fewer bytes: a RUN that cleans up after itself, several that are one, owners
set by COPY. What would have to be known of the program (``--no-install-recommends``, ``--omit=dev``) is made only for
who builds and tries it (``unsafe``).
Which fixer is whose, the rules say (``Rule.fixer``).
``plan`` says what may be done, ``needs`` what lies between, ``joints`` how scripts are joined, ``writing`` writes them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from ...errors import UsageError
from ..rules import all_rules
from .model import Fix, Fixed, Grade, Refusal, Step, Taken
from .plan import Plan

if TYPE_CHECKING:
    from ..model import Finding, Suggestions

__all__ = ["Fix", "Fixed", "Grade", "Refusal", "Step", "Taken", "fix"]


def fix(report: Suggestions, *, unsafe: Collection[str] = (), without: Collection[str] = ()) -> Fixed:
    """Make the fixes of a report's findings in the Dockerfile that the image was built from.

    Only the safe ones, unless ``unsafe`` names certainties (``likely``, ``possible``) of findings whose fix has to be
    tried; ``without`` are steps (``Step.key``) to leave out. The file itself is not written (see ``edits.write``). A
    fix that turns out not to fit with another is left out. Raises ``UsageError`` where the report was made without a
    Dockerfile, or with another image's.
    """
    matched = report.dockerfile
    if matched is None:
        looked = f"{report.unfit}; " if report.unfit else ""
        raise UsageError(f"{looked}name the Dockerfile that is to be fixed: --dockerfile FILE")
    if not matched.belongs:
        raise UsageError(matched.note)
    plan = Plan(report, matched)
    for finding in report.findings:
        steps = list(_steps(plan, finding, unsafe))
        for step in steps:
            if step.key not in without:
                plan.attempt(step)
        if not steps and not finding.note:
            plan.left.append(
                Refusal(finding.code, "what it asks for has to be tried, or decided by who knows the program")
            )
    return plan.done()


def _steps(plan: Plan, finding: Finding, unsafe: Collection[str]) -> Iterator[Step]:
    """Yield the steps that mend a finding, as its rule says; each can be taken without the others."""
    rule = next((rule for rule in all_rules() if rule.code == finding.code), None)
    fixer = rule.fixer if rule is not None else None
    if fixer is not None and (fixer.safety == "safe" or finding.certainty in unsafe):
        yield from fixer.steps(plan, finding)
