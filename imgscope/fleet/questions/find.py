"""Where something is in a fleet: a package, a path, a digest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...brief import brief
from ...errors import UsageError
from ...escape import escape
from ...globs import PathFilter, is_glob, path_expression
from ...paths import internal, split
from .ground import ground, row, rows

if TYPE_CHECKING:
    from .ground import Connection

KINDS = ("package", "path", "digest")
_NAMED = 5
"""Images that a row is told with."""
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})|sha256:([0-9a-f]{6,64})")


@brief("kind", "name", "version", "images", "references")
@dataclass(frozen=True, slots=True)
class Found:
    """Something that was found, and who has it.

    ``kind`` is a package's (``dpkg``), a file's (``file``, ``symlink``), or what a digest names (``image``, ``config``,
    ``index``, ``layer``, ``blob``). ``name`` is a package's, a path or a digest; ``layer`` the diff_id of the layer
    that brings it. ``bytes`` are those of its files, of a blob as stored. ``images`` have it in a layer, though a
    later one may hide it; ``references`` are the first of their names.
    """

    kind: str
    name: str
    version: str
    layer: str
    bytes: int | None
    images: int
    repositories: int
    references: tuple[str, ...]


@brief("what", "looked_for", "count", "rows")
@dataclass(frozen=True, slots=True)
class Findings:
    """What was found of ``count`` in all; ``looked_for`` says as what: ``package``, ``path`` or ``digest``."""

    what: str
    looked_for: str
    count: int
    rows: tuple[Found, ...]


def find(
    connection: Connection, what: str, version: str | None = None, *, kind: str | None = None, limit: int = 100
) -> Findings:
    """Look for a package (of a ``version``, or of one that begins with it), for paths by a glob, or for a digest.

    Without a ``kind`` a digest is what looks like one, a path what has a slash at its beginning or a wildcard without
    a version, and all else is a package's name; where no package has that, names of files that contain it are looked
    for. Raises ``UsageError``.
    """
    if not what.strip(" ") or "\0" in what:
        raise UsageError("fleet find needs a package, a path or a digest")
    if kind is not None and kind not in KINDS:
        raise UsageError(f"there is no kind {escape(kind)!r}: choose one of {', '.join(KINDS)}")
    chosen = kind or _kind(what, version)
    if version is not None and chosen != "package":
        raise UsageError(f"a {chosen} has no version: {escape(version)}")
    ground(connection)
    if chosen == "digest":
        return _digest(connection, what, limit)
    if chosen == "path":
        return _path(connection, what, what, limit)
    found = _package(connection, what, version, limit)
    if not found.count and kind is None and version is None:
        # log4j-core lies in jars that no package manager knows of.
        return _path(connection, what, what if "/" in what else f"*{what}*", limit)
    return found


def _kind(what: str, version: str | None) -> str:
    if _DIGEST.fullmatch(what):
        return "digest"
    return "path" if version is None and (what.startswith("/") or is_glob(what)) else "package"


def _told(connection: Connection, hits: str, limit: int) -> tuple[Found, ...]:
    """Return the first rows of ``hits`` (SQL, with an image in each) and who has them."""
    found = rows(
        connection,
        f"""
        WITH chosen AS (SELECT DISTINCT kind, name, version, layer, bytes FROM {hits}
                        ORDER BY name, kind, version, layer, bytes LIMIT ?),
        users AS (SELECT c.*, image_id FROM chosen c JOIN {hits} h
                  ON h.kind = c.kind AND h.name = c.name AND h.version = c.version AND h.layer = c.layer
                  AND h.bytes IS NOT DISTINCT FROM c.bytes)
        SELECT kind, name, version, layer, bytes, count(DISTINCT image_id), count(DISTINCT repo_id),
               list_sort(list(DISTINCT reference))[:{_NAMED}]
        FROM users JOIN ask_tag_images USING (image_id) JOIN ask_tags USING (ref, host_id, repo_id)
        GROUP BY ALL ORDER BY name, kind, version, layer, bytes
        """,  # noqa: S608
        limit,
    )
    return tuple(Found(*[*columns, tuple(names)]) for *columns, names in found)


def _count(connection: Connection, hits: str) -> int:
    (count,) = row(
        connection,
        f"SELECT count(*) FROM (SELECT DISTINCT kind, name, version, layer, bytes FROM {hits})",  # noqa: S608
    )
    return int(count)


def _package(connection: Connection, name: str, version: str | None, limit: int) -> Findings:
    # The beginning of a version fits, up to where a number or a word ends; Debian's epoch may be left out.
    pattern = ".*" if version is None else rf"(?:[0-9]+:)?{_escaped(version)}(?:[^0-9A-Za-z:].*)?"
    # A name may hold what would be a wildcard.
    fits = "(p.name = $1 OR p.name GLOB $1)" if is_glob(name) else "p.name = $1"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE ask_hits AS
        SELECT coalesce(kind, '') AS kind, p.name, coalesce(version, '') AS version, coalesce(p.layer, '') AS layer,
               p.bytes, image_id
        FROM packages p JOIN ask_images USING (image)
        WHERE {fits} AND regexp_full_match(coalesce(version, ''), $2, 's')
        """,  # noqa: S608
        [name, pattern],
    )
    count = _count(connection, "ask_hits")
    what = name if version is None else f"{name} {version}"
    return Findings(what, "package", count, _told(connection, "ask_hits", limit))


def _escaped(text: str) -> str:
    return re.sub(r"([^0-9A-Za-z_])", lambda match: rf"\x{{{ord(match[1]):x}}}", text)


_IN_LAYERS = "(SELECT h.*, image_id FROM ask_hits h JOIN ask_stack USING (layer_id))"


def _path(connection: Connection, what: str, glob: str, limit: int) -> Findings:
    fits = PathFilter([glob]).fits_itself
    # RE2 knows no look-ahead, and takes a character where the dialect takes a byte: sets and ? are left to Python.
    coarse = "/" + path_expression(_coarse(glob)).decode("utf-8", "replace")
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE ask_hits AS
        SELECT type AS kind, path AS name, '' AS version, layer, f.bytes, layer_id
        FROM files f JOIN ask_layers USING (layer) WHERE regexp_full_match(path, ?, 's')
              AND type NOT IN ('whiteout', 'opaque')
        """,
        [coarse],
    )
    if _coarse(glob) != glob:
        names = [name for (name,) in _paths(connection) if fits(*split(internal(name)))]
        connection.execute("DELETE FROM ask_hits WHERE name NOT IN (SELECT unnest(?))", [names])
    count = _count(connection, "ask_hits")
    return Findings(what, "path", count, _told(connection, _IN_LAYERS, limit))


def _coarse(glob: str) -> str:
    """Return a glob without sets and ``?`` that takes all that this one does."""
    parts: list[str] = []
    position, last = 0, glob.rfind("]")
    while position < len(glob):
        sign = glob[position]
        if sign == "[" and position + 1 < last:
            position = glob.find("]", position + 2)
            sign = "*"
        parts.append("*" if sign == "?" else sign)
        position += 1
    return "".join(parts)


def _paths(connection: Connection) -> Iterator[tuple[str]]:
    found = connection.execute("SELECT DISTINCT name FROM ask_hits ORDER BY name")
    while many := found.fetchmany(10_000):
        yield from many


def _digest(connection: Connection, what: str, limit: int) -> Findings:
    digest = what if what.startswith("sha256:") else f"sha256:{what}"
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE ask_hits AS
        SELECT 'image' AS kind, image AS name, '' AS version, '' AS layer, manifest_bytes AS bytes, image_id
        FROM ask_images WHERE starts_with(image, $1)
        UNION ALL SELECT 'config', config, '', '', config_bytes, image_id FROM ask_images
        WHERE starts_with(config, $1) AND config IS DISTINCT FROM image
        UNION ALL SELECT 'index', digest, '', '', NULL, image_id
        FROM ask_tags JOIN ask_tag_images USING (ref) WHERE starts_with(digest, $1) AND digest IS DISTINCT FROM image
        UNION ALL SELECT 'layer', layer, '', layer, bytes, image_id
        FROM ask_layers JOIN ask_stack USING (layer_id) WHERE starts_with(layer, $1)
        UNION ALL SELECT 'blob', digest, '', layer, p.bytes, image_id
        FROM ask_pieces p JOIN ask_stack USING (piece_id) JOIN ask_layers l USING (layer_id)
        WHERE starts_with(digest, $1) AND digest <> layer
        UNION ALL SELECT 'content', path, content, layer, f.bytes, image_id
        FROM files f JOIN ask_layers USING (layer) JOIN ask_stack USING (layer_id) WHERE starts_with(content, $1)
        """,
        [digest],
    )
    count = _count(connection, "ask_hits")
    return Findings(what, "digest", count, _told(connection, "ask_hits", limit))
