"""One set of edits, tried: what came of its build, and of its proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .builders import Outcome
from .edits import State
from .model import Check

if TYPE_CHECKING:
    from ..analysis import Analysis


@dataclass(frozen=True)
class Try:
    """One set of edits, built and looked at."""

    state: State
    outcome: Outcome
    checks: tuple[Check, ...] = ()
    analysis: Analysis | None = None
    seconds: float = 0.0
    suspects: frozenset[str] = frozenset()

    @property
    def ok(self) -> bool:
        """Whether it built and passed."""
        return self.outcome.image is not None and all(check.passed for check in self.checks)

    @property
    def why(self) -> str:
        """What failed."""
        failed = next((check for check in self.checks if not check.passed), None)
        return self.outcome.why if failed is None else f"{failed.name}: {failed.detail}"
