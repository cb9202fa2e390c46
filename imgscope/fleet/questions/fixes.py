"""Which fix saves most: what ``suggest`` finds, added up over images without counting a shared layer twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...brief import brief
from .ground import cut, ground, row, rows

if TYPE_CHECKING:
    from .ground import Connection


@brief("rule", "repository", "own", "bytes")
@dataclass(frozen=True, slots=True)
class Fix:
    """What one rule finds in the images of one repository, in bytes of content.

    ``bytes`` are those of all its layers, each counted once; ``own`` of them lie in layers that no other repository
    has: a change of this one's Dockerfile saves those. The rest goes once the image is changed that the layers come
    from. ``certainty``, ``title`` and ``instruction`` are those of the largest finding.
    """

    rule: str
    host: str
    repository: str
    certainty: str
    title: str
    instruction: str
    bytes: int
    own: int
    layers: int
    images: int


@brief()
@dataclass(frozen=True, slots=True)
class RuleSum:
    """What one rule finds in the whole fleet, each layer counted once; bytes of content."""

    rule: str
    title: str
    bytes: int
    layers: int
    images: int
    repositories: int


@brief("bytes", "counted", "fixes")
@dataclass(frozen=True, slots=True)
class Fixes:
    """What the findings of all images save together, in bytes of content.

    ``bytes`` counts a path of a layer once, ``counted`` is what the findings of all images add up to. ``fixes`` are
    the best of ``count``, ``rules`` all rules that save bytes.
    """

    bytes: int
    counted: int
    fixes: tuple[Fix, ...]
    rules: tuple[RuleSum, ...]
    count: int


# Of each image what a rule finds in a layer, by numbers. Findings about no layer save no bytes.
_FINDINGS = """
CREATE OR REPLACE TEMP TABLE ask_findings AS
SELECT image_id, layer_id, coalesce(rule, '') AS rule, coalesce(path, '') AS path,
       min(coalesce(certainty, '')) AS certainty, min(coalesce(title, '')) AS title,
       min(coalesce(instruction, '')) AS instruction, sum(f.bytes) AS bytes
FROM findings f JOIN ask_images USING (image) JOIN ask_layers USING (layer)
WHERE f.bytes > 0
GROUP BY image_id, layer_id, rule, f.path
"""


def fixes(connection: Connection, *, limit: int | None = None) -> Fixes:
    """Add up what ``suggest`` found in all images; at most ``limit`` fixes, the ones that save most of their own.

    In an image each byte is one finding's; the images that share a layer may differ in whose. So a path of a layer
    counts with the most that one image says of it.
    """
    ground(connection)
    connection.execute(_FINDINGS)
    found = rows(
        connection,
        f"""
        WITH owners AS (SELECT layer_id, count(DISTINCT repo_id) AS repositories
                        FROM ask_stack JOIN ask_tag_images USING (image_id) GROUP BY layer_id),
        places AS (SELECT DISTINCT repo_id, image_id FROM ask_tag_images),
        each AS (SELECT repo_id, layer_id, rule, path, max(bytes) AS bytes
                 FROM ask_findings JOIN places USING (image_id) GROUP BY ALL),
        sums AS (SELECT repo_id, rule, sum(bytes) AS bytes,
                 coalesce(sum(bytes) FILTER (repositories = 1), 0) AS own, count(DISTINCT layer_id) AS layers
                 FROM each JOIN owners USING (layer_id) GROUP BY ALL),
        ranked AS (SELECT * FROM sums ORDER BY own DESC, bytes DESC, repo_id, rule
                   {cut(limit)}),
        told AS (SELECT repo_id, rule, count(DISTINCT image_id) AS images,
                        arg_max((certainty, title, instruction), (f.bytes, title, instruction)) AS largest
                 FROM ask_findings f JOIN places USING (image_id) SEMI JOIN ranked USING (repo_id, rule) GROUP BY ALL)
        SELECT rule, host, repository, largest[1], largest[2], largest[3],
               CAST(bytes AS HUGEINT) AS bytes, CAST(own AS HUGEINT) AS own, layers, images
        FROM ranked JOIN told USING (repo_id, rule)
        JOIN (SELECT DISTINCT repo_id, host, repository FROM ask_tags) USING (repo_id)
        ORDER BY own DESC, bytes DESC, repo_id, rule
        """,  # noqa: S608
    )
    rules = rows(
        connection,
        """
        WITH once AS (SELECT rule, layer_id, path, max(bytes) AS bytes FROM ask_findings GROUP BY ALL),
        sums AS (SELECT rule, sum(bytes) AS bytes, count(DISTINCT layer_id) AS layers FROM once GROUP BY ALL),
        told AS (SELECT rule, arg_max(title, (bytes, title)) AS title, count(DISTINCT image_id) AS images
                 FROM ask_findings GROUP BY ALL),
        spread AS (SELECT rule, count(DISTINCT repo_id) AS repositories
                   FROM (SELECT DISTINCT rule, image_id FROM ask_findings) JOIN ask_tag_images USING (image_id)
                   GROUP BY ALL)
        SELECT rule, title, CAST(bytes AS HUGEINT) AS bytes, layers, images, repositories
        FROM sums JOIN told USING (rule) JOIN spread USING (rule) ORDER BY bytes DESC, rule
        """,
    )
    total, counted, count = row(
        connection,
        """
        WITH each AS (SELECT image_id, layer_id, path, sum(bytes) AS bytes FROM ask_findings GROUP BY ALL),
        once AS (SELECT max(bytes) AS bytes FROM each GROUP BY layer_id, path)
        SELECT (SELECT CAST(coalesce(sum(bytes), 0) AS HUGEINT) FROM once),
               (SELECT CAST(coalesce(sum(bytes), 0) AS HUGEINT) FROM ask_findings),
               (SELECT count(*) FROM (SELECT DISTINCT repo_id, rule FROM ask_findings
                                      JOIN ask_tag_images USING (image_id)))
        """,
    )
    return Fixes(
        total, counted, tuple(Fix(*columns) for columns in found), tuple(RuleSum(*columns) for columns in rules), count
    )
