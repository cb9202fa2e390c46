"""How findings are mended in a Dockerfile: the ways that several rules share; others stand beside their rule.

What does the work is in ``fix``, and imported when something is mended: most runs only look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from .fix.model import Grade, Step
    from .fix.plan import Plan
    from .model import Finding


class Fixer(NamedTuple):
    """What mends a rule's findings, and whether unseen.

    ``steps`` yields what can be done about a finding, each part without the others. *safe*, the container is the same
    but for what the finding claims; *tried*, only as sure as the finding is: a build and a run have to show it.
    """

    steps: Callable[[Plan, Finding], Iterator[Step]]
    safety: Literal["safe", "tried"] = "safe"


def layers_of(finding: Finding) -> tuple[int, ...]:
    """Return a finding's layers, bottom first."""
    return tuple(sorted(finding.layers))


def at_once(finding: Finding, take: Callable[[], None], *, joins: bool = False) -> Iterator[Step]:
    """Yield the one step that mends all of a finding; ``joins`` as in ``Step``."""
    from .fix.model import Step

    yield Step(finding, layers_of(finding), take, joins=joins)


def by_layer(finding: Finding, take: Callable[[int], None], grade: Grade = "safe") -> Iterator[Step]:
    """Yield a step for each layer of a finding."""
    from .fix.model import Step

    for layer in layers_of(finding):
        yield Step(finding, (layer,), partial(take, layer), grade)


def tried(finding: Finding, take: Callable[[int], None]) -> Iterator[Step]:
    """Yield a step for each layer of a finding that has to be tried: as sure as the finding is."""
    return by_layer(finding, take, "likely" if finding.certainty == "likely" else "possible")


def _join_or_move(plan: Plan, finding: Finding) -> Iterator[Step]:
    from .fix.joins import join_or_move

    yield from at_once(finding, partial(join_or_move, plan, finding), joins=True)


def _join(plan: Plan, finding: Finding) -> Iterator[Step]:
    from .fix.joins import join_or_move

    yield from at_once(finding, partial(join_or_move, plan, finding, move=False), joins=True)


def _join_pairs(plan: Plan, finding: Finding) -> Iterator[Step]:
    from .fix.joins import join_pair
    from .fix.model import Step

    for pair in pairwise(layers_of(finding)):
        yield Step(finding, pair, partial(join_pair, plan, finding.code, pair), joins=True)


def _removed_later(plan: Plan, finding: Finding) -> Iterator[Step]:
    from .fix.joins import removed_later

    yield from by_layer(finding, partial(removed_later, plan, finding))


JOIN_OR_MOVE = Fixer(_join_or_move)
"""What is removed later is removed where it is made."""
JOIN = Fixer(_join)
"""The RUN that moves becomes one with the RUN that makes."""
JOIN_PAIRS = Fixer(_join_pairs)
"""RUN that write the same files become one."""
REMOVED_LATER = Fixer(_removed_later)
"""What may be wanted stays, but what a later RUN removes is removed where it is made."""
