"""Options that make a package manager install less: what its caller leaves out, put in where the verb stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...dockerfile.edits import Edit
from .model import NotSafe

if TYPE_CHECKING:
    from ...dockerfile import Instruction
    from ...dockerfile.shell import Word
    from .calls import Call
    from .plan import Plan


def add_option(plan: Plan, run: Instruction, call: Call, option: str) -> None:
    """Plan that a call of a package manager has an option behind its verb. Raises ``NotSafe``."""
    word = _verb(run, call)
    at = plan.writer.at(run, word.end)
    plan.edit(Edit(at, at, f" {option}"))


def added_words(plan: Plan, run: Instruction, call: Call, words: Sequence[str]) -> Edit:
    """Return the edit that gives a call of a package manager words behind its last one. Raises ``NotSafe``."""
    _verb(run, call)
    assert call.command is not None
    at = plan.writer.at(run, call.command.words[-1].end)
    return Edit(at, at, "".join(f" {word}" for word in words))


def _verb(run: Instruction, call: Call) -> Word:
    """Return the verb of a call where it stands in the instruction's own text. Raises ``NotSafe``."""
    managed = call.managed
    verb = managed[1] if managed else ""
    number = next((n for n, word in enumerate(call.words) if word == verb), None)
    command = call.command
    word = None
    if command is not None and number is not None:
        offset = len(command.words) - len(call.words)
        word = command.words[offset + number] if offset >= 0 else None
    if word is None or word.raw != verb:
        name = managed[0].name if managed else "its package manager"
        raise NotSafe(f"line {run.first} does not call {name} in so many words")
    return word


def does(call: Call, manager: str, verbs: tuple[str, ...]) -> bool:
    """Tell whether a call is one of a package manager's verbs."""
    managed = call.managed
    return managed is not None and managed[0].name == manager and managed[1] in verbs
