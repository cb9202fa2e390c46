"""Cleans up what package managers leave, in the RUN that leaves it; RUN that need it are joined with that one first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...dockerfile.model import Instruction
from ..fix.cleaning import check_places, cleaning
from ..fix.cleans import CLEANS
from ..fix.model import NotSafe
from ..fix.needs import Needs
from ..fix.options import add_option, does

if TYPE_CHECKING:
    from ..fix.plan import Plan


def clean_layer(plan: Plan, code: str, layer: int) -> None:
    """Let the RUN that made a layer remove what ``code`` finds in it. Raises ``NotSafe``."""
    run = plan.instruction(layer)
    if not any(plan.facts.leftovers(CLEANS[code], layer)):
        if " " in code:
            return
        raise NotSafe(f"for what line {run.first} leaves no removal is known to be safe")
    plan.script(run)
    _clean(plan, code, run, always=False)


def _clean(plan: Plan, code: str, run: Instruction, *, always: bool) -> None:
    layer = plan.matched.layer(run)
    if layer is None:
        raise NotSafe(f"line {run.first} made no layer that is known")
    last = run
    later = Needs(plan, code).later(run, layer)
    if later.users:
        try:
            plan.join(code, run, later.users[-1])
        except NotSafe as error:
            raise NotSafe(
                f"line {later.users[-1].first} uses what line {run.first} fetches, and they can't be one RUN: {error}"
            ) from None
        last = later.users[-1]
    _join_cleaner(plan, code, run, last)
    plan.clean(code, last, always=always)
    plan.group(run)
    if later.fetches is not None:
        # It would fetch again what is gone, and leave it.
        again = later.fetches
        why = plan.tried(lambda: _clean(plan, code, again, always=True))
        stored = plan.matched.layer(again)
        if why and (stored is None or not any(plan.facts.leftovers(CLEANS[code], stored))):
            raise NotSafe(f"line {again.first} would fetch it again and keep it: {why}")
    if not always and not list(cleaning(plan, code, plan.members(run))) and not plan.joined(run):
        raise NotSafe(f"for what line {run.first} leaves no removal is known to be safe")


def _join_cleaner(plan: Plan, code: str, run: Instruction, last: Instruction) -> None:
    """Join the RUN that removes the leftovers later, where it is the next or only the same manager's lie between."""
    clean = CLEANS[code]
    members = {plan.matched.layer(item) for item in plan.members(run)}
    layers = [layer for layer in members if layer is not None]
    by = {plan.facts.hidden_by(entry) for layer in layers for _, _, entry in plan.facts.leftovers(clean, layer)}
    removers = [layer for layer in by if layer is not None and layer not in members]
    for layer in sorted(removers):
        remover = plan.matched.instruction(layer)
        if remover is None or remover.keyword != "RUN" or remover.stage != run.stage or remover.index < last.index:
            continue
        between = plan.dockerfile.instructions[last.index + 1 : remover.index]
        runs = [item for item in between if item.keyword == "RUN" and item.index not in plan.removed]
        alike = all(_only(plan, item, clean.manager) for item in [*runs, remover])
        if alike or not runs:
            plan.tried(lambda remover=remover: plan.join(code, run, remover))  # type: ignore[misc]


def _only(plan: Plan, run: Instruction, manager: str) -> bool:
    """Tell whether a RUN calls nothing but one package manager, and ``rm``."""
    return all(
        (call.managed is not None and call.managed[0].name == manager) or call.name in ("rm", "set", "true")
        for call in plan.calls(run)
    )


def pip(plan: Plan, code: str, layer: int) -> None:
    """Let pip keep no cache, or join the RUN that removes it with the one that fills it. Raises ``NotSafe``."""
    run, _ = plan.run(layer)
    clean = CLEANS[code]
    by = {plan.facts.hidden_by(entry) for _, _, entry in plan.facts.leftovers(clean, layer)}
    if by and None not in by:
        before = dict(plan.joins)
        _join_cleaner(plan, code, run, run)
        if plan.joins != before or by <= {plan.matched.layer(item) for item in plan.members(run)}:
            return
    needs = Needs(plan, code)
    later = needs.later(run, layer)
    if later.users:
        raise NotSafe(f"line {later.users[0].first} uses what line {run.first} fetches")
    needs.mentions(run, run, needs.folders(layer))
    check_places(plan, [run], [shown for shown, _, _ in plan.facts.leftovers(clean, layer)])
    calls = [call for call in plan.calls(run) if does(call, "pip", ("install", "wheel", "download"))]
    wanted = [call for call in calls if "--no-cache-dir" not in call.words]
    if not calls:
        # Something else filled it, a build tool for instance.
        plan.clean(code, run)
        if not list(cleaning(plan, code, plan.members(run))):
            raise NotSafe(f"line {run.first} calls pip in no words that are known here")
        return
    if not wanted:
        raise NotSafe(f"line {run.first} calls pip with --no-cache-dir: something else fills its cache")
    for call in wanted:
        add_option(plan, run, call, "--no-cache-dir")
    plan.note(code, run, "pip install --no-cache-dir")
