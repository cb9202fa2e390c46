"""What is stored: bytes as they are counted, as they are kept, and as they are shared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...brief import brief
from ...errors import UsageError
from .ground import cut, ground, most, row, rows

if TYPE_CHECKING:
    from .ground import Connection

GB = 1_000_000_000
"""Bytes of what ``--price-per-gb`` is the price of."""


@brief("level", "host", "repository", "name", "logical", "physical", "unique")
@dataclass(frozen=True, slots=True)
class Share:
    """What a host, a repository, an image or a tag takes, in bytes as stored.

    ``logical`` is what its images would take if none shared anything, each of a repository counted once. ``physical``
    is what they take, every digest once. ``unique`` goes with it: no other repository (image, tag) of the same host
    uses that. Of a host and of the whole fleet, ``unique`` are the bytes that a single one of its images uses.
    """

    level: str
    host: str
    repository: str
    name: str
    images: int
    tags: int
    logical: int
    physical: int
    unique: int

    @property
    def shared(self) -> int:
        """The bytes that others use too."""
        return self.physical - self.unique


@brief()
@dataclass(frozen=True, slots=True)
class Use:
    """Layers that from ``low`` to ``high`` images of one host use: how many, and the bytes that they take once.

    ``saved`` are the bytes that would be stored besides if images shared nothing.
    """

    low: int
    high: int
    layers: int
    bytes: int
    saved: int


@brief("total", "price_per_gb")
@dataclass(frozen=True, slots=True)
class Stored:
    """What a fleet takes; ``repositories``, ``images`` and ``tags`` are the largest of ``counts`` of them.

    ``unread`` references lead to no image in the store. ``about`` layers have no stored size: what they hold counts.
    """

    total: Share
    hosts: tuple[Share, ...]
    repositories: tuple[Share, ...]
    images: tuple[Share, ...]
    tags: tuple[Share, ...]
    counts: dict[str, int]
    used: tuple[Use, ...]
    price_per_gb: float | None = None
    unread: int = 0
    about: int = 0

    def cost(self, bytes_: int) -> float | None:
        """Return what bytes cost (in what, and for what time, the price says); ``None`` without a price."""
        return None if self.price_per_gb is None else bytes_ / GB * self.price_per_gb


def stored(connection: Connection, *, limit: int | None = None, price_per_gb: float | None = None) -> Stored:
    """Add up what is stored; at most ``limit`` rows of each list, the largest. Raises ``UsageError``."""
    checked_price(price_per_gb)
    ground(connection)
    hosts = _whole(connection, "host_id", "any_value(host)", "GROUP BY host_id")
    (total,) = _whole(connection, "0", "''", "")
    repositories, images, tags = (_level(connection, level, limit) for level in _LEVELS)
    names = ("repositories", "images", "tags")
    sizes = row(
        connection,
        "SELECT (SELECT count(DISTINCT repo_id) FROM ask_tag_images),"
        " (SELECT count(*) FROM (SELECT DISTINCT host_id, image_id FROM ask_tag_images)),"
        " (SELECT count(DISTINCT ref) FROM ask_tag_images),"
        " (SELECT count(*) FROM ask_tags ANTI JOIN ask_tag_images USING (ref)),"
        " (SELECT count(*) FROM ask_pieces WHERE about)",
    )
    return Stored(
        total=total,
        hosts=hosts,
        repositories=repositories,
        images=images,
        tags=tags,
        counts={"hosts": len(hosts), **dict(zip(names, sizes[:3], strict=True))},
        used=_used(connection),
        price_per_gb=price_per_gb,
        unread=sizes[3],
        about=sizes[4],
    )


def checked_price(price_per_gb: float | None) -> None:
    """See that a price is one. Raises ``UsageError``."""
    if price_per_gb is not None and not 0 <= price_per_gb < float("inf"):
        raise UsageError(f"--price-per-gb {price_per_gb}: a price is a number from 0 on")


def _whole(connection: Connection, key: str, name: str, group: str) -> tuple[Share, ...]:
    """Return a host each, or all of them together: a piece is stored once on each host."""
    found = rows(
        connection,
        f"""
        WITH held AS (SELECT DISTINCT host_id, image_id FROM ask_tag_images),
        pieces AS (SELECT host_id, piece_id, count(*) AS users FROM held JOIN ask_uses USING (image_id) GROUP BY ALL),
        kept AS (SELECT {key} AS key, sum(bytes) AS physical, coalesce(sum(bytes) FILTER (users = 1), 0) AS alone
                 FROM pieces JOIN ask_pieces USING (piece_id) {group}),
        counted AS (SELECT {key} AS key, sum(bytes) AS logical
                    FROM (SELECT DISTINCT host_id, repo_id, image_id FROM ask_tag_images)
                    JOIN ask_image_sizes USING (image_id) {group}),
        numbers AS (SELECT {key} AS key, {name} AS name, count(DISTINCT image_id) AS images,
                    count(DISTINCT ref) AS tags FROM ask_tag_images JOIN ask_tags USING (ref, host_id) {group})
        SELECT name, images, tags, CAST(coalesce(logical, 0) AS HUGEINT), CAST(coalesce(physical, 0) AS HUGEINT),
               CAST(coalesce(alone, 0) AS HUGEINT)
        FROM numbers LEFT JOIN kept USING (key) LEFT JOIN counted USING (key)
        ORDER BY 5 DESC, 1
        """,  # noqa: S608
    )
    level = "host" if group else "fleet"
    return tuple(Share(level, name or "", "", "", *numbers) for name, *numbers in found)


# Of each level: what tells its members apart, what a member's images are counted apart by, and its name.
_LEVELS = {
    "repository": ("repo_id", "repo_id, image_id", "''", "physical"),
    "image": ("image_id", "image_id", "any_value(images.image)", "alone"),
    "tag": ("ref", "ref, image_id", "any_value(coalesce(tag, reference))", "alone"),
}


def _level(connection: Connection, level: str, limit: int | None) -> tuple[Share, ...]:
    key, counted, name, order = _LEVELS[level]
    ranked = f"QUALIFY rank() OVER (ORDER BY {order} DESC, physical DESC) <= {most(limit)}" if limit is not None else ""
    found = rows(
        connection,
        f"""
        WITH held AS (SELECT DISTINCT host_id, {key}, piece_id FROM ask_tag_images JOIN ask_uses USING (image_id)),
        users AS (SELECT host_id, piece_id, count(*) AS users FROM held GROUP BY ALL),
        kept AS (SELECT host_id, {key}, sum(bytes) AS physical, coalesce(sum(bytes) FILTER (users = 1), 0) AS alone
                 FROM held JOIN users USING (host_id, piece_id) JOIN ask_pieces USING (piece_id) GROUP BY ALL),
        counted AS (SELECT host_id, {key}, sum(bytes) AS logical
                    FROM (SELECT DISTINCT host_id, {counted} FROM ask_tag_images)
                    JOIN ask_image_sizes USING (image_id) GROUP BY ALL),
        ranked AS (SELECT * FROM kept JOIN counted USING (host_id, {key})),
        cut AS (SELECT * FROM ranked
                {ranked})
        SELECT any_value(host), min(repository) AS repository, {name} AS name,
               count(DISTINCT image_id), count(DISTINCT ref),
               CAST(any_value(logical) AS HUGEINT), CAST(any_value(physical) AS HUGEINT) AS physical,
               CAST(any_value(alone) AS HUGEINT) AS alone
        FROM cut JOIN ask_tag_images USING (host_id, {key}) JOIN ask_tags USING (ref)
        JOIN ask_images images USING (image_id)
        GROUP BY host_id, {key}
        ORDER BY {order} DESC, physical DESC, 1, 2, 3, min(ref) {cut(limit)}
        """,  # noqa: S608
    )
    return tuple(Share(level, *columns) for columns in found)


def _used(connection: Connection) -> tuple[Use, ...]:
    """Return how often layers are used, in steps of 1, 2, 3 to 4, 5 to 8, and so on."""
    found = rows(
        connection,
        """
        WITH held AS (SELECT DISTINCT host_id, image_id FROM ask_tag_images),
        used AS (SELECT host_id, piece_id, count(DISTINCT image_id) AS users
                 FROM held JOIN ask_stack USING (image_id) GROUP BY ALL)
        SELECT CAST(ceil(log2(users)) AS INTEGER) AS step, count(*), CAST(sum(bytes) AS HUGEINT),
               sum(CAST(bytes AS HUGEINT) * (users - 1))
        FROM used JOIN ask_pieces USING (piece_id) GROUP BY step ORDER BY step
        """,
    )
    return tuple(Use((1 << step) // 2 + 1 if step else 1, 1 << step, *numbers) for step, *numbers in found)
