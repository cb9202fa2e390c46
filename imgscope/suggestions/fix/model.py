"""What a mended Dockerfile comes to: what was done, what was left, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ...brief import brief
from ...dockerfile.edits import diff
from ...escape import escape

if TYPE_CHECKING:
    from ...dockerfile import Dockerfile


class Fix(NamedTuple):
    """One change: the finding's code, the line (of the file as it was) and what was done there."""

    code: str
    line: int
    what: str


class Left(NamedTuple):
    """A finding, or a part of one, that was left to people, and why."""

    code: str
    why: str


@brief("before", "made", "left")
@dataclass(frozen=True, slots=True)
class Fixed:
    """A Dockerfile before and after; ``made`` in the order of its lines, ``left`` in the report's."""

    before: Dockerfile
    after: Dockerfile
    made: tuple[Fix, ...]
    left: tuple[Left, ...]

    @property
    def diff(self) -> str:
        """What changed, as a unified diff; empty where nothing did."""
        return diff(self.before, self.after)

    def lines(self) -> Iterator[str]:
        """Yield what was done and what was left, a line each."""
        path = escape(self.before.path)
        for made in self.made:
            yield f"{path}:{made.line}: {made.code} {escape(made.what)}"
        for left in self.left:
            yield f"{left.code} is left to you: {escape(left.why)}"


class NotSafe(Exception):
    """A fix that can't be made for sure; the text says why."""
