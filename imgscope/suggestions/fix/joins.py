"""Joins RUN of which one stores what another hides, and moves what only removes to where the bytes are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ...paths import internal, public
from .joints import INERT_INSTRUCTIONS
from .model import NotSafe

if TYPE_CHECKING:
    from ...dockerfile import Instruction
    from ..model import Finding
    from .plan import Plan


def join_pair(plan: Plan, code: str, layers: tuple[int, int]) -> None:
    """Join two RUN that write the same files, where they stand together. Raises ``NotSafe``."""
    one, other = (plan.instruction(layer) for layer in layers)
    script = next((item for item in (one, other) if item.keyword != "RUN"), None)
    if script is not None:
        raise NotSafe(f"line {script.first} is {script.keyword}, not RUN")
    plan.join(code, one, other)


def join_or_move(plan: Plan, finding: Finding, *, move: bool = True) -> None:
    """Let what is removed later be removed where it is made; ``move``: where that serves, without joining the RUN.

    Raises ``NotSafe``.
    """
    _join_or_move(plan, finding.code, sorted(finding.layers), move=move)


def removed_later(plan: Plan, finding: Finding, layer: int) -> None:
    """Do so for what a rule found in one layer, if all that removes it are RUN. Raises ``NotSafe``."""
    found = [plan.facts.holds(layer, internal(row.path)) for row in finding.evidence if row.layer == layer]
    by = {plan.facts.hidden_by(entry) for entry in found if entry is not None}
    removers = sorted(number for number in by if number is not None and number != layer)
    if not removers:
        run = plan.instruction(layer)
        raise NotSafe(f"whether what line {run.first} leaves there is wanted is for its author to say")
    _join_or_move(plan, finding.code, [layer, removers[-1]], move=True)


def _join_or_move(plan: Plan, code: str, layers: Sequence[int], *, move: bool) -> None:
    found = [plan.instruction(layer) for layer in layers]
    first, last = found[0], found[-1]
    other = next((item for item in found if item.keyword != "RUN"), None)
    if other is not None:
        raise NotSafe(f"line {other.first} is {other.keyword}, not RUN")
    if first.index == last.index or last in plan.members(first):
        plan.note(code, first, f"joined with the RUN in line {last.first}")
        return
    if move and len(found) == 2 and _may_move(plan, first, last):
        for command in _removals(plan, last):
            plan.append(first, command)
        plan.script(first)
        plan.remove(last)
        plan.note(code, first, f"what line {last.first} removes is removed in the same RUN")
        plan.group(first)
        return
    plan.join(code, first, last)


def _may_move(plan: Plan, first: Instruction, last: Instruction) -> bool:
    """Tell whether a RUN that only removes may be done at the end of an earlier one, over what lies between."""
    if first.stage != last.stage or last.flags or plan.joined(last) or last.index in plan.cleans:
        return False
    words = _removed(plan, last)
    if not words or plan.user(first) != plan.user(last):
        return False
    for item in plan.dockerfile.instructions[first.index + 1 : last.index]:
        if item.keyword in INERT_INSTRUCTIONS or item.keyword in ("ENV", "ARG") or item.index in plan.removed:
            continue
        layer = plan.matched.layer(item)
        if item.keyword not in ("COPY", "ADD", "WORKDIR") or (item.keyword != "WORKDIR" and layer is None):
            return False
        if layer is not None and any(_fits(public(path), words) for path, _ in plan.facts.own(layer)):
            return False
    # What is in other layers has to be gone as well.
    layer, by = plan.matched.layer(first), plan.matched.layer(last)
    hidden = plan.facts.overlay.hidden
    return layer is not None and all(
        plan.facts.overlay.layer_of(hidden.entries[row]) <= layer for row in range(len(hidden)) if hidden.by[row] == by
    )


def _removed(plan: Plan, run: Instruction) -> list[str] | None:
    """Return what a RUN removes that does nothing else, and does that the same in any folder; else ``None``."""
    try:
        script = plan.script(run)
    except NotSafe:
        return None
    if len(script.statements) != 1 or not script.statements[0].plain or script.comment:
        return None
    found: list[str] = []
    for pipeline in script.statements[0].pipelines:
        command = pipeline.command
        if command is None or command.end != pipeline.end or command.assigns or command.values[0] != "rm":
            return None
        for word in command.words[1:]:
            if word.value is None or not word.value.startswith(("/", "-")):
                return None
            if word.value.startswith("/"):
                found.append(word.value)
    return found


def _removals(plan: Plan, run: Instruction) -> Iterator[str]:
    """Yield the commands of a RUN that only removes; those that need no other options as ``rm -rf``."""
    for command in plan.script(run).commands:
        options = [word.raw for word in command.words[1:] if word.raw.startswith("-")]
        paths = [word.raw for word in command.words[1:] if not word.raw.startswith("-")]
        if all(option in ("-rf", "-fr") for option in options) and options:
            yield f"rm -rf {' '.join(paths)}"
        else:
            yield " ".join(word.raw for word in command.words)


def _fits(path: str, words: Sequence[str]) -> bool:
    return any(
        fnmatchcase(path, word) or fnmatchcase(path, f"{word.rstrip('/')}/*") or word.startswith(path.rstrip("/") + "/")
        for word in words
    )
