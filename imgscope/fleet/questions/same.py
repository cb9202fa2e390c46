"""The same content in many layers: files by what they hold, and packages by their versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...brief import brief
from .ground import cut, ground, row, rows

if TYPE_CHECKING:
    from .ground import Connection

_VERSIONS = 5
"""Versions that a package is told with."""


@brief("path", "bytes", "layers", "redundant")
@dataclass(frozen=True, slots=True)
class Copied:
    """A file's content that several layers hold: ``bytes`` of it in each of ``layers``, at so many ``paths``.

    ``path`` is the first of these, ``images`` have it.
    """

    content: str
    path: str
    paths: int
    bytes: int
    layers: int
    images: int

    @property
    def redundant(self) -> int:
        """The bytes of all copies but one."""
        return self.bytes * (self.layers - 1)


@brief("kind", "name", "versions", "images", "bytes")
@dataclass(frozen=True, slots=True)
class Spread:
    """A package over the fleet: how many ``versions`` of it, which most images have, and the bytes of its files.

    ``bytes`` counts a version in a layer once. ``most`` are versions with the number of their images.
    """

    kind: str
    name: str
    versions: int
    images: int
    layers: int
    bytes: int
    most: tuple[tuple[str, int], ...]


@brief("redundant", "contents", "packages")
@dataclass(frozen=True, slots=True)
class Same:
    """Copies over a fleet: ``redundant`` bytes of ``contents`` that several layers hold, beyond one of each.

    A file that lies twice in one layer counts once. ``files`` and ``packages`` are those with most bytes, of
    ``contents`` and of ``package_count``.
    """

    redundant: int
    contents: int
    files: tuple[Copied, ...]
    packages: tuple[Spread, ...]
    package_count: int


_FILE = "type = 'file' AND content IS NOT NULL"
# Numbers of 64 bits stand for digests here: strings of 71 characters, one a file, would take ten times as long. Of a
# million contents two are the same number with a chance of one in thirty million.
_COPIES = (
    f"""ask_contents AS
    SELECT hash(content) AS number, hash(layer) AS place, bytes FROM files WHERE bytes > 0 AND {_FILE}""",  # noqa: S608
    """ask_copied AS
    SELECT number, CAST(max(bytes) AS BIGINT) AS bytes, count(*) AS layers
    FROM (SELECT number, place, max(bytes) AS bytes FROM ask_contents
          SEMI JOIN (SELECT hash(layer) AS place FROM ask_layers) USING (place) GROUP BY number, place)
    GROUP BY number HAVING count(*) > 1""",
)


def same(connection: Connection, *, limit: int | None = None) -> Same:
    """Find what many layers hold; at most ``limit`` files and packages, those with most bytes."""
    ground(connection)
    for table in _COPIES:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}")
    redundant, contents = row(
        connection,
        "SELECT CAST(coalesce(sum(CAST(bytes AS HUGEINT) * (layers - 1)), 0) AS HUGEINT), count(*) FROM ask_copied",
    )
    packages, count = _packages(connection, limit)
    return Same(redundant, contents, _files(connection, limit), packages, count)


def _files(connection: Connection, limit: int | None) -> tuple[Copied, ...]:
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ask_chosen AS SELECT number, bytes FROM ask_copied"  # noqa: S608
        f" ORDER BY CAST(bytes AS HUGEINT) * (layers - 1) DESC, number {cut(limit)}"
    )
    (least,) = row(connection, "SELECT coalesce(min(bytes), 0) FROM ask_chosen")
    found = rows(
        connection,
        f"""
        WITH places AS (SELECT content, path, layer_id, f.bytes FROM files f JOIN ask_layers USING (layer)
                        WHERE f.bytes >= {int(least)} AND {_FILE} AND hash(content) IN (SELECT number FROM ask_chosen)),
        copies AS (SELECT content, min(path) AS path, count(DISTINCT path) AS paths,
                          CAST(max(bytes) AS BIGINT) AS bytes, count(DISTINCT layer_id) AS layers
                   FROM places GROUP BY content),
        users AS (SELECT content, count(DISTINCT image_id) AS images
                  FROM (SELECT DISTINCT content, layer_id FROM places) JOIN ask_stack USING (layer_id) GROUP BY content)
        SELECT content, path, paths, bytes, layers, images FROM copies JOIN users USING (content)
        WHERE layers > 1 ORDER BY CAST(bytes AS HUGEINT) * (layers - 1) DESC, content
        """,  # noqa: S608
    )
    return tuple(Copied(*columns) for columns in found)


def _packages(connection: Connection, limit: int | None) -> tuple[tuple[Spread, ...], int]:
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE ask_packages AS
        SELECT image_id, coalesce(kind, '') AS kind, name, coalesce(version, '') AS version,
               coalesce(p.layer, p.image) AS layer, greatest(coalesce(max(p.bytes), 0), 0) AS bytes
        FROM packages p JOIN ask_images USING (image) WHERE name IS NOT NULL GROUP BY ALL
        """
    )
    found = rows(
        connection,
        f"""
        WITH held AS (SELECT kind, name, version, layer, max(bytes) AS bytes FROM ask_packages GROUP BY ALL),
        sums AS (SELECT kind, name, count(DISTINCT version) AS versions, count(DISTINCT layer) AS layers,
                        sum(bytes) AS bytes FROM held GROUP BY ALL),
        chosen AS (SELECT * FROM sums ORDER BY bytes DESC, kind, name {cut(limit)}),
        each AS (SELECT kind, name, version, count(DISTINCT image_id) AS images
                 FROM ask_packages SEMI JOIN chosen USING (kind, name) GROUP BY ALL),
        told AS (SELECT kind, name, list((version, images) ORDER BY images DESC, version)[:{_VERSIONS}] AS most
                 FROM each GROUP BY ALL),
        users AS (SELECT kind, name, count(DISTINCT image_id) AS images
                  FROM ask_packages SEMI JOIN chosen USING (kind, name) GROUP BY ALL)
        SELECT kind, name, versions, images, layers, CAST(bytes AS HUGEINT) AS bytes, most
        FROM chosen JOIN told USING (kind, name) JOIN users USING (kind, name) ORDER BY bytes DESC, kind, name
        """,  # noqa: S608
    )
    (count,) = row(connection, "SELECT count(*) FROM (SELECT DISTINCT kind, name FROM ask_packages)")
    spread = (Spread(*[*columns, tuple((version, n) for version, n in most)]) for *columns, most in found)
    return tuple(spread), count
