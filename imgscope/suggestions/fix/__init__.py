"""Writes into a Dockerfile the fixes that are mechanical and safe; all else it leaves to people, and says why.

Safe is what makes the same container with fewer bytes: a RUN that cleans up after itself, several that are one, owners
set by COPY. What would have to be known of the program (``--no-install-recommends``, ``--omit=dev``) is not touched.
``plan`` says what may be done, ``needs`` what lies between, ``joints`` how scripts are joined, ``writing`` writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from ...errors import UsageError
from .cleans import CLEANS
from .joins import join_or_move, join_pair, removed_later
from .leftovers import clean_layer, pip
from .model import Fix, Fixed, Left
from .owners import set_by_copy
from .plan import Plan
from .practice import add_to_copy, to_exec_form

if TYPE_CHECKING:
    from ..model import Finding, Suggestions

__all__ = ["Fix", "Fixed", "Left", "fix"]

# Fixers that take a finding as a whole, and those that take its layers one by one.
_WHOLE: Mapping[str, Callable[[Plan, Finding], None]] = {
    "IS001": join_or_move,
    "IS003": set_by_copy,
    "IS005": join_or_move,
    "IS902": to_exec_form,
    "IS906": add_to_copy,
}
# What these find may be wanted; but what a later RUN removes is not.
_REMOVED_LATER = frozenset({"IS115", "IS116", "IS119", "IS121", "IS122"})


def fix(report: Suggestions) -> Fixed:
    """Make the safe fixes of a report's findings in the Dockerfile that the image was built from.

    The file itself is not written (see ``edits.write``). A fix that turns out not to fit with another is left out.
    Raises ``UsageError`` where the report was made without a Dockerfile, or with another image's.
    """
    matched = report.dockerfile
    if matched is None:
        looked = f"{report.unfit}; " if report.unfit else ""
        raise UsageError(f"{looked}name the Dockerfile that is to be fixed: --dockerfile FILE")
    if not matched.belongs:
        raise UsageError(matched.note)
    plan = Plan(report, matched)
    for finding in report.findings:
        steps = list(_steps(plan, finding))
        for step in steps:
            plan.attempt(finding.code, step)
        if not steps and not finding.note:
            plan.left.append(
                Left(finding.code, "what it asks for has to be tried, or decided by who knows the program")
            )
    return plan.done()


def _steps(plan: Plan, finding: Finding) -> Iterator[Callable[[], None]]:
    """Yield the steps that mend a finding; each can be taken without the others."""
    whole = _WHOLE.get(finding.code)
    if whole is not None:
        yield partial(whole, plan, finding)
        return
    if finding.code in ("IS002", "IS402"):
        for pair in pairwise(sorted(finding.layers)):
            yield partial(join_pair, plan, finding.code, pair)
        return
    for layer in sorted(finding.layers):
        if finding.code == "IS106":
            yield partial(pip, plan, finding.code, layer)
        elif finding.code in _REMOVED_LATER:
            yield partial(removed_later, plan, finding, layer)
        for code in CLEANS:
            if finding.code != "IS106" and code.partition(" ")[0] == finding.code:
                yield partial(clean_layer, plan, code, layer)
