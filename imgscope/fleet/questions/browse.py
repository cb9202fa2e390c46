"""What ``imgscope fleet open`` shows: repositories, the images of one, the layers of an image."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ...brief import brief
from ..opening import StoredImage
from .ground import ground, row, rows, there
from .stack import stored_images
from .waste import wasted

if TYPE_CHECKING:
    from .ground import Connection


@brief("host", "name", "physical", "unique", "wasted")
@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, with bytes as ``stored`` counts them; ``wasted`` bytes of content count once for all its images.

    ``wasted`` is ``None`` until it was asked for (see ``repository_waste``).
    """

    id: int
    host: str
    name: str
    images: int
    tags: int
    logical: int
    physical: int
    unique: int
    wasted: int | None = None

    @property
    def place(self) -> str:
        """The host and the name."""
        return "/".join(filter(None, (self.host, self.name)))


@brief("reference", "stored", "unique", "wasted")
@dataclass(frozen=True, slots=True)
class TaggedImage:
    """An image that a tag of a repository leads to: an image for several platforms is one for each that was scanned.

    ``stored`` are its bytes as stored, ``unique`` those that no other image of the host uses; ``content`` and
    ``wasted`` are bytes of content.
    """

    id: int
    host_id: int
    image: str
    tag: str
    reference: str
    platform: str
    created: datetime | None
    layers: int
    stored: int
    unique: int
    content: int
    wasted: int


@brief("number", "stored", "content", "images", "wasted", "instruction")
@dataclass(frozen=True, slots=True)
class ImageLayer:
    """A layer of an image: what of it other layers of this image hide (``wasted``), how many images of the host use it.

    ``about`` tells that its stored size is not known, and its content counts as that.
    """

    number: int
    layer: str
    blob: str | None
    stored: int
    about: bool
    content: int
    wasted: int
    images: int
    repositories: int
    instruction: str


@brief("repositories", "images", "tags", "logical", "physical")
@dataclass(frozen=True, slots=True)
class Overall:
    """The whole fleet: ``repositories``, ``images``, ``tags``, and its ``logical`` and ``physical`` bytes."""

    repositories: int
    images: int
    tags: int
    logical: int
    physical: int


# Who uses what, and what is known of images: made once, asked for each line that the cursor comes to.
_TABLES = (
    """ask_users AS
    SELECT host_id, piece_id, count(DISTINCT image_id) AS images, count(DISTINCT repo_id) AS repositories
    FROM (SELECT DISTINCT host_id, repo_id, image_id FROM ask_tag_images) JOIN ask_uses USING (image_id) GROUP BY ALL
    """,
    """ask_known AS
    SELECT image_id, greatest(coalesce(max(i.content_bytes), 0), 0) AS content,
           greatest(coalesce(max(i.wasted_bytes), 0), 0) AS wasted
    FROM ask_images JOIN images i USING (image) GROUP BY image_id
    """,
)


def prepare(connection: Connection) -> None:
    """Make what is asked here, unless this connection has it."""
    ground(connection)
    if not there(connection, "ask_known"):
        for table in _TABLES:
            connection.execute(f"CREATE TEMP TABLE {table}")


def overall(connection: Connection) -> Overall:
    """Add up the whole fleet."""
    prepare(connection)
    return Overall(
        *row(
            connection,
            """
            SELECT (SELECT count(DISTINCT repo_id) FROM ask_tag_images),
                   (SELECT count(*) FROM (SELECT DISTINCT host_id, image_id FROM ask_tag_images)),
                   (SELECT count(DISTINCT ref) FROM ask_tag_images),
                   (SELECT CAST(coalesce(sum(bytes), 0) AS HUGEINT)
                    FROM (SELECT DISTINCT repo_id, image_id FROM ask_tag_images)
                    JOIN ask_image_sizes USING (image_id)),
                   (SELECT CAST(coalesce(sum(bytes), 0) AS HUGEINT) FROM ask_users JOIN ask_pieces USING (piece_id))
            """,
        )
    )


def repositories(connection: Connection) -> list[Repository]:
    """Return all repositories, the largest first; what they waste is not asked."""
    prepare(connection)
    found = rows(
        connection,
        """
        WITH held AS (SELECT DISTINCT host_id, repo_id, image_id FROM ask_tag_images),
        pieces AS (SELECT DISTINCT host_id, repo_id, piece_id FROM held JOIN ask_uses USING (image_id)),
        kept AS (SELECT repo_id, sum(bytes) AS physical, coalesce(sum(bytes) FILTER (repositories = 1), 0) AS alone
                 FROM pieces JOIN ask_users USING (host_id, piece_id) JOIN ask_pieces USING (piece_id)
                 GROUP BY repo_id),
        counted AS (SELECT repo_id, sum(bytes) AS logical FROM held JOIN ask_image_sizes USING (image_id)
                    GROUP BY repo_id),
        numbers AS (SELECT repo_id, any_value(host) AS host, any_value(repository) AS repository,
                           count(DISTINCT image_id) AS images, count(DISTINCT ref) AS tags
                    FROM ask_tag_images JOIN ask_tags USING (ref, repo_id) GROUP BY repo_id)
        SELECT repo_id, host, repository, images, tags, CAST(coalesce(logical, 0) AS HUGEINT),
               CAST(coalesce(physical, 0) AS HUGEINT) AS physical, CAST(coalesce(alone, 0) AS HUGEINT)
        FROM numbers LEFT JOIN kept USING (repo_id) LEFT JOIN counted USING (repo_id)
        ORDER BY physical DESC, host, repository
        """,
    )
    return [Repository(*columns) for columns in found]


def repository_waste(connection: Connection) -> dict[int, int]:
    """Return the bytes of content that repositories waste, by their numbers."""
    prepare(connection)
    wasted(connection, apart=True)
    return dict(rows(connection, "SELECT repo_id, CAST(sum(bytes) AS HUGEINT) FROM ask_wasted GROUP BY repo_id"))


def images(connection: Connection, repository: int) -> list[TaggedImage]:
    """Return the images of a repository, a row for each tag, the largest first."""
    prepare(connection)
    found = rows(
        connection,
        """
        WITH chosen AS (SELECT ref, host_id, image_id FROM ask_tag_images WHERE repo_id = ?),
        held AS (SELECT DISTINCT host_id, image_id FROM chosen),
        sizes AS (SELECT image_id, sum(bytes) AS stored, coalesce(sum(bytes) FILTER (images = 1), 0) AS alone
                  FROM held JOIN ask_uses USING (image_id) JOIN ask_users USING (host_id, piece_id)
                  JOIN ask_pieces USING (piece_id) GROUP BY image_id)
        SELECT image_id, c.host_id, i.image, coalesce(tag, ''), reference, coalesce(platform, ''),
               make_timestamp(epoch_us(created)), len(layers), CAST(stored AS HUGEINT), CAST(alone AS HUGEINT), content,
               wasted
        FROM chosen c JOIN ask_tags USING (ref) JOIN ask_images i USING (image_id) JOIN sizes USING (image_id)
        JOIN ask_known USING (image_id)
        ORDER BY stored DESC, reference, image
        """,
        repository,
    )
    return [TaggedImage(*columns) for columns in found]


def layers(connection: Connection, image: TaggedImage) -> list[ImageLayer]:
    """Return the layers of an image, the lowest first."""
    prepare(connection)
    made: dict[str, list[str]] = {}
    for (steps,) in rows(connection, "SELECT history FROM images WHERE image = ? LIMIT 1", image.image):
        for step in steps or ():
            if step["layer"] is not None:
                made.setdefault(step["layer"], []).append(step["instruction"] or "")
    hidden = dict(
        rows(
            connection,
            "SELECT layer, CAST(sum(greatest(coalesce(bytes, 0), 0)) AS HUGEINT) FROM waste"
            " WHERE image = ? GROUP BY layer",
            image.image,
        )
    )
    found = rows(
        connection,
        """
        SELECT position - 1, layer, blob, p.bytes, p.about, l.bytes, u.images, u.repositories
        FROM (SELECT * FROM ask_stack WHERE image_id = ?) s JOIN ask_layers l USING (layer_id)
        JOIN ask_pieces p USING (piece_id) JOIN ask_users u ON u.piece_id = s.piece_id AND u.host_id = ?
        JOIN (SELECT * FROM ask_stack_digests WHERE image_id = ?) USING (position, layer)
        ORDER BY position
        """,
        image.id,
        image.host_id,
        image.id,
    )
    told: list[ImageLayer] = []
    for number, layer, blob, stored, about, content, images_, repositories_ in found:
        steps = made.get(layer) or [""]
        # Of a layer that an image has twice each place has its own instruction; what is hidden is told once.
        instruction = steps.pop(0) if len(steps) > 1 else steps[0]
        told.append(
            ImageLayer(
                number, layer, blob, stored, about, content, hidden.pop(layer, 0), images_, repositories_, instruction
            )
        )
    return told


def stored_image(connection: Connection, image: TaggedImage) -> StoredImage:
    """Return what it takes to open an image."""
    return stored_images(connection, {image.id: image.reference})[image.id]
