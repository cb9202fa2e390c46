"""How a fleet grew: what its tags led to at each time that they were observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...brief import brief
from .ground import cut, past, row, rows
from .jump import GrowthJump, causes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .ground import Connection

_MOST = 60
"""Points of a growth: a bit each of a 64-bit number."""
_PERIODS = ("day", "week", "month", "quarter", "year")


@brief("time", "tags", "logical", "physical")
@dataclass(frozen=True, slots=True)
class GrowthPoint:
    """A fleet at the end of a period: its tags and images, and their bytes as ``stored`` counts them.

    ``time`` is the first day of the period, as ``YYYY-MM-DD``. ``change`` are the bytes that it takes more than at the
    end of the period before; ``None`` for the first one.
    """

    time: str
    tags: int
    images: int
    logical: int
    physical: int
    change: int | None


@brief("host", "repository", "before", "after")
@dataclass(frozen=True, slots=True)
class Grown:
    """A repository's physical bytes at the first point and at the last."""

    host: str
    repository: str
    before: int
    after: int

    @property
    def change(self) -> int:
        """The bytes that it gained."""
        return self.after - self.before


@brief("period", "points", "repositories")
@dataclass(frozen=True, slots=True)
class Growth:
    """A fleet over time, in periods of a ``day``, a ``week``, …: the shortest of which there are not too many.

    A tag that is not observed any more stays where it was last seen: a store can't tell that it was deleted. Sizes of
    images that are not in the store are not known, and count nothing. ``repositories`` changed most. ``jump`` is the
    step by which the physical bytes changed most, with what made it; ``None`` where they never did.
    """

    period: str
    points: tuple[GrowthPoint, ...]
    repositories: tuple[Grown, ...]
    jump: GrowthJump | None = None


def growth(connection: Connection, *, limit: int | None = None) -> Growth:
    """Follow a fleet over the observations of its tags; at most ``limit`` repositories, those that changed most."""
    past(connection)
    period = next(each for each in _PERIODS if _points(connection, each) <= _MOST or each == _PERIODS[-1])
    for table in _TABLES:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table.format(start=_START.format(period=period))}")
    times = [time for (time,) in rows(connection, "SELECT strftime(start, '%Y-%m-%d') FROM ask_points ORDER BY point")]
    columns = [
        _sums(connection, query, len(times))
        for query in (
            "SELECT mask, 1 AS number FROM ask_states",
            "SELECT bit_or(mask) AS mask, 1 AS number FROM ask_held GROUP BY host_id, image_id",
            "SELECT mask, bytes AS number FROM ask_held JOIN past_image_sizes USING (image_id)",
            f"SELECT mask, number FROM ({_PHYSICAL.format(keys='host_id')})",  # noqa: S608
        )
    ]
    points: list[GrowthPoint] = []
    for time, tags, images, logical, physical in zip(times, *columns, strict=True):
        change = physical - points[-1].physical if points else None
        points.append(GrowthPoint(time, tags, images, logical, physical, change))
    return Growth(period, tuple(points), _grown(connection, len(times), limit), _jump(connection, points))


def _jump(connection: Connection, points: Sequence[GrowthPoint]) -> GrowthJump | None:
    place = max(range(1, len(points)), key=lambda place: (abs(points[place].change or 0), -place), default=0)
    change = points[place].change if place else 0
    if not change:
        return None
    before, after = points[place - 1].time, points[place].time
    return GrowthJump(before, after, change, causes(connection, place - 1, place))


_START = "date_trunc('{period}', make_timestamp(epoch_us(tags.observed)))"
# What there was when: a bit for each point, so that one pass counts for all of them. Of a period the last observation
# of a tag counts, up to the period of the next.
_TABLES = (
    f"""ask_points AS
    SELECT start, row_number() OVER (ORDER BY start) - 1 AS point
    FROM (SELECT DISTINCT {{start}} AS start FROM tags WHERE observed IS NOT NULL ORDER BY start DESC LIMIT {_MOST})""",  # noqa: S608
    """ask_states AS
    SELECT host_id, repo_id, digest, (1::UBIGINT << until::UBIGINT) - (1::UBIGINT << point::UBIGINT) AS mask
    FROM (SELECT *, coalesce(lead(point) OVER (PARTITION BY ref ORDER BY point),
                             (SELECT count(*) FROM ask_points)) AS until
          FROM (SELECT ref, host_id, repo_id, point, coalesce(tags.digest, tags.image) AS digest
                FROM tags JOIN ask_tags USING (reference) JOIN ask_points ON start = {start}
                QUALIFY row_number() OVER (PARTITION BY ref, point
                                           ORDER BY tags.observed DESC, tags.digest DESC, tags.image DESC) = 1))""",
    """ask_held AS
    SELECT host_id, repo_id, image_id, bit_or(mask) AS mask
    FROM ask_states JOIN ask_holds USING (digest) JOIN past_images USING (image) GROUP BY ALL""",
)
_PHYSICAL = """
SELECT {keys}, mask, bytes AS number FROM (
    SELECT {keys}, piece_id, bit_or(mask) AS mask FROM ask_held JOIN past_uses USING (image_id) GROUP BY ALL)
JOIN past_pieces USING (piece_id)
"""


def _points(connection: Connection, period: str) -> int:
    (count,) = row(connection, f"SELECT count(DISTINCT {_START.format(period=period)}) FROM tags")  # noqa: S608
    return int(count)


def _sums(connection: Connection, query: str, count: int) -> list[int]:
    """Add up, for each point, the numbers of the rows whose mask has its bit."""
    if not count:
        return []
    sums = ", ".join(
        f"CAST(coalesce(sum(number) FILTER ((mask >> {point}) & 1 = 1), 0) AS HUGEINT)" for point in range(count)
    )
    return list(row(connection, f"SELECT {sums} FROM ({query})"))  # noqa: S608


def _grown(connection: Connection, count: int, limit: int | None) -> tuple[Grown, ...]:
    if count < 2:
        return ()
    found = rows(
        connection,
        f"""
        WITH sums AS (SELECT repo_id, coalesce(sum(number) FILTER (mask & 1 = 1), 0) AS before,
                             coalesce(sum(number) FILTER ((mask >> {count - 1}) & 1 = 1), 0) AS after
                      FROM ({_PHYSICAL.format(keys="repo_id")}) GROUP BY repo_id)
        SELECT host, repository, CAST(before AS HUGEINT), CAST(after AS HUGEINT)
        FROM sums JOIN (SELECT DISTINCT repo_id, host, repository FROM ask_tags) USING (repo_id)
        WHERE before <> after ORDER BY abs(after - before) DESC, repo_id
        {cut(limit)}
        """,  # noqa: S608
    )
    return tuple(Grown(*columns) for columns in found)
