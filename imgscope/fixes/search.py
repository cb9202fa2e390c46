"""Finds out which edits are guilty when all of them together fail, in few tries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from math import ceil, log2
from typing import Generic, Protocol, TypeVar


class Tried(Protocol):
    """What a try came to."""

    @property
    def ok(self) -> bool:
        """Whether it built and passed."""

    @property
    def why(self) -> str:
        """What failed."""

    @property
    def suspects(self) -> Collection[str]:
        """The edits that it is likely to be about."""


T = TypeVar("T", bound=Tried)


@dataclass
class Found(Generic[T]):
    """``kept`` passed together (``best`` is that try, ``None`` where nothing was kept); ``left`` has the reasons."""

    kept: tuple[str, ...] = ()
    best: T | None = None
    left: dict[str, str] = field(default_factory=dict)


def bound(edits: int) -> int:
    """Return how many builds one bad edit among some may cost, the first image's own included: 4 + 2·log2(n)."""
    return 4 + (2 * ceil(log2(edits)) if edits > 1 else 0)


def search(edits: Sequence[str], attempt: Callable[[Sequence[str]], T], more: Callable[[int], bool]) -> Found[T]:
    """Keep as many edits as pass together. Those before are tried without those behind, so the surest come first.

    ``attempt`` tries some; ``more(bad)`` says whether another try is allowed once ``bad`` edits were found guilty. A
    suspect that a try names is left out first; else the tries halve the edits until the first that fails is known.
    """
    found: Found[T] = Found()
    remaining = list(edits)
    safe = 0  # so many of the remaining are known to pass together
    while remaining and safe < len(remaining):
        if not more(len(found.left)):
            break
        whole = attempt(remaining)
        if whole.ok:
            found.best, safe = whole, len(remaining)
            break
        reason = whole
        suspects = [key for key in remaining if key in whole.suspects]
        if len(suspects) == 1 and len(remaining) > 1 and more(len(found.left)):
            rest = [key for key in remaining if key != suspects[0]]
            without = attempt(rest)
            if without.ok:
                found.left[suspects[0]] = whole.why
                found.best, safe, remaining = without, len(rest), rest
                break
        low, high = safe, len(remaining)
        while high - low > 1 and more(len(found.left)):
            middle = (low + high) // 2
            half = attempt(remaining[:middle])
            if half.ok:
                low, found.best = middle, half
            else:
                high, reason = middle, half
        safe = low
        if high - low > 1:
            break
        found.left[remaining.pop(high - 1)] = reason.why
    found.kept = tuple(remaining[:safe])
    for key in remaining[safe:]:
        found.left[key] = "not tried to the end: so many builds are not worth it"
    return found
