"""What a mended Dockerfile comes to: what was done, what was left, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from ...brief import brief
from ...dockerfile.edits import diff
from ...escape import escape

if TYPE_CHECKING:
    from ...dockerfile import Dockerfile
    from ..model import Claim, Finding

Grade = Literal["safe", "likely", "possible"]
"""How far a fix can be made unseen: *safe*, the container is the same; else as sure as the finding is."""


class Fix(NamedTuple):
    """One change: the finding's code, the line (of the file as it was) and what was done there."""

    code: str
    line: int
    what: str


class Refusal(NamedTuple):
    """A finding, or a part of one, that was left to people, and why."""

    code: str
    why: str


class Step(NamedTuple):
    """One thing that can be done about a finding, and done without: in some layers, by ``take``."""

    finding: Finding
    layers: tuple[int, ...]
    take: Callable[[], None]
    grade: Grade = "safe"
    joins: bool = False
    """Whether it is about RUN that become one, which another step may have done already."""
    part: str = ""
    """Which of a rule's findings about one layer it is of, by certainty, where these are mended one by one."""
    besides: tuple[tuple[Claim, int], ...] = ()
    """What it saves of another finding's bytes, which nothing else is done about."""

    @property
    def key(self) -> str:
        """What it is called by: the code, the layers and the part. Several ways of cleaning one layer have one key."""
        part = f"/{self.part}" if self.part else ""
        return f"{self.finding.code}@{','.join(map(str, self.layers))}{part}"


class Taken(NamedTuple):
    """A step that was taken: its key, code and grade, the lines of the instructions that it is about, the bytes that
    it saves by what the finding claims, and what was done.
    """

    key: str
    code: str
    grade: Grade
    lines: tuple[int, ...]
    bytes: int
    what: str
    besides: tuple[tuple[Claim, int], ...] = ()
    """What of ``bytes`` is another finding's."""


@brief("before", "made", "left")
@dataclass(frozen=True, slots=True)
class Fixed:
    """A Dockerfile before and after; ``made`` in the order of its lines, ``left`` and ``taken`` in the report's."""

    before: Dockerfile
    after: Dockerfile
    made: tuple[Fix, ...]
    left: tuple[Refusal, ...]
    taken: tuple[Taken, ...] = ()

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
