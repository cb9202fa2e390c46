"""A trend as values: what every output of it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ..brief import brief

ORDERS = ("given", "tag", "time")
PULL, CONTENT = "to pull", "content"


@brief("name", "created", "pull_bytes", "content_bytes", "new_bytes", "problem")
@dataclass(frozen=True, slots=True)
class Point:
    """An image at its place in a trend.

    ``name`` tells it from the others (a tag, or the whole reference), ``created`` is RFC 3339. ``pull_bytes`` are its
    layers as stored, compressed; where a layer is stored as it is they are estimated, and ``about`` is true.
    ``content_bytes`` are known where the layers were read. ``new_bytes`` are those of ``pull_bytes`` that a machine
    lacks which has the image before. ``problem`` says why nothing is known of an image.
    """

    name: str
    reference: str
    created: str | None = None
    digest: str | None = None
    layers: int = 0
    pull_bytes: int | None = None
    about: bool = False
    content_bytes: int | None = None
    new_bytes: int | None = None
    problem: str | None = None


class Cause(NamedTuple):
    """Where bytes of a jump came from, or went: ``what`` is a layer, a directory or a package; content bytes."""

    kind: str
    what: str
    bytes: int


@brief("before", "after", "bytes", "why")
@dataclass(frozen=True, slots=True)
class Jump:
    """The step from one point to the next: by how many ``bytes`` of the trend's measure, and what made it.

    ``why`` is a sentence, ``causes`` the layers, directories and packages that changed most. ``problem`` says why the
    images could not be compared.
    """

    before: Point
    after: Point
    bytes: int
    why: str = ""
    causes: tuple[Cause, ...] = ()
    problem: str | None = None


@brief("title", "measure", "points", "jumps", "left_out")
@dataclass(frozen=True, slots=True)
class Trend:
    """Images in their order, with the largest ``jumps`` between them explained, largest first.

    ``measure`` is what is compared: ``to pull`` where that is known of every image, ``content`` else. ``left_out`` are
    images before the first that were not asked for.
    """

    title: str
    measure: str
    points: tuple[Point, ...]
    jumps: tuple[Jump, ...] = ()
    left_out: int = 0

    @property
    def known(self) -> list[Point]:
        """The points whose size is known."""
        return [point for point in self.points if self.size(point) is not None]

    def size(self, point: Point) -> int | None:
        """Return a point's bytes by the trend's measure; ``None`` where they are not known."""
        return point.pull_bytes if self.measure == PULL else point.content_bytes

    def steps(self) -> Iterator[tuple[Point, Point, int]]:
        """Yield (before, after, bytes gained) from each known point to the next."""
        for before, after in pairwise(self.known):
            yield before, after, (self.size(after) or 0) - (self.size(before) or 0)


def said_below(path: str, change: int, changed: Iterable[tuple[str, int]]) -> bool:
    """Tell whether most of what a directory gained or lost is that of another below it, which says more.

    ``changed`` are directories with the bytes by which each changed, all below it included.
    """
    inside = path.rstrip("/") + "/"
    return any(
        below != path and below.startswith(inside) and own * change > 0 and abs(own) * 5 >= abs(change) * 4
        for below, own in changed
    )
