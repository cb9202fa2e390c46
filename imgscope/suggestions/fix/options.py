"""Options that make a package manager install less: what its caller leaves out, put in where the verb stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...dockerfile.edits import Edit
from ...dockerfile.shell import ShellError
from .model import NotSafe

if TYPE_CHECKING:
    from ...dockerfile import Instruction
    from ..model import Finding
    from .calls import Call
    from .plan import Plan

# What leaves the packages out that only development needs, by manager; any of these words says it already.
_WITHOUT_DEV = {
    "npm": ("--omit=dev", ("--omit=dev", "--production", "--only=production", "--only=prod")),
    "yarn": ("--production", ("--production", "--production=true", "--prod")),
    "pnpm": ("--prod", ("--prod", "-P", "--production")),
}
_INSTALLS = ("install", "ci", "i", "add")
# What calls programs that an installation for development brought.
_BUILDS = frozenset(("npm", "npx", "yarn", "pnpm", "pnpx", "node", "corepack", "make", "tsc", "vite", "webpack", "ng"))


def add_option(plan: Plan, run: Instruction, call: Call, option: str) -> None:
    """Plan that a call of a package manager has an option behind its verb. Raises ``NotSafe``."""
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
    at = plan.writer.at(run, word.end)
    plan.edit(Edit(at, at, f" {option}"))


def recommends(plan: Plan, finding: Finding, layer: int) -> None:
    """Let apt install no more than what is needed. Raises ``NotSafe``."""
    run, _ = plan.run(layer)
    calls = [call for call in plan.calls(run) if _calls(call, "apt", ("install",))]
    wanted = [call for call in calls if not any("install-recommends" in (word or "").lower() for word in call.words)]
    if not wanted:
        raise NotSafe(f"line {run.first} calls apt in no words that are known here")
    for call in wanted:
        add_option(plan, run, call, "--no-install-recommends")
    plan.note(finding.code, run, "apt-get install --no-install-recommends")


def dev_dependencies(plan: Plan, finding: Finding, layer: int) -> None:
    """Let npm, yarn or pnpm leave out what only development needs. Raises ``NotSafe``."""
    run, _ = plan.run(layer)
    called = plan.calls(run)
    calls = [call for call in called if any(_calls(call, name, _INSTALLS) for name in _WITHOUT_DEV)]
    if not calls:
        raise NotSafe(f"line {run.first} installs no Node packages in words that are known here")
    later = [other for other, where in plan.later(run) if where in ("here", "stage") and other.keyword == "RUN"]
    for other in [run, *later]:
        try:
            found = plan.calls(other)
        except ShellError as error:
            raise NotSafe(f"line {other.first} {error}") from None
        builds = [call for call in found if (call.name in _BUILDS or call.name is None) and call not in calls]
        if any(not _harmless(call) for call in builds):
            raise NotSafe(f"line {other.first} may need what only development installs: a build stage does that")
    for call in calls:
        managed = call.managed
        option, given = _WITHOUT_DEV[managed[0].name if managed else "npm"]
        if not any(word in given for word in call.words):
            add_option(plan, run, call, option)
            plan.note(finding.code, run, f"{call.written} {option}")


def _calls(call: Call, manager: str, verbs: tuple[str, ...]) -> bool:
    managed = call.managed
    return managed is not None and managed[0].name == manager and managed[1] in verbs


def _harmless(call: Call) -> bool:
    """Tell whether a call of a Node tool uses nothing that was installed for development."""
    managed = call.managed
    words = [word for word in call.words[1:] if word and not word.startswith("-")]
    cleans = managed is not None and managed[1] in managed[0].cleans
    return cleans or words[:1] in (["cache"], ["config"], ["enable"], ["prune"]) or "-v" in call.words
