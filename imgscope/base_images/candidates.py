"""Other images that may be the base of one: which of them it was really built on.

Layers alone do not tell: builds from the same cached layers share them too. An image copies its base's history, empty
steps included, and goes on from there (OCI image spec, config.md, *history*); a sibling's history goes another way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..analysis import Analysis


def _unknown() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Other:
    """An image that may be the base. ``words`` asks for what its history's steps were created by, bottom first:
    ``None`` where that is not known, as it is where it has no history.
    """

    name: str
    diff_ids: Sequence[str | None]
    words: Callable[[], Sequence[str] | None] = _unknown

    @classmethod
    def of(cls, name: str, analysis: Analysis) -> Other:
        """Return an image that is at hand."""
        words = tuple(step.created_by for step in analysis.image.history)
        return cls(name, tuple(layer.diff_id for layer in analysis.layers), lambda: words or None)


@dataclass(frozen=True, slots=True)
class Match:
    """An image whose layers are all at the bottom of another: how many, and how many steps of the history are its own
    (``None`` where there is none to tell).
    """

    name: str
    layers: int
    steps: int | None


def shared_layers(analysis: Analysis, other: Other) -> int:
    """Return how many layers two images have in common, from the bottom."""
    count = 0
    for layer, diff_id in zip(analysis.layers, other.diff_ids, strict=False):
        if diff_id is None or layer.diff_id != diff_id:
            break
        count += 1
    return count


def match(analysis: Analysis, other: Other) -> Match | None:
    """Return how an image is the base of ``analysis``; ``None`` where it is not: siblings share layers too."""
    count = len(other.diff_ids)
    if not 0 < count < len(analysis.layers) or shared_layers(analysis, other) < count:
        return None
    own = [step.created_by for step in analysis.image.history]
    words = other.words() if own else None
    if words is None:
        return Match(other.name, count, None)
    return Match(other.name, count, len(words)) if own[: len(words)] == list(words) else None


def best_match(analysis: Analysis, others: Iterable[Other], named: str | None) -> Match | None:
    """Return the base among ``others``: of several the one with most layers, then with most of the history.

    ``named`` is what the image itself calls its base: that one comes first among equals.
    """
    found = [one for other in others if (one := match(analysis, other)) is not None]
    return max(found, key=lambda one: (one.layers, one.steps or 0, one.name == named), default=None)
