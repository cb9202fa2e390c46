"""Reads what a user names as a source, and finds its images."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...errors import ImageError, ImgscopeError, UsageError
from ...escape import escape
from ...reference import parse
from ..model import Trouble, Unit
from .wanted import Wanted

__all__ = ["Wanted", "find"]

_REGISTRY = re.compile(r"registry:|docker://")
_ENGINES = {"docker:": "docker", "podman:": "podman"}
# A line of a list is no longer.
_LINE = 1 << 12
# Lists that name lists, and those others: one that names itself would never end.
_NESTED = 8


def find(sources: Iterable[str], wanted: Wanted, depth: int = 0) -> Iterator[Unit]:
    """Yield the images of all sources. What can't be read of one is told as trouble, and the next one follows.

    Raises ``UsageError`` for what can't be a source, before anything is asked of any.
    """
    from . import engines, registries

    for source in sources:
        try:
            if source in _ENGINES:
                yield from engines.find(_ENGINES[source], wanted)
            elif _REGISTRY.match(source):
                yield from registries.find(_REGISTRY.sub("", source, count=1), wanted)
            elif source == "-":
                yield from _listed(sys.stdin.buffer, wanted, depth)
            elif Path(source).is_dir() or Path(source).is_file():
                yield from _at(source, wanted, depth)
            else:
                yield _named(source, wanted)
        except ImgscopeError as error:
            wanted.trouble(Trouble.of(source, error))


def checked(sources: Iterable[str]) -> None:
    """See that each is a source. Raises ``UsageError``."""
    for source in sources:
        if source in _ENGINES or source == "-" or os.path.lexists(source):
            continue
        bare = _REGISTRY.sub("", source, count=1)
        if bare != source:
            from .registries import parsed

            parsed(bare)
        else:
            try:
                parse(source)
            except UsageError:
                raise
            except ImgscopeError as error:
                raise UsageError(f"{escape(source)} is no source: {error}") from None


def _lines(file: Iterable[bytes]) -> Iterator[str]:
    for line in file:
        text = line[:_LINE].decode("utf-8", "surrogateescape").strip()
        if text and not text.startswith("#"):
            yield text


def _listed(file: Iterable[bytes], wanted: Wanted, depth: int) -> Iterator[Unit]:
    """Find the images of a list's lines. Raises ``ImageError`` for one that is too deep in others."""
    if depth >= _NESTED:
        raise ImageError(f"a list in more than {_NESTED} others is not read: does one name itself?")
    yield from find(_lines(file), wanted, depth + 1)


def _at(path: str, wanted: Wanted, depth: int) -> Iterator[Unit]:
    """Find the images of a folder, an archive, a layout, or a file of references."""
    from . import archives

    kind = archives.kind(path)
    if kind is None and Path(path).is_dir():
        yield from archives.below(path, wanted)
    elif kind is None:
        with Path(path).open("rb") as file:
            yield from _listed(file, wanted, depth)
    else:
        yield from archives.find(path, wanted)


def _named(text: str, wanted: Wanted) -> Unit:
    """Return what a reference alone names: an image of an engine, mostly."""
    from . import engines

    found = parse(text)
    if found.kind in ("engine", "podman"):
        return engines.named(found, wanted)
    return Unit("archive", found.target, found.image, text, text, choice=None)
