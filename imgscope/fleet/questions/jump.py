"""What made a fleet jump from one time to the next: layers that came and went, with their files and packages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...brief import brief
from ...trends.model import said_below
from .ground import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .ground import Connection

_CAUSES = 3
"""Causes of each kind that a jump is told with."""
_FOLDERS = 200
"""Folders that are looked at: those that changed most."""


@brief("kind", "what", "bytes", "where")
@dataclass(frozen=True, slots=True)
class JumpCause:
    """What came (``bytes`` above 0) or went: a ``layer``, in bytes as stored; ``files`` of a folder, or a ``package``.

    Those are bytes of content in all layers that came, less those in layers that went. ``what`` is the instruction,
    the folder, the package with its versions; ``where`` a reference to an image that has the layer.
    """

    kind: str
    what: str
    bytes: int
    where: str = ""


@brief("before", "after", "bytes", "causes")
@dataclass(frozen=True, slots=True)
class GrowthJump:
    """The largest step of a growth: from the point ``before`` to ``after`` (days), ``bytes`` of the physical ones."""

    before: str
    after: str
    bytes: int
    causes: tuple[JumpCause, ...]


# Layers that were there at one point and not at the other, on each host by itself; ``step`` is 1 for what came.
_MOVED = """
CREATE OR REPLACE TEMP TABLE ask_moved AS
SELECT host_id, piece_id, layer_id, image_id,
       CAST((mask >> {after}) & 1 AS INTEGER) - CAST((mask >> {before}) & 1 AS INTEGER) AS step
FROM (SELECT host_id, piece_id, min(layer_id) AS layer_id, min(image_id) AS image_id, bit_or(mask) AS mask
      FROM ask_held JOIN past_stack USING (image_id) GROUP BY host_id, piece_id)
WHERE step <> 0
"""

# Layers by digest that came or went, however many hosts have them.
_LAYERS = """moved AS (SELECT layer, sum(step) AS step FROM ask_moved JOIN past_layers USING (layer_id)
           GROUP BY layer HAVING sum(step) <> 0)"""


def causes(connection: Connection, before: int, after: int) -> tuple[JumpCause, ...]:
    """Tell what came and went between two points of ``growth``, by their numbers, the largest of each kind."""
    connection.execute(_MOVED.format(before=before, after=after))
    return (*_layers(connection), *_folders(connection), *_packages(connection))


def _layers(connection: Connection) -> list[JumpCause]:
    found = rows(
        connection,
        f"""
        WITH chosen AS (SELECT layer_id, min(image_id) AS image_id, CAST(sum(bytes * step) AS HUGEINT) AS bytes
                        FROM ask_moved JOIN past_pieces USING (piece_id) GROUP BY layer_id),
        top AS (SELECT * FROM chosen WHERE bytes <> 0 ORDER BY abs(bytes) DESC, layer_id LIMIT {_CAUSES}),
        named AS (SELECT image, min(reference) AS reference
                  FROM tags SEMI JOIN (SELECT image FROM past_images SEMI JOIN top USING (image_id)) USING (image)
                  GROUP BY image),
        made AS (SELECT image, history FROM images WHERE image IN (SELECT image FROM past_images SEMI JOIN top
                                                                   USING (image_id)))
        SELECT layer, top.bytes, reference,
               list_filter(history, lambda step: step.layer = layer)[1].instruction
        FROM top JOIN past_layers USING (layer_id) JOIN past_images USING (image_id)
        LEFT JOIN named USING (image) LEFT JOIN made USING (image)
        ORDER BY abs(top.bytes) DESC, layer_id
        """,  # noqa: S608
    )
    return [
        JumpCause("layer", " ".join((instruction or "").split()) or layer, bytes_, reference or "")
        for layer, bytes_, reference, instruction in found
    ]


def _folders(connection: Connection) -> list[JumpCause]:
    """Tell which folders changed most; of one within another that which says more."""
    found = rows(
        connection,
        f"""
        WITH {_LAYERS},
        paths AS (SELECT path, sum(f.bytes * step) AS bytes FROM files f JOIN moved USING (layer)
                  WHERE type = 'file' AND f.bytes > 0 GROUP BY path),
        own AS (SELECT regexp_replace(path, '/[^/]*$', '') AS folder, sum(bytes) AS bytes FROM paths
                WHERE bytes <> 0 GROUP BY folder),
        above AS (SELECT array_to_string(parts[:depth], '/') AS folder, bytes
                  FROM (SELECT *, unnest(range(1, len(parts) + 1)) AS depth
                        FROM (SELECT string_split(folder, '/') AS parts, bytes FROM own)))
        SELECT folder, CAST(sum(bytes) AS HUGEINT) AS bytes FROM above GROUP BY folder HAVING sum(bytes) <> 0
        ORDER BY abs(sum(bytes)) DESC, folder LIMIT {_FOLDERS}
        """,  # noqa: S608
    )
    told = [(folder, bytes_) for folder, bytes_ in found if not said_below(folder, bytes_, found)]
    return [JumpCause("files", folder or "/", bytes_) for folder, bytes_ in told[:_CAUSES]]


def _packages(connection: Connection) -> list[JumpCause]:
    found = rows(
        connection,
        f"""
        WITH {_LAYERS},
        held AS (SELECT kind, name, version, layer, max(p.bytes) AS bytes
                 FROM packages p SEMI JOIN moved USING (layer) WHERE name IS NOT NULL GROUP BY ALL)
        SELECT kind, name, CAST(sum(bytes * step) AS HUGEINT) AS bytes,
               list_sort(list(DISTINCT version) FILTER (step < 0)), list_sort(list(DISTINCT version) FILTER (step > 0))
        FROM held JOIN moved USING (layer) GROUP BY kind, name HAVING sum(bytes * step) <> 0
        ORDER BY abs(sum(bytes * step)) DESC, kind, name LIMIT {_CAUSES}
        """,  # noqa: S608
    )
    return [
        JumpCause("package", f"{name} {_versions(gone, come)}".strip(), bytes_) for _, name, bytes_, gone, come in found
    ]


def _versions(gone: Sequence[str | None] | None, come: Sequence[str | None] | None) -> str:
    """Write versions that went and those that came; of many of a kind the first."""
    sides = [
        ", ".join(filter(None, versions[:2])) + (", …" if len(versions) > 2 else "")
        for versions in (gone, come)
        if versions and versions != [None]
    ]
    return " → ".join(dict.fromkeys(sides))
