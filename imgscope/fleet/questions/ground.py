"""What all questions stand on: the tags as last observed, their images, and the pieces that these are stored as.

A piece is what a registry keeps under one digest: a layer's blob, a config, a manifest. An engine's layers have no
blob: there it is the unpacked layer, by its diff_id, with its content as its size. Numbers stand for digests, names
and hosts, since joining by digests of 71 characters would take most of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

    Connection = duckdb.DuckDBPyConnection

_TAGS = (
    # A tag's latest observation. A reference without a digest (an engine's, an archive's) is known by its image.
    """ask_tags AS
    SELECT row_number() OVER (ORDER BY reference) AS ref, dense_rank() OVER (ORDER BY host) AS host_id,
           dense_rank() OVER (ORDER BY host, repository) AS repo_id, *
    FROM (SELECT coalesce(host, '') AS host, coalesce(repository, '') AS repository, tag, reference,
                 coalesce(digest, image) AS digest, image, observed
          FROM tags
          QUALIFY row_number() OVER (
              PARTITION BY reference ORDER BY observed DESC, tags.digest DESC, tags.image DESC) = 1)
    """,
    # Which images a digest leads to: itself, or those of an index. What an index holds never changes, so that what
    # any observation says of it counts.
    """ask_holds AS
    SELECT DISTINCT coalesce(digest, image) AS digest, image FROM tags WHERE image IS NOT NULL
    """,
)
# Images and what they are stored as: of those that a tag leads to now (``ask``), or ever did (``past``).
_IMAGES = (
    """{of}_images AS
    SELECT row_number() OVER (ORDER BY image) AS image_id, image, config, platform, created, layers, blobs,
           greatest(coalesce(manifest_bytes, 0), 0) AS manifest_bytes,
           greatest(coalesce(config_bytes, 0), 0) AS config_bytes
    FROM images SEMI JOIN ({images}) USING (image)
    """,
    """{of}_stack_digests AS
    SELECT image_id, unnest(range(1, len(layers) + 1)) AS position, unnest(layers) AS layer,
           unnest(list_resize(coalesce(blobs, []::VARCHAR[]), len(layers))) AS blob
    FROM {of}_images
    """,
    """{of}_layers AS
    SELECT row_number() OVER (ORDER BY layer) AS layer_id, layer, greatest(coalesce(max(content_bytes), 0), 0) AS bytes
    FROM (SELECT DISTINCT layer FROM {of}_stack_digests) LEFT JOIN layers USING (layer)
    GROUP BY layer
    """,
    # A digest that several rows give sizes of is as large as the largest says: it is one blob.
    """{of}_pieces AS
    SELECT row_number() OVER (ORDER BY digest) AS piece_id, digest, min(kind) AS kind,
           CAST(greatest(max(bytes), 0) AS BIGINT) AS bytes, bool_or(about) AS about
    FROM (SELECT coalesce(s.blob, s.layer) AS digest, 'layer' AS kind,
                 coalesce(b.blob_bytes, l.bytes) AS bytes, b.blob_bytes IS NULL AS about
          FROM (SELECT DISTINCT layer, blob FROM {of}_stack_digests) s
          JOIN {of}_layers l USING (layer)
          LEFT JOIN (SELECT blob, max(blob_bytes) AS blob_bytes FROM layers WHERE blob IS NOT NULL GROUP BY blob) b
               ON b.blob = s.blob
          UNION ALL SELECT config, 'config', config_bytes, false FROM {of}_images WHERE config IS NOT NULL
          UNION ALL SELECT image, 'manifest', manifest_bytes, false FROM {of}_images
                    WHERE config IS DISTINCT FROM image)
    GROUP BY digest
    """,
    """{of}_stack AS
    SELECT image_id, position, layer_id, piece_id
    FROM {of}_stack_digests s JOIN {of}_layers l USING (layer)
    JOIN {of}_pieces p ON p.digest = coalesce(s.blob, s.layer)
    """,
    """{of}_uses AS
    SELECT image_id, piece_id FROM {of}_stack
    UNION SELECT image_id, piece_id FROM {of}_images JOIN {of}_pieces ON digest = config
    UNION SELECT image_id, piece_id FROM {of}_images JOIN {of}_pieces ON digest = image
    """,
    """{of}_image_sizes AS
    SELECT image_id, sum(bytes) AS bytes FROM {of}_uses JOIN {of}_pieces USING (piece_id)
    GROUP BY image_id
    """,
)
_NAMES = (
    """ask_tag_images AS
    SELECT DISTINCT ref, host_id, repo_id, image_id
    FROM ask_tags JOIN ask_holds USING (digest) JOIN ask_images ON ask_images.image = ask_holds.image
    """,
    # By what an image is called where one name has to do: the first of its references.
    """ask_names AS
    SELECT image_id, min(ref) AS ref, min(reference) AS reference, count(DISTINCT ref) AS tags,
           count(DISTINCT ask_tags.repo_id) AS repositories
    FROM ask_tag_images JOIN ask_tags USING (ref) GROUP BY image_id
    """,
)


def ground(connection: Connection) -> Connection:
    """Make what the questions stand on, unless this connection has it, and return the connection."""
    if not there(connection, "ask_names"):
        images = "SELECT image FROM ask_holds SEMI JOIN ask_tags USING (digest)"
        _make(connection, *_TAGS, *(table.format(of="ask", images=images) for table in _IMAGES), *_NAMES)
    return connection


def past(connection: Connection) -> None:
    """Make the same of the images that tags ever led to, in tables that begin with ``past_``, unless it is there."""
    ground(connection)
    if not there(connection, "past_image_sizes"):
        images = "SELECT image FROM ask_holds"
        _make(connection, *(table.format(of="past", images=images) for table in _IMAGES))


def there(connection: Connection, table: str) -> bool:
    """Tell whether this connection has a table of ours."""
    found = row(connection, "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", table)
    return found != (0,)


def _make(connection: Connection, *tables: str) -> None:
    for table in tables:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}")


def rows(connection: Connection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return all rows of a query of ours."""
    found: list[tuple[Any, ...]] = connection.execute(sql, values).fetchall()
    return found


def row(connection: Connection, sql: str, *values: Any) -> tuple[Any, ...]:
    """Return the first row of a query of ours that has one."""
    return rows(connection, sql, *values)[0]


def cut(limit: int | None) -> str:
    """Return SQL that takes the first rows: at most ``limit``, or all."""
    return "" if limit is None else f"LIMIT {most(limit)}"


def most(limit: int) -> int:
    """Return a number of rows that DuckDB takes: no larger one than 2^63 - 1, and no list is that long."""
    return min(int(limit), 1 << 40)


def moment(column: str) -> str:
    """Return SQL that writes a time as RFC 3339 in UTC, whatever the time zone of the connection is."""
    return f"strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%SZ')"
