"""Images in archives and layouts, and in folders of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...archive import both, select
from ...archive.directory import DirectoryStore
from ...archive.tar_stores import TarStore
from ...compression import MAGIC_BYTES, detect
from ...errors import ImgscopeError
from ...reference import ARCHIVE_ENDINGS, LAYOUT_FILES, parse, split_tag
from ..model import Trouble, Unit
from .wanted import Wanted

if TYPE_CHECKING:
    from ...archive.candidate import Candidate
    from ...archive.store import Store


def kind(path: str) -> str | None:
    """Tell what lies at a path: ``file`` for an archive, ``layout``, or ``None``."""
    if Path(path).is_dir():
        return "layout" if any((Path(path) / name).is_file() for name in LAYOUT_FILES) else None
    found = parse(Path(path)).kind
    with Path(path).open("rb") as file:
        head = file.read(512)
    if found == "file" and (detect(head[:MAGIC_BYTES]) is not None or b"ustar" in head[257:265] or b"\0" in head):
        return "file"
    return None


def below(folder: str, wanted: Wanted) -> Iterator[Unit]:
    """Yield the images of all archives and layouts in a folder and below it, in the order of their names."""
    for here, folders, files in os.walk(folder):
        folders.sort()
        layouts = [name for name in folders if kind(os.path.join(here, name)) == "layout"]  # noqa: PTH118
        # What lies within a layout is its own.
        folders[:] = [name for name in folders if name not in layouts]
        archives = [name for name in sorted(files) if ARCHIVE_ENDINGS.search(name) and not name.endswith(".json")]
        for name in sorted(layouts + archives):
            path = os.path.join(here, name)  # noqa: PTH118
            try:
                yield from find(path, wanted)
            except (ImgscopeError, OSError) as error:
                wanted.trouble(Trouble.of(path, error))


def find(path: str, wanted: Wanted) -> Iterator[Unit]:
    """Yield the images of an archive or a layout. Raises ``ImageError``."""
    place = str(Path(path).absolute())
    store = _store(path)
    if store is None:
        # Compressed as a whole: what is in it is known when it is read.
        yield Unit("archive", place, None, place, place)
        return
    try:
        found = list(select.each(both.candidates(store)[0], store.label, wanted.platform))
        units = [_unit(place, candidate, several=len(found) > 1, wanted=wanted) for candidate in found]
    finally:
        store.close()
    if not units:
        # It says best itself what is wrong with it.
        yield Unit("archive", place, None, place, place)
    yield from units


def _store(path: str) -> Store | None:
    if Path(path).is_dir():
        return DirectoryStore(path)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    if detect(os.pread(fd, MAGIC_BYTES, 0)) is not None:
        os.close(fd)
        return None
    return TarStore(fd, path)


def _unit(place: str, candidate: Candidate, *, several: bool, wanted: Wanted) -> Unit:
    digest = candidate.manifest_digest or candidate.id
    name = select.familiar(candidate.names[0]) if candidate.names else ""
    repository, tag = split_tag(name)
    return Unit(
        host="archive",
        repository=repository or place,
        tag=tag or None,
        reference=f"{place}@{digest}" if several else place,
        read=place,
        digest=digest,
        image=digest,
        choice=digest,
        held=wanted.known.has(digest),
    )
