"""What images stand on: the tree of the layers that they share, their bases, and how far these have drifted apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...brief import brief
from .ground import cut, moment, row, rows
from .prefixes import prefixes

if TYPE_CHECKING:
    from .ground import Connection

_NAMED = 5
"""Images that a version of a base is told with."""


@brief("name", "depth", "layers", "images", "bytes")
@dataclass(frozen=True, slots=True)
class Node:
    """Layers, from the lowest on, that several images begin with; ``depth`` counts the nodes that this one stands on.

    ``name`` is the base's that ends here, or a tag of an image that has no more; else empty. ``bytes`` are those of
    the layers above the node below, as stored; that they are shared saves ``saved`` on hosts that keep a blob once.
    ``top`` is the uppermost layer's diff_id.
    """

    name: str
    depth: int
    layers: int
    images: int
    repositories: int
    bytes: int
    top: str

    @property
    def saved(self) -> int:
        """The bytes that the images would take besides if each had layers of its own."""
        return self.bytes * (self.images - 1)


@brief("base", "platform", "made", "images")
@dataclass(frozen=True, slots=True)
class Version:
    """One set of layers that a base's name stood for, and who stands on it.

    ``made`` is when (RFC 3339): where the base itself is in the fleet (``exact``), when that was made; else when the
    first image on it was, which is later. ``references`` are the first of its images' names, ``bytes`` the base's as
    stored.
    """

    base: str
    platform: str
    top: str
    layers: int
    bytes: int
    images: int
    repositories: int
    made: str | None
    exact: bool
    newest: bool
    references: tuple[str, ...]


@brief("base", "platform", "images", "versions", "not_shared", "saves")
@dataclass(frozen=True, slots=True)
class Drift:
    """A base of which several versions are in use.

    ``images`` stand on so many older ``versions``, whose layers' ``not_shared`` bytes the newest does not have (as
    stored, each host by itself). Moving them to the newest ``saves`` bytes: those of layers that nobody else uses,
    less what the newest would bring to hosts that lack it, so that it may be less than 0.
    """

    base: str
    platform: str
    images: int
    versions: int
    not_shared: int
    saves: int


@brief("tree", "versions", "drift")
@dataclass(frozen=True, slots=True)
class Bases:
    """The tree of shared layers (its most used nodes, each below those it stands on), bases' versions, and drift.

    ``unknown`` images have no base that is known by name. ``counts`` says how many rows there are of each list.
    """

    tree: tuple[Node, ...]
    versions: tuple[Version, ...]
    drift: tuple[Drift, ...]
    unknown: int
    counts: dict[str, int]


def bases(connection: Connection, *, limit: int | None = None) -> Bases:
    """Find what images stand on; at most ``limit`` rows of each list: the most used, and those that save most."""
    prefixes(connection)
    connection.execute(_VERSIONS)
    counts = row(
        connection,
        "SELECT (SELECT count(*) FROM ask_versions),"
        " (SELECT count(*) FROM (SELECT base FROM ask_versions GROUP BY base, platform HAVING count(*) > 1)),"
        " (SELECT count(*) FROM ask_images WHERE image_id NOT IN (SELECT image_id FROM ask_based))",
    )
    nodes, tree = _tree(connection, limit)
    return Bases(
        tree=tree,
        versions=_versions(connection, limit),
        drift=_drift(connection, limit),
        unknown=counts[2],
        counts={"tree": nodes, "versions": counts[0], "drift": counts[1]},
    )


_NODES = """
CREATE OR REPLACE TEMP TABLE ask_nodes AS
WITH counted AS (SELECT position, first, count(*) AS images FROM ask_prefixes GROUP BY ALL HAVING count(*) > 1),
-- A node is where some of its images part from the others, or end.
followed AS (SELECT p.position - 1 AS position, below.first, max(images) AS images
             FROM counted p JOIN ask_prefixes below ON below.image_id = p.first AND below.position = p.position - 1
             GROUP BY ALL)
SELECT position, first, c.images FROM counted c LEFT JOIN followed f USING (position, first)
WHERE f.images IS NULL OR f.images < c.images
"""
# Bases' names by the prefixes where they end. A base is taken to have no more layers than its image.
_VERSIONS = """
CREATE OR REPLACE TEMP TABLE ask_based AS
SELECT image_id, base, position, first, bytes, coalesce(platform, '') AS platform, created
FROM bases JOIN ask_images USING (image) JOIN ask_prefixes USING (image_id)
WHERE base <> '' AND position = base_layers;
CREATE OR REPLACE TEMP TABLE ask_versions AS
WITH grouped AS (SELECT base, platform, position, first, any_value(bytes) AS bytes, count(*) AS images,
                        min(created) AS earliest FROM ask_based GROUP BY ALL),
itself AS (SELECT position, first, min(created) AS created FROM ask_prefixes JOIN ask_images USING (image_id)
           WHERE position = len(layers) AND created IS NOT NULL GROUP BY ALL)
SELECT *, row_number() OVER (PARTITION BY base, platform
                             ORDER BY made DESC NULLS LAST, images DESC, position DESC, first) AS rank
FROM (SELECT g.*, coalesce(created, earliest) AS made, created IS NOT NULL AS exact
      FROM grouped g LEFT JOIN itself USING (position, first))
"""


def _tree(connection: Connection, limit: int | None) -> tuple[int, tuple[Node, ...]]:
    """Return how many nodes there are, and those that most images share: what a node stands on has more than it."""
    connection.execute(_NODES)
    (count,) = row(connection, "SELECT count(*) FROM ask_nodes")
    found = rows(
        connection,
        f"""
        WITH chosen AS (SELECT * FROM ask_nodes ORDER BY images DESC, position, first {cut(limit)}),
        named AS (SELECT position, first, arg_max(base, (n, base)) AS base
                  FROM (SELECT position, first, base, count(*) AS n FROM ask_based GROUP BY ALL) GROUP BY ALL),
        ended AS (SELECT position, first, min(reference) AS reference
                  FROM ask_prefixes JOIN ask_images USING (image_id) JOIN ask_names USING (image_id)
                  WHERE position = len(layers) GROUP BY ALL),
        spread AS (SELECT position, first, count(DISTINCT repo_id) AS repositories
                   FROM ask_prefixes SEMI JOIN chosen USING (position, first)
                   JOIN ask_tag_images USING (image_id) GROUP BY ALL),
        below AS (SELECT c.position, c.first, max(p.position) AS below, arg_max(p.first, p.position) AS below_first
                  FROM chosen c JOIN ask_prefixes p ON p.image_id = c.first AND p.position < c.position
                  JOIN chosen other ON other.position = p.position AND other.first = p.first GROUP BY ALL)
        SELECT c.position, c.first, below, below_first, coalesce(base, reference, ''), c.images, repositories,
               own.bytes, layer
        FROM chosen c JOIN ask_prefixes own ON own.image_id = c.first AND own.position = c.position
        JOIN ask_stack s ON s.image_id = c.first AND s.position = c.position JOIN ask_layers USING (layer_id)
        JOIN spread ON spread.position = c.position AND spread.first = c.first
        LEFT JOIN below ON below.position = c.position AND below.first = c.first
        LEFT JOIN named ON named.position = c.position AND named.first = c.first
        LEFT JOIN ended ON ended.position = c.position AND ended.first = c.first
        ORDER BY c.images DESC, c.position, c.first
        """,  # noqa: S608
    )
    above: dict[tuple[int, int] | None, list[tuple[int, int]]] = {}
    facts = {}
    for position, first, below, below_first, *rest in found:
        parent = None if below is None else (below, below_first)
        above.setdefault(parent, []).append((position, first))
        facts[position, first] = (parent, *rest)
    tree: list[Node] = []
    pending = [(key, 0) for key in reversed(above.get(None, []))]
    while pending:
        key, depth = pending.pop()
        parent, name, images, repositories, bytes_, top = facts[key]
        own = bytes_ - (facts[parent][4] if parent is not None else 0)
        tree.append(Node(name, depth, key[0], images, repositories, own, top))
        pending += [(other, depth + 1) for other in reversed(above.get(key, []))]
    return count, tuple(tree)


def _versions(connection: Connection, limit: int | None) -> tuple[Version, ...]:
    found = rows(
        connection,
        f"""
        WITH chosen AS (SELECT * FROM ask_versions ORDER BY images DESC, base, platform, rank {cut(limit)}),
        named AS (SELECT base, platform, position, first, count(DISTINCT repo_id) AS repositories,
                         list_sort(list(DISTINCT reference))[:{_NAMED}] AS names
                  FROM ask_based SEMI JOIN chosen USING (base, platform, position, first)
                  JOIN ask_tag_images USING (image_id) JOIN ask_names USING (image_id) GROUP BY ALL)
        SELECT base, platform, layer, chosen.position, chosen.bytes, images, repositories.repositories,
               {moment("made")}, exact, rank = 1, repositories.names
        FROM chosen JOIN named AS repositories USING (base, platform, position, first)
        JOIN ask_stack s ON s.image_id = first AND s.position = chosen.position JOIN ask_layers USING (layer_id)
        ORDER BY images DESC, base, platform, rank
        """,  # noqa: S608
    )
    return tuple(Version(*[*columns, tuple(names)]) for *columns, names in found)


def _drift(connection: Connection, limit: int | None) -> tuple[Drift, ...]:
    found = rows(
        connection,
        f"""
        WITH newest AS (SELECT base, platform, position, first FROM ask_versions WHERE rank = 1),
        new_pieces AS (SELECT DISTINCT base, platform, piece_id FROM newest
                       JOIN ask_stack s ON s.image_id = newest.first AND s.position <= newest.position),
        behind AS (SELECT b.base, b.platform, b.image_id, b.position FROM ask_based b
                   JOIN ask_versions v USING (base, platform, position, first) WHERE v.rank > 1),
        hosts AS (SELECT DISTINCT base, platform, host_id FROM behind JOIN ask_tag_images USING (image_id)),
        held AS (SELECT DISTINCT host_id, image_id FROM ask_tag_images),
        -- Of the layers in old versions, whether all places where an image has one are in its base.
        uses AS (SELECT base, platform, behind.image_id, piece_id,
                        min(s.position) <= any_value(behind.position) AS moves,
                        max(s.position) <= any_value(behind.position) AS goes
                 FROM behind JOIN ask_stack s ON s.image_id = behind.image_id GROUP BY ALL),
        old_pieces AS (SELECT base, platform, host_id, piece_id, count(*) FILTER (goes) AS gone
                       FROM uses JOIN held USING (image_id) WHERE moves
                       AND (base, platform, piece_id) NOT IN (SELECT (base, platform, piece_id) FROM new_pieces)
                       GROUP BY ALL),
        users AS (SELECT host_id, piece_id, count(*) AS users FROM held JOIN ask_uses USING (image_id)
                  SEMI JOIN old_pieces USING (host_id, piece_id) GROUP BY ALL),
        old AS (SELECT base, platform, sum(bytes) AS not_shared,
                       coalesce(sum(bytes) FILTER (gone = users), 0) AS freed
                FROM old_pieces JOIN users USING (host_id, piece_id) JOIN ask_pieces USING (piece_id) GROUP BY ALL),
        there AS (SELECT DISTINCT host_id, piece_id FROM held JOIN ask_stack USING (image_id)
                  SEMI JOIN new_pieces USING (piece_id)),
        brought AS (SELECT base, platform, sum(bytes) AS bytes
                    FROM hosts JOIN new_pieces USING (base, platform) ANTI JOIN there USING (host_id, piece_id)
                    JOIN ask_pieces USING (piece_id) GROUP BY ALL),
        numbers AS (SELECT base, platform, CAST(sum(images) AS BIGINT) AS images, count(*) AS versions
                    FROM ask_versions WHERE rank > 1 GROUP BY ALL)
        SELECT base, platform, images, versions, CAST(coalesce(not_shared, 0) AS HUGEINT) AS not_shared,
               CAST(coalesce(freed, 0) - coalesce(brought.bytes, 0) AS HUGEINT) AS saves
        FROM numbers LEFT JOIN old USING (base, platform) LEFT JOIN brought USING (base, platform)
        ORDER BY saves DESC, not_shared DESC, base, platform {cut(limit)}
        """,  # noqa: S608
    )
    return tuple(Drift(*columns) for columns in found)
