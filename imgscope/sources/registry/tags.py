"""A repository's tags: which there are, in the order of versions, and what each points to."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ...archive import platform as platforms
from ...archive.digests import is_digest
from ...archive.open import open_store
from ...errors import ImageNotFoundError, ImgscopeError
from ...escape import escape
from ...globs import compiled
from ..options import Options, chosen
from .client import Client
from .names import KIND, Name, parse
from .places import alias
from .store import RegistryStore

if TYPE_CHECKING:
    from ..interface import Memory

_PARTS = re.compile(r"(\d+)")
# What is before a release, in the order in which it is.
_BEFORE = ("dev", "alpha", "a", "beta", "b", "pre", "preview", "rc")
_PLACES = "places"
_MAX_PLACES = 200


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, and what is known of the image that it points to for one platform.

    ``bytes`` are those of its layers as stored, ``created`` is RFC 3339. ``problem`` says why nothing more is known.
    """

    name: str
    digest: str | None = None
    created: str | None = None
    bytes: int | None = None
    layers: int | None = None
    platform: str | None = None
    problem: str | None = None


def version_key(tag: str) -> tuple[tuple[int, int, str], ...]:
    """Return what tags are sorted by: numbers by their value, and what comes before a release before it."""
    parts: list[tuple[int, int, str]] = []
    for part in re.split(r"[._+-]", tag.removeprefix("v") if tag[1:2].isdigit() else tag):
        for piece in filter(None, _PARTS.split(part)):
            if piece.isdigit():
                parts.append((3, int(piece[:30]), ""))
            elif piece.lower() in _BEFORE:
                parts.append((0, _BEFORE.index(piece.lower()), piece))
            else:
                parts.append((2, 0, piece))
    return (*parts, (1, 0, ""))


def repository(text: str) -> tuple[Name, str | None]:
    """Read what the user named: a repository, perhaps with a glob of tags behind it. Raises ``UsageError``."""
    rest = text.removeprefix("docker://").removeprefix("registry:")
    last = rest.rpartition("/")[2]
    place, glob = (rest, None) if ":" not in last else (rest.rpartition(":")[0], last.partition(":")[2])
    return parse(alias(place)), glob or None


def listed(client: Client, globs: Sequence[str], memory: Memory | None = None) -> list[str]:
    """Return the repository's tags that fit any of some globs (all, without one), in the order of versions.

    Raises ``ImageNotFoundError`` and ``RegistryError``.
    """
    found = client.tags()
    if memory is not None:
        remember_place(memory, client.name)
    fits = [compiled(glob.encode("utf-8", "surrogatepass")).fullmatch for glob in globs]
    names = [(tag, tag.encode("utf-8", "surrogatepass")) for tag in found]
    fitting = [tag for tag, name in names if not fits or any(fit(name) for fit in fits)]
    return sorted(fitting, key=lambda tag: (version_key(tag), tag))


def told(client: Client, tag: str, platform: str | None, memory: Memory | None = None) -> Tag:
    """Return what a tag points to: one request where that was seen before, else the manifest's and the config's.

    Raises ``RegistryError`` where the registry refuses; what is wrong with the image alone is the tag's ``problem``.
    """
    wanted = platform or str(platforms.host())
    digest = client.digest(tag) if memory is not None else None
    known = memory.get(KIND, f"told:{digest}:{wanted}") if memory is not None and digest else None
    if known is not None:
        try:
            return Tag(**{**json.loads(known), "name": tag})
        except (ValueError, TypeError):
            pass
    top = client.manifest(digest if is_digest(digest) else tag)
    try:
        opened = open_store(RegistryStore(client, top, (), platform, memory), "registry", platform)
    except ImgscopeError as error:
        return Tag(tag, top.digest, problem=str(error))
    created = opened.config.get("created")
    sizes = [layer.size or 0 for layer in opened.layers]
    moment = created if isinstance(created, str) and re.fullmatch(r"[0-9TZ:.+-]{10,40}", created) else None
    found = Tag(tag, top.digest, moment, sum(sizes), len(sizes), opened.platform)
    if memory is not None:
        memory.put(KIND, f"told:{top.digest}:{wanted}", json.dumps(asdict(found)).encode())
    return found


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of a ``repository`` that were asked for: the last of the ``count`` that fit."""

    repository: str
    count: int
    tags: list[Tag]


def ask(
    text: str,
    globs: Sequence[str] = (),
    *,
    long: bool = False,
    limit: int | None = None,
    platform: str | None = None,
    memory: Memory | None = None,
    options: Options | None = None,
) -> Tags:
    """Return the tags of a repository: the last ``limit``; with ``long`` what each points to.

    ``options`` say how the registry is read; without them what holds for the run.

    Raises ``UsageError``, ``ImageNotFoundError`` and ``RegistryError``.
    """
    name, glob = repository(text)
    globs = [*globs, *([glob] if glob else [])]
    if platform is not None:
        platforms.parse(platform)
    options = options or chosen
    client = Client(name, options)
    try:
        words = listed(client, globs, memory)
        if not words and globs:
            place, asked = escape(name.place), escape(" ".join(globs))
            raise ImageNotFoundError(f"no tag of {place} fits {asked}; imgscope tags {place} lists them")
        shown = words[-limit:] if limit else words
        if not long:
            return Tags(name.place, len(words), [Tag(word) for word in shown])
        executor = ThreadPoolExecutor(options.jobs)
        try:
            rows = list(executor.map(lambda word: told(client, word, platform, memory), shown))
        finally:
            # Who has had enough does not wait for what is under way.
            executor.shutdown(wait=False, cancel_futures=True)
        return Tags(name.place, len(words), rows)
    finally:
        client.close()


def places(memory: Memory) -> list[str]:
    """Return the repositories that were asked before, the last one last."""
    try:
        found = json.loads(memory.get(KIND, _PLACES) or b"[]")
    except ValueError:
        return []
    return [place for place in found if isinstance(place, str)] if isinstance(found, list) else []


def remember_place(memory: Memory, name: Name) -> None:
    """Keep that a repository was asked, for those who complete names."""
    before = places(memory)
    if before[-1:] != [name.place]:
        now = [place for place in before if place != name.place] + [name.place]
        memory.put(KIND, _PLACES, json.dumps(now[-_MAX_PLACES:]).encode())
