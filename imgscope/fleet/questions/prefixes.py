"""The lowest layers that images have in common: every prefix of layers, known by the first image that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ground import ground, row, there

if TYPE_CHECKING:
    from .ground import Connection

_DEEPEST = 500
"""So many layers are followed: no engine runs an image of more than 127."""


def prefixes(connection: Connection) -> None:
    """Make ``ask_prefixes`` unless it is there: of each image and each of its layers, the prefix that ends there.

    Two images have the first ``position`` layers in common where ``first``, the lowest number of an image with that
    prefix, is the same. ``bytes`` are those of the prefix's distinct blobs.
    """
    ground(connection)
    if there(connection, "ask_prefixes"):
        return
    connection.execute("CREATE TEMP TABLE ask_prefixed (image_id BIGINT, position BIGINT, first BIGINT)")
    (deepest,) = row(connection, "SELECT coalesce(max(position), 0) FROM ask_stack")
    for position in range(1, min(deepest, _DEEPEST) + 1):
        connection.execute(
            "INSERT INTO ask_prefixed"
            " SELECT s.image_id, s.position, min(s.image_id) OVER (PARTITION BY below.first, s.layer_id)"
            " FROM ask_stack s LEFT JOIN ask_prefixed below"
            " ON below.image_id = s.image_id AND below.position = s.position - 1 WHERE s.position = ?",
            [position],
        )
    connection.execute(
        """
        CREATE TEMP TABLE ask_prefixes AS
        SELECT image_id, position, first,
               CAST(sum(bytes) OVER (PARTITION BY image_id ORDER BY position) AS BIGINT) AS bytes
        FROM (SELECT image_id, position, first,
                     if(row_number() OVER (PARTITION BY image_id, piece_id ORDER BY position) = 1, bytes, 0) AS bytes
              FROM ask_prefixed JOIN ask_stack USING (image_id, position) JOIN ask_pieces USING (piece_id))
        """
    )
