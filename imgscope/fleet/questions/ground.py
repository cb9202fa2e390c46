"""What all questions stand on: the tags as last observed, their images, and the pieces that these are stored as.

A piece is what a registry keeps under one digest: a layer's blob, a config, a manifest. An engine's layers have no
blob: there it is the unpacked layer, by its diff_id, with its content as its size. Numbers stand for digests, names
and hosts, since joining by digests of 71 characters would take most of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection

_TABLES = (
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
    """ask_images AS
    SELECT row_number() OVER (ORDER BY image) AS image_id, image, config, platform, created, layers, blobs,
           greatest(coalesce(manifest_bytes, 0), 0) AS manifest_bytes,
           greatest(coalesce(config_bytes, 0), 0) AS config_bytes
    FROM images SEMI JOIN (SELECT image FROM ask_holds SEMI JOIN ask_tags USING (digest)) USING (image)
    """,
    """ask_tag_images AS
    SELECT DISTINCT ref, host_id, repo_id, image_id
    FROM ask_tags JOIN ask_holds USING (digest) JOIN ask_images ON ask_images.image = ask_holds.image
    """,
    """ask_stack_digests AS
    SELECT image_id, unnest(range(1, len(layers) + 1)) AS position, unnest(layers) AS layer,
           unnest(list_resize(coalesce(blobs, []::VARCHAR[]), len(layers))) AS blob
    FROM ask_images
    """,
    """ask_layers AS
    SELECT row_number() OVER (ORDER BY layer) AS layer_id, layer, greatest(coalesce(max(content_bytes), 0), 0) AS bytes
    FROM (SELECT DISTINCT layer FROM ask_stack_digests) LEFT JOIN layers USING (layer)
    GROUP BY layer
    """,
    # A digest that several rows give sizes of is as large as the largest says: it is one blob.
    """ask_pieces AS
    SELECT row_number() OVER (ORDER BY digest) AS piece_id, digest, min(kind) AS kind,
           CAST(greatest(max(bytes), 0) AS BIGINT) AS bytes, bool_or(about) AS about
    FROM (SELECT coalesce(s.blob, s.layer) AS digest, 'layer' AS kind,
                 coalesce(b.blob_bytes, l.bytes) AS bytes, b.blob_bytes IS NULL AS about
          FROM (SELECT DISTINCT layer, blob FROM ask_stack_digests) s
          JOIN ask_layers l USING (layer)
          LEFT JOIN (SELECT blob, max(blob_bytes) AS blob_bytes FROM layers WHERE blob IS NOT NULL GROUP BY blob) b
               ON b.blob = s.blob
          UNION ALL SELECT config, 'config', config_bytes, false FROM ask_images WHERE config IS NOT NULL
          UNION ALL SELECT image, 'manifest', manifest_bytes, false FROM ask_images
                    WHERE config IS DISTINCT FROM image)
    GROUP BY digest
    """,
    """ask_stack AS
    SELECT image_id, position, layer_id, piece_id
    FROM ask_stack_digests s JOIN ask_layers l USING (layer)
    JOIN ask_pieces p ON p.digest = coalesce(s.blob, s.layer)
    """,
    """ask_uses AS
    SELECT image_id, piece_id FROM ask_stack
    UNION SELECT image_id, piece_id FROM ask_images JOIN ask_pieces ON digest = config
    UNION SELECT image_id, piece_id FROM ask_images JOIN ask_pieces ON digest = image
    """,
    """ask_image_sizes AS
    SELECT image_id, CAST(sum(bytes) AS BIGINT) AS bytes FROM ask_uses JOIN ask_pieces USING (piece_id)
    GROUP BY image_id
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
    made = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'ask_names'").fetchone()
    if made == (0,):
        for table in _TABLES:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {table}")
    return connection


def rows(connection: Connection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return all rows of a query of ours."""
    found: list[tuple[Any, ...]] = connection.execute(sql, values).fetchall()
    return found


def row(connection: Connection, sql: str, *values: Any) -> tuple[Any, ...]:
    """Return the first row of a query of ours that has one."""
    return rows(connection, sql, *values)[0]


def moment(column: str) -> str:
    """Return SQL that writes a time as RFC 3339 in UTC, whatever the time zone of the connection is."""
    return f"strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%SZ')"
