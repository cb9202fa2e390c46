"""Lets the managers of Node packages leave out what only development needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...dockerfile.shell import ShellError
from ..fix.model import NotSafe
from ..fix.options import add_option, does

if TYPE_CHECKING:
    from ..fix.calls import Call
    from ..fix.plan import Plan
    from ..model import Finding

# What leaves the packages out that only development needs, by manager; any of these words says it already.
_WITHOUT_DEV = {
    "npm": ("--omit=dev", ("--omit=dev", "--production", "--only=production", "--only=prod")),
    "yarn": ("--production", ("--production", "--production=true", "--prod")),
    "pnpm": ("--prod", ("--prod", "-P", "--production")),
}
_INSTALLS = ("install", "ci", "i", "add")
# What calls programs that an installation for development brought.
_BUILDS = frozenset(("npm", "npx", "yarn", "pnpm", "pnpx", "node", "corepack", "make", "tsc", "vite", "webpack", "ng"))


def dev_dependencies(plan: Plan, finding: Finding, layer: int) -> None:
    """Let npm, yarn or pnpm leave out what only development needs. Raises ``NotSafe``."""
    run, _ = plan.run(layer)
    called = plan.calls(run)
    calls = [call for call in called if any(does(call, name, _INSTALLS) for name in _WITHOUT_DEV)]
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


def _harmless(call: Call) -> bool:
    """Tell whether a call of a Node tool uses nothing that was installed for development."""
    managed = call.managed
    words = [word for word in call.words[1:] if word and not word.startswith("-")]
    cleans = managed is not None and managed[1] in managed[0].cleans
    return cleans or words[:1] in (["cache"], ["config"], ["enable"], ["prune"]) or "-v" in call.words
