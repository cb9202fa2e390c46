"""Writes into a Dockerfile the fixes that are mechanical and safe; all else it leaves to people, and says why.

Safe is what makes the same container with fewer bytes: a RUN that cleans up after itself, several that are one, owners
set by COPY. What would have to be known of the program (``--no-install-recommends``, ``--omit=dev``) is made only for
who builds and tries it (``unsafe``).
``plan`` says what may be done, ``needs`` what lies between, ``joints`` how scripts are joined, ``writing`` writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from ...errors import UsageError
from .cleans import CLEANS
from .joins import join_or_move, join_pair, removed_later
from .leftovers import clean_layer, pip
from .model import Fix, Fixed, Grade, Left, Step, Taken
from .options import dev_dependencies, recommends
from .owners import set_by_copy
from .plan import Plan
from .practice import add_to_copy, to_exec_form

if TYPE_CHECKING:
    from ..model import Finding, Suggestions

__all__ = ["Fix", "Fixed", "Grade", "Left", "Step", "Taken", "fix"]

# Fixers that take a finding as a whole, and those that take its layers one by one.
_WHOLE: Mapping[str, Callable[[Plan, Finding], None]] = {
    "IS001": join_or_move,
    "IS003": set_by_copy,
    "IS005": join_or_move,
    "IS902": to_exec_form,
    "IS906": add_to_copy,
}
# What has to be tried, since whoever knows the program might say no.
_UNSAFE: Mapping[str, Callable[[Plan, Finding, int], None]] = {"IS206": dev_dependencies, "IS403": recommends}
# What these find may be wanted; but what a later RUN removes is not.
_REMOVED_LATER = frozenset({"IS115", "IS116", "IS119", "IS121", "IS122"})


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
                Left(finding.code, "what it asks for has to be tried, or decided by who knows the program")
            )
    return plan.done()


def _steps(plan: Plan, finding: Finding, unsafe: Collection[str]) -> Iterator[Step]:
    """Yield the steps that mend a finding; each can be taken without the others."""
    code, layers = finding.code, tuple(sorted(finding.layers))
    whole = _WHOLE.get(code)
    if whole is not None:
        yield Step(finding, layers, partial(whole, plan, finding))
        return
    trial = _UNSAFE.get(code)
    if trial is not None and finding.certainty in unsafe:
        for layer in layers:
            grade: Grade = "likely" if finding.certainty == "likely" else "possible"
            yield Step(finding, (layer,), partial(trial, plan, finding, layer), grade)
        return
    if code in ("IS002", "IS402"):
        for pair in pairwise(layers):
            yield Step(finding, pair, partial(join_pair, plan, code, pair))
        return
    for layer in layers:
        if code == "IS106":
            yield Step(finding, (layer,), partial(pip, plan, code, layer))
        elif code in _REMOVED_LATER:
            yield Step(finding, (layer,), partial(removed_later, plan, finding, layer))
        for clean in CLEANS:
            if code != "IS106" and clean.partition(" ")[0] == code:
                yield Step(finding, (layer,), partial(clean_layer, plan, clean, layer))
