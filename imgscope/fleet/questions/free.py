"""What deleting tags would really free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...brief import brief
from ...checks.config import matches
from ...errors import UsageError
from ...escape import escape
from .ground import ground, row, rows

if TYPE_CHECKING:
    from .ground import Connection


@brief()
@dataclass(frozen=True, slots=True)
class Pieces:
    """So many blobs of a ``kind`` (``layer``, ``config``, ``manifest``) on a host, in bytes as stored."""

    host: str
    kind: str
    count: int
    bytes: int


@brief("tags", "images", "bytes", "logical")
@dataclass(frozen=True, slots=True)
class Freed:
    """What goes with tags that are deleted, once the registry has collected its garbage.

    ``tags`` are the references that go; ``images`` so many manifests and images with them, ``kept`` stay, since other
    tags (or an index of other tags) lead to them. ``logical`` are the bytes of the images that go, each by itself;
    ``bytes`` of them are really freed, as ``pieces`` say in detail; other images need the rest. ``indexes`` go too:
    their own few bytes are in no table, and of the images in them only those that were scanned count.
    ``indexes_kept`` stay on hosts where something is freed: images in them that were not scanned may need some of it.
    ``unread`` references lead to images that are not in the store.
    """

    globs: tuple[str, ...]
    tags: tuple[str, ...]
    images: int
    kept: int
    logical: int
    pieces: tuple[Pieces, ...]
    indexes: int = 0
    indexes_kept: int = 0
    unread: int = 0

    @property
    def bytes(self) -> int:
        """The bytes that are freed."""
        return sum(piece.bytes for piece in self.pieces)


def names(host: str, repository: str, tag: str | None, reference: str) -> list[str]:
    """Return by what names a pattern may know a tag: with its host, without it, and as a reference."""
    ending = f":{tag}" if tag else ""
    if not repository:
        return [reference]
    return [reference, f"{host}/{repository}{ending}", f"{repository}{ending}"]


def free(connection: Connection, globs: Sequence[str]) -> Freed:
    """Work out what deleting the tags that fit one of ``globs`` frees.

    A glob is a name pattern as in ``imgscope.toml``: ``*`` takes slashes and colons too, one without a tag fits every
    tag, the host may be left out. Raises ``UsageError`` where no tag fits.
    """
    ground(connection)
    known = rows(connection, "SELECT ref, host, repository, tag, reference FROM ask_tags ORDER BY ref")
    gone = [
        (ref, reference)
        for ref, host, repository, tag, reference in known
        if any(matches(glob, names(host, repository, tag, reference)) for glob in globs)
    ]
    if not gone:
        raise UsageError(f"no tag in the store fits {', '.join(escape(glob) or 'an empty name' for glob in globs)}")
    # A list of numbers is a parameter like any other: no text of a stranger's becomes SQL.
    connection.execute("CREATE OR REPLACE TEMP TABLE ask_gone AS SELECT unnest(?) AS ref", [[ref for ref, _ in gone]])
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE ask_remaining AS"
        " SELECT DISTINCT host_id, image_id FROM ask_tag_images ANTI JOIN ask_gone USING (ref)"
    )
    pieces = rows(
        connection,
        """
        WITH lost AS (SELECT DISTINCT host_id, piece_id FROM ask_tag_images SEMI JOIN ask_gone USING (ref)
                      JOIN ask_uses USING (image_id)),
        needed AS (SELECT DISTINCT host_id, piece_id FROM ask_remaining JOIN ask_uses USING (image_id))
        SELECT host, kind, count(*), CAST(sum(bytes) AS HUGEINT)
        FROM lost ANTI JOIN needed USING (host_id, piece_id) JOIN ask_pieces USING (piece_id)
        JOIN (SELECT DISTINCT host_id, host FROM ask_tags) USING (host_id)
        GROUP BY ALL ORDER BY host, kind
        """,
    )
    images, kept, logical = row(
        connection,
        """
        WITH affected AS (SELECT DISTINCT host_id, image_id FROM ask_tag_images SEMI JOIN ask_gone USING (ref)),
        lost AS (SELECT * FROM affected ANTI JOIN ask_remaining USING (host_id, image_id))
        SELECT (SELECT count(*) FROM lost), (SELECT count(*) FROM affected) - (SELECT count(*) FROM lost),
               (SELECT CAST(coalesce(sum(bytes), 0) AS HUGEINT) FROM lost JOIN ask_image_sizes USING (image_id))
        """,
    )
    indexes, indexes_kept, unread = row(
        connection,
        """
        WITH indexes AS (SELECT * FROM ask_tags SEMI JOIN (SELECT digest FROM ask_holds WHERE digest <> image)
                         USING (digest)),
        kept AS (SELECT DISTINCT host_id, host, digest FROM indexes ANTI JOIN ask_gone USING (ref))
        SELECT (SELECT count(*) FROM (SELECT DISTINCT host_id, digest FROM indexes SEMI JOIN ask_gone USING (ref))
                ANTI JOIN kept USING (host_id, digest)),
               (SELECT count(*) FROM kept SEMI JOIN (SELECT unnest(?::VARCHAR[]) AS host) USING (host)),
               (SELECT count(*) FROM ask_gone ANTI JOIN ask_tag_images USING (ref))
        """,
        sorted({piece[0] for piece in pieces}),
    )
    return Freed(
        globs=tuple(globs),
        tags=tuple(reference for _, reference in gone),
        images=images,
        kept=kept,
        logical=logical,
        pieces=tuple(Pieces(*piece) for piece in pieces),
        indexes=indexes,
        indexes_kept=indexes_kept,
        unread=unread,
    )
