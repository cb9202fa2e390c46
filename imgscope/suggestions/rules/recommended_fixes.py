"""Lets apt install no more than what is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ...packages.dependencies import Installed, needed
from ..fixers import Fixer, tried
from ..own_packages import own_packages
from ..recommended import only_recommended, recommended

if TYPE_CHECKING:
    from ..context import Context
    from ..fix.calls import Call
    from ..fix.model import Step
    from ..fix.plan import Plan
    from ..model import Claim, Finding

_OPTION = "--no-install-recommends"
_DONE = f"apt-get install {_OPTION}"


def _without_recommends(plan: Plan, finding: Finding) -> Iterator[Step]:
    # What is sure and what is less so are two findings about the same calls.
    for step in tried(finding, partial(_without, plan, finding)):
        besides = _besides(plan, finding, step.layers[0])
        yield step._replace(part=finding.certainty, besides=besides)


def _without(plan: Plan, finding: Finding, layer: int) -> None:
    """Let apt install no more than what is needed, and by name what may be used unnamed. Raises ``NotSafe``."""
    from ..fix.model import NotSafe
    from ..fix.options import add_option, added_words, does

    run, _ = plan.run(layer)
    calls = [call for call in plan.calls(run) if does(call, "apt", ("install",))]
    wanted = [call for call in calls if not any("install-recommends" in (word or "").lower() for word in call.words)]
    if not wanted:
        raise NotSafe(f"line {run.first} calls apt in no words that are known here")
    for call in wanted:
        add_option(plan, run, call, _OPTION)
    names = _named(plan.report.context, wanted, layer)
    edits = [added_words(plan, run, wanted[number], words) for number, words in sorted(names.items())]
    listed = ", ".join(word for _, words in sorted(names.items()) for word in words)
    by_name = f"{_DONE}, and by name {listed}"
    if finding.certainty == "possible":
        # Those go, too.
        plan.edits = [edit for edit in plan.edits if edit not in edits]
        plan.made = [made for made in plan.made if (made.what, made.line) != (by_name, run.first)]
        plan.note(finding.code, run, f"{_DONE}, without {listed}" if listed else _DONE)
    elif any(step.part == "possible" and layer in step.layers for step in plan.taken):
        plan.note(finding.code, run, _DONE)
    else:
        for edit in edits:
            plan.edit(edit)
        plan.note(finding.code, run, by_name if listed else _DONE)


def _besides(plan: Plan, finding: Finding, layer: int) -> tuple[tuple[Claim, int], ...]:
    """Return what goes, too: packages for building that only recommendations brought, of another finding."""
    context = plan.report.context
    own = own_packages(context) if context is not None else None
    surest = next((one for one in ("likely", "possible") if _told(plan, finding.code, one, layer)), "")
    if context is None or own is None or finding.certainty != surest:
        return ()
    gone = {id(one.package) for one in only_recommended(own.every, own.own) & own.unneeded}
    return tuple(
        (claim, size)
        for other in plan.report.findings
        if other.code != finding.code
        for claim, size in other.saved
        if id(own.owners.get(claim.path)) in gone and context.overlay.layer_of(claim.entry) == layer
    )


def _told(plan: Plan, code: str, certainty: str, layer: int) -> bool:
    return any(one.code == code and one.certainty == certainty and layer in one.layers for one in plan.report.findings)


def _named(context: Context | None, calls: Sequence[Call], layer: int) -> dict[int, list[str]]:
    """Return what has to be asked for in a layer: names by the number of the call that has brought them."""
    own = own_packages(context) if context is not None else None
    if context is None or own is None:
        return {}
    overlay = context.overlay
    older = [one for one in own.every if one not in own.own]
    brought = [_brought(call, own.every, older) for call in calls]
    found: dict[int, list[str]] = {}
    for one in recommended(context).named:
        entries = (overlay.lookup(path) for path in one.package.paths if path in own.owners)
        if any(entry is not None and entry >= 0 and overlay.layer_of(entry) == layer for entry in entries):
            number = next((number for number, packages in enumerate(brought) if one in packages), len(calls) - 1)
            found.setdefault(number, []).append(one.name)
    return found


def _brought(call: Call, every: list[Installed], older: list[Installed]) -> set[Installed]:
    """Return what a call installs, with what that needs and recommends."""
    words = {(word or "").partition("=")[0].partition("/")[0] for word in call.words}
    return needed(every, [one for one in every if one.name in words], older=older)


NO_RECOMMENDS = Fixer(_without_recommends, "tried")
"""What is only recommended is not installed."""
