"""Debian packages that came along because others recommend them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from ...packages.dependencies import Installed, needed
from ...report.sizes import quantity
from ..context import Context
from ..fixers import Fixer, tried
from ..model import Claim, Draft, Rule
from ..own_lines import mended, with_option
from ..own_packages import own_packages
from . import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...packages import Package
    from ..fix.model import Step
    from ..fix.plan import Plan
    from ..model import Finding

# From the last of several names on: each part of a line is gone through once.
_APT = re.compile(r"\b(?:apt-get|apt|aptitude)\b(?:(?!\b(?:apt-get|apt|aptitude)\b)[^&|;])*?\binstall\b")
_CALL = r"\b(?:apt-get|apt|aptitude)(?:\s+-\S+){0,9}\s+install\b"
# How many packages a title names.
_NAMED = 4


def _recommended(context: Context) -> Iterator[Draft]:
    runs = {
        layer
        for layer in context.own_layers
        if context.is_run(layer)
        and _APT.search(context.instruction(layer))
        and "install-recommends" not in context.instruction(layer).lower()
    }
    own = own_packages(context) if runs else None
    if own is None:
        return
    # What goes with the packages for building is told with them.
    found = only_recommended(own.every, own.own) - own.unneeded
    of: Mapping[int, Package] = {id(one.package): one.package for one in found}
    claims: list[Claim] = []
    for path, package in own.owners.items():
        if id(package) in of:
            entry = context.overlay.lookup(path)
            if entry is not None and entry >= 0 and context.overlay.layer_of(entry) in runs:
                claims.append(Claim(path, entry))
    if not claims:
        return
    layers = tuple(context.by_layer(claims))
    yield Draft(
        f"{quantity(len(found), 'package')} in {words.layers(layers)} that nothing depends on, only recommended by "
        f"others: {_named(found)}",
        "Install with --no-install-recommends, and name those of them that the program uses.",
        claims,
        layers,
        mended(context, claims, lambda text, _: with_option(text, _CALL, "--no-install-recommends")),
    )


def only_recommended(every: list[Installed], own: set[Installed]) -> set[Installed]:
    """Return the own packages that are there only because others recommend them, and what they in turn brought.

    What something needs, in any alternative, is not among them. Nothing is where apt's marks are missing.
    """
    if any(one.manual is None for one in own):
        return set()
    roots = [one for one in every if one.manual or one.vital or one not in own]
    older = [one for one in every if one not in own]
    by_need = needed(every, roots, older=every)
    by_wish = needed(every, roots, older=older)
    return (by_wish - by_need) & own


def _named(found: Iterable[Installed]) -> str:
    """Name the largest packages."""
    ranked = sorted(found, key=lambda one: (-one.package.size, one.name))
    more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    return ", ".join(one.name for one in ranked[:_NAMED]) + more


def _without_recommends(plan: Plan, finding: Finding) -> Iterator[Step]:
    yield from tried(finding, partial(_without, plan, finding))


def _without(plan: Plan, finding: Finding, layer: int) -> None:
    """Let apt install no more than what is needed. Raises ``NotSafe``."""
    from ..fix.model import NotSafe
    from ..fix.options import add_option, does

    run, _ = plan.run(layer)
    calls = [call for call in plan.calls(run) if does(call, "apt", ("install",))]
    wanted = [call for call in calls if not any("install-recommends" in (word or "").lower() for word in call.words)]
    if not wanted:
        raise NotSafe(f"line {run.first} calls apt in no words that are known here")
    for call in wanted:
        add_option(plan, run, call, "--no-install-recommends")
    plan.note(finding.code, run, "apt-get install --no-install-recommends")


RULES = (
    Rule(
        "IS403",
        "recommended-packages",
        "Debian packages that nothing depends on, only recommended by others.",
        "possible",
        _recommended,
        why="apt installs what a package recommends, unless it is told not to. A program may use such a package all "
        "the same: name those that it does.",
        before="RUN apt-get update && apt-get install -y git",
        after="RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates \\\n"
        "    && rm -rf /var/lib/apt/lists/*",
        final_stage="left out if told",
        fixer=Fixer(_without_recommends, "tried"),
    ),
)
