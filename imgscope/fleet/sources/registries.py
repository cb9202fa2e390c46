"""Images of registries: all repositories of one, one repository, some of its tags.

A tag that points where it did costs one request (HEAD). A new one costs its manifest too, which tells its layers'
digests: so whoever plans the work knows which images share what.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...archive.digests import blob_name, is_digest
from ...archive.open import open_store
from ...archive.store import parse_json
from ...errors import ImageNotFoundError, ImgscopeError, NoPlatformError, UsageError
from ...escape import escape
from ...globs import is_glob
from ...history import moment
from ...reference import split_tag
from ...sources.registry.catalog import catalog
from ...sources.registry.client import Client
from ...sources.registry.names import Name, parse
from ...sources.registry.places import alias
from ...sources.registry.store import RegistryStore
from ...sources.registry.tags import listed
from ..model import Trouble, Unit
from .wanted import Wanted

# A registry alone: an address, not a repository of Docker Hub. With a slash at its end any name is one.
_HOST = re.compile(
    r"(?:localhost|\[[0-9A-Fa-f:]+\]|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::\d{1,5})?|[A-Za-z0-9.-]+(?::\d{1,5})?/"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was named: a ``host`` alone, or a ``name`` in it, with a ``glob`` of tags or one tag or digest."""

    host: str
    name: Name | None = None
    glob: str | None = None


def parsed(text: str) -> Asked:
    """Read what comes after ``registry:``. Raises ``UsageError``."""
    if _HOST.fullmatch(text):
        return Asked(text.rstrip("/").lower())
    if "@" in text.rpartition("/")[2]:
        return Asked("", parse(alias(text)))
    place, tag = split_tag(text)
    name = parse(alias(place))
    if tag and not is_glob(tag):
        named = parse(alias(text))
        return Asked(named.host, named)
    return Asked(name.host, name, tag or "*")


def find(text: str, wanted: Wanted) -> Iterator[Unit]:
    """Yield the images of what was named. Raises ``UsageError`` and ``ImageError``."""
    asked = parsed(text)
    if asked.name is None:
        for repository in catalog(asked.host, wanted.options):
            name = Name(asked.host, repository)
            # A repository of which all tags were deleted stays in the catalog.
            yield from _guarded(name, wanted, lambda name=name: _of_repository(name, "*", wanted, empty=True))  # type: ignore[misc]
    elif asked.glob is not None:
        yield from _of_repository(asked.name, asked.glob, wanted)
    else:
        client = Client(asked.name, wanted.options)
        try:
            unit = _Asking(client, asked.name, wanted).unit(asked.name.wanted)
            if unit is not None:
                yield unit
        except NoPlatformError:
            wanted.elsewhere()
        finally:
            client.close()


def _guarded(name: Name, wanted: Wanted, units: Callable[[], Iterator[Unit]]) -> Iterator[Unit]:
    """Yield units; what is wrong with their repository is told, and others follow."""
    try:
        yield from units()
    except UsageError:
        raise
    except ImgscopeError as error:
        wanted.trouble(Trouble.of(f"registry:{name.place}", error))


def _of_repository(name: Name, glob: str, wanted: Wanted, *, empty: bool = False) -> Iterator[Unit]:
    client = Client(name, wanted.options)
    try:
        try:
            tags = listed(client, (glob,))
        except ImageNotFoundError:
            if empty:
                return
            raise
        if not tags and not empty:
            place = escape(name.place)
            raise ImageNotFoundError(f"no tag of {place} fits {escape(glob)}; imgscope tags {place} lists them")
        tags = tags[-wanted.newest :] if wanted.newest else tags
        asking = _Asking(client, name, wanted)
        for tag, result in _side_by_side(tags, asking.unit, wanted.options.jobs):
            try:
                unit = result.result()
            except NoPlatformError:
                wanted.elsewhere()
                continue
            except ImgscopeError as error:
                wanted.trouble(Trouble.of(f"registry:{name.place}:{tag}", error))
                continue
            if unit is not None:
                yield unit
    finally:
        client.close()


def _side_by_side(
    tags: Iterable[str], work: Callable[[str], Unit | None], count: int
) -> Iterator[tuple[str, Future[Unit | None]]]:
    """Yield what becomes of each tag, in order; a few are asked for ahead of whoever takes them."""
    executor = ThreadPoolExecutor(count)
    ahead: deque[tuple[str, Future[Unit | None]]] = deque()
    try:
        for tag in tags:
            ahead.append((tag, executor.submit(work, tag)))
            if len(ahead) > 8 * count:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _is_older(store: RegistryStore, since: datetime, platform: str | None) -> bool:
    """Tell whether an image says that it was made before; what is wrong with one is told when it is read."""
    try:
        created = open_store(store, "registry", platform).config.get("created")
    except ImgscopeError:
        return False
    found = moment(created) if isinstance(created, str) else None
    return found is not None and found < since


class _Asking:
    """Asks a repository for tags. Several threads may."""

    def __init__(self, client: Client, name: Name, wanted: Wanted) -> None:
        self._client = client
        self._name = name
        self._wanted = wanted

    def unit(self, tag: str) -> Unit | None:
        """Return what a tag points to; ``None`` for what is too old. Raises ``ImageError``."""
        wanted, client = self._wanted, self._client
        digest = tag if is_digest(tag) else client.digest(tag)
        image = wanted.known.image(digest, wanted.platform) if digest is not None else None
        if image is not None and digest is not None and wanted.since is None:
            return self._made(tag, digest, image, held=True)
        top = client.manifest(digest or tag)
        store = RegistryStore(client, top, (), wanted.platform)
        if wanted.since is not None and _is_older(store, wanted.since, wanted.platform):
            return None
        (descriptor,) = json.loads(store.json("index.json") or b"{}")["manifests"]
        image = str(descriptor["digest"])
        data = store.json(blob_name(image)) or b"{}"
        manifest: Any = parse_json(data, "the manifest", client.registry)
        manifest = manifest if isinstance(manifest, dict) else {}
        config, layers = manifest.get("config"), manifest.get("layers")
        size = config.get("size") if isinstance(config, dict) else None
        blobs = [layer.get("digest") for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []
        return self._made(
            tag,
            top.digest,
            image,
            held=wanted.known.has(image),
            manifest_bytes=len(data),
            config_bytes=size if isinstance(size, int) and 0 <= size < 1 << 40 else None,
            blobs=tuple(dict.fromkeys(blob for blob in blobs if is_digest(blob))),
        )

    def _made(self, tag: str, digest: str, image: str, **more: Any) -> Unit:
        name = self._name
        by_digest = is_digest(tag)
        reference = f"registry:{name.place}@{tag}" if by_digest else f"registry:{name.place}:{tag}"
        return Unit(
            name.host,
            name.repository,
            None if by_digest else tag,
            reference,
            f"registry:{name.place}@{image}",
            digest,
            image,
            **more,
        )
