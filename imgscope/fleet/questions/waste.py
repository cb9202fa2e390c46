"""Which waste costs most over all images: what lies in a layer counts once, however many images stand on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...brief import brief
from .ground import cut, ground, row, rows

if TYPE_CHECKING:
    from .ground import Connection


@brief()
@dataclass(frozen=True, slots=True)
class Wasted:
    """Waste at one ``path``, for one reason: ``bytes`` of content in all distinct ``layers`` that hold it.

    ``images`` have it, in so many ``repositories``; ``image`` is the first reference to one of those with most.
    """

    path: str
    reason: str
    bytes: int
    layers: int
    images: int
    repositories: int
    image: str


@brief("bytes", "counted", "images")
@dataclass(frozen=True, slots=True)
class Waste:
    """The fleet's waste, in bytes of content.

    ``bytes`` counts a path of a layer once; ``counted`` is what the figures of all images add up to. ``paths`` are the
    costliest of ``count``. Images may waste the same bytes for different reasons, or as part of different folders: they
    then stand in a row of each, and once in ``bytes``.
    """

    bytes: int
    counted: int
    images: int
    paths: tuple[Wasted, ...]
    count: int


# What each image wastes, by numbers.
_WASTE = """
CREATE OR REPLACE TEMP TABLE ask_waste AS
SELECT image_id, layer_id, path, coalesce(reason, '') AS reason, sum(greatest(coalesce(w.bytes, 0), 0)) AS bytes
FROM waste w JOIN ask_images USING (image) JOIN ask_layers USING (layer)
GROUP BY ALL
"""
# A folder's row stands for what is below it, and where one image wastes a folder as a whole another may waste but some
# files in it. So a layer's paths are taken together below the outermost that any image names, and what counts is the
# most that one image wastes there: what all of them waste is at least that.
_WASTED = """
CREATE OR REPLACE TEMP TABLE {into} AS
WITH paths AS (SELECT DISTINCT layer_id, path, rtrim(path, '/') AS bare FROM {waste}),
several AS (SELECT layer_id FROM paths GROUP BY layer_id HAVING count(*) > 1),
above AS (SELECT layer_id, path, array_to_string(parts[:depth], '/') AS bare
          FROM (SELECT *, unnest(range(1, len(parts))) AS depth
                FROM (SELECT layer_id, path, string_split(bare, '/') AS parts FROM paths
                      SEMI JOIN several USING (layer_id)))),
top AS (SELECT layer_id, above.path, min_by(bare, len(bare)) AS bare
        FROM above SEMI JOIN paths USING (layer_id, bare) GROUP BY ALL),
held AS (SELECT image_id, layer_id, coalesce(bare, rtrim(path, '/')) AS bare, sum(bytes) AS bytes
         FROM {waste} LEFT JOIN top USING (layer_id, path) GROUP BY ALL)
SELECT layer_id, bare AS path, max(bytes) AS bytes FROM held GROUP BY ALL
"""


def wasted(connection: Connection, *, apart: bool = False) -> None:
    """Make ``ask_wasted``: the bytes that layers waste, each byte once; those of repositories ``apart`` if asked.

    Then ``layer_id`` stands for a layer in a repository, and ``repo_id`` says in which.
    """
    ground(connection)
    connection.execute(_WASTE)
    if not apart:
        connection.execute(_WASTED.format(into="ask_wasted", waste="ask_waste"))
        return
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ask_waste_apart AS"
        " SELECT image_id, layer_id * repositories + repo_id AS layer_id, path, bytes FROM ask_waste"
        " JOIN (SELECT DISTINCT repo_id, image_id FROM ask_tag_images) USING (image_id),"
        " (SELECT max(repo_id) + 1 AS repositories FROM ask_tags)"
    )
    connection.execute(_WASTED.format(into="ask_wasted_apart", waste="ask_waste_apart"))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ask_wasted AS"
        " SELECT layer_id, layer_id % repositories AS repo_id, path, bytes FROM ask_wasted_apart,"
        " (SELECT max(repo_id) + 1 AS repositories FROM ask_tags)"
    )


def waste(connection: Connection, *, limit: int | None = None) -> Waste:
    """Add up the waste of all images, the costliest paths first; at most ``limit`` of them."""
    wasted(connection)
    found = rows(
        connection,
        f"""
        WITH held AS (SELECT layer_id, path, reason, max(bytes) AS bytes FROM ask_waste GROUP BY ALL),
        paths AS (SELECT path, reason, sum(bytes) AS bytes, count(*) AS layers FROM held GROUP BY ALL),
        ranked AS (SELECT * FROM paths ORDER BY bytes DESC, path, reason {cut(limit)}),
        users AS (SELECT path, reason, w.image_id, sum(w.bytes) AS own
                  FROM ask_waste w SEMI JOIN ranked USING (path, reason) GROUP BY ALL),
        repositories AS (SELECT path, reason, count(DISTINCT repo_id) AS repositories
                         FROM users JOIN ask_tag_images USING (image_id) GROUP BY ALL)
        SELECT path, reason, CAST(any_value(ranked.bytes) AS HUGEINT) AS bytes, any_value(layers),
               count(*), any_value(repositories.repositories), arg_max(reference, (own, -ask_names.ref))
        FROM ranked JOIN users USING (path, reason) JOIN repositories USING (path, reason)
        JOIN ask_names USING (image_id)
        GROUP BY path, reason ORDER BY bytes DESC, path, reason
        """,  # noqa: S608
    )
    total, counted, images, count = row(
        connection,
        "SELECT (SELECT CAST(coalesce(sum(bytes), 0) AS HUGEINT) FROM ask_wasted),"
        " (SELECT CAST(coalesce(sum(bytes), 0) AS HUGEINT) FROM ask_waste),"
        " (SELECT count(DISTINCT image_id) FROM ask_waste),"
        " (SELECT count(*) FROM (SELECT DISTINCT path, reason FROM ask_waste))",
    )
    return Waste(total, counted, images, tuple(Wasted(*columns) for columns in found), count)
