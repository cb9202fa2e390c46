"""What it takes to put images together again from the store's indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...rows import ConfigSecret
from ..opening import StoredBlob, StoredImage
from .ground import ground, rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .ground import Connection


def stored_images(connection: Connection, references: Mapping[int, str]) -> dict[int, StoredImage]:
    """Return what is known of images, by their numbers; ``references`` says where each was read."""
    ground(connection)
    wanted = list(references)
    blobs: dict[int, list[StoredBlob]] = {}
    for image, *columns in rows(
        connection,
        """
        WITH chosen AS (SELECT image_id, position, layer, blob FROM ask_stack_digests
                        SEMI JOIN (SELECT unnest(?) AS image_id) USING (image_id)),
        known AS (SELECT layer, blob, max(media_type) AS media_type, max(blob_bytes) AS bytes
                  FROM layers SEMI JOIN chosen USING (layer) GROUP BY ALL)
        SELECT image_id, c.layer, c.blob, media_type, bytes
        FROM chosen c LEFT JOIN known k ON k.layer = c.layer AND k.blob IS NOT DISTINCT FROM c.blob
        ORDER BY image_id, position
        """,
        wanted,
    ):
        blobs.setdefault(image, []).append(StoredBlob(*columns))
    found = rows(
        connection,
        """
        SELECT image_id, i.image, i.config, i.platform, i.config_json, i.secrets
        FROM images i JOIN (SELECT image_id, image FROM ask_images
                            SEMI JOIN (SELECT unnest(?) AS image_id) USING (image_id)) chosen ON chosen.image = i.image
        """,
        wanted,
    )
    return {
        number: StoredImage(
            image,
            config or image,
            platform or "",
            references[number],
            tuple(blobs.get(number, ())),
            config_json,
            tuple(ConfigSecret(one["kind"], one["where"], one["layer"]) for one in secrets or ()),
        )
        for number, image, config, platform, config_json, secrets in found
    }
