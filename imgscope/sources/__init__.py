"""Where images come from: engines, files, layouts, standard input. A source knows nothing of layers.

To add one: a file here with a class that fits ``interface.Source``, and its line in ``_SOURCES``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from ..reference import parse

if TYPE_CHECKING:
    from ..reference import Reference
    from .interface import Source
    from .options import Options

# Imported when it is needed: the engine's client alone takes longer than all the rest.
_SOURCES = {
    "engine": ("engine", "EngineSource"),
    "podman": ("podman", "PodmanSource"),
    "registry": ("registry.source", "RegistrySource"),
    "file": ("file", "FileSource"),
    "layout": ("layout", "LayoutSource"),
    "saved": ("saved", "SavedSource"),
    "stdin": ("stdin", "StdinSource"),
}


def find_source(
    reference: str | os.PathLike[str],
    *,
    platform: str | None = None,
    image: str | None = None,
    contents: bool = False,
    options: Options | None = None,
) -> Source:
    """Return the source of what ``reference`` names; ``platform`` and ``image`` choose where there are several.

    With ``contents`` the caller will want files' contents too: what can be read only once, or would have to be
    exported twice, is then copied to a temporary file before it is scanned. ``options`` say where names are looked for,
    and how registries are read; without them what holds for the run. Raises ``UsageError`` and
    ``ImageNotFoundError``.
    """
    if platform is not None:
        from ..archive.platform import parse as parse_platform

        parse_platform(platform)
    found = parse(reference, image)
    kinds: tuple[str, ...] = (found.kind,)
    if found.kind == "registry" or (found.kind == "engine" and not found.text.startswith("docker:")):
        from .options import chosen

        options = options or chosen
        kinds = kinds if found.kind == "registry" else options.kinds()
    if len(kinds) == 1:
        return _source(kinds[0], found, platform, contents, options)
    from .several import SeveralSources

    made: Sequence[Callable[[], Source]] = [
        partial(_source, kind, found, platform, contents, options) for kind in kinds
    ]
    return cast("Source", SeveralSources(found, made))


def _source(kind: str, reference: Reference, platform: str | None, contents: bool, options: Options | None) -> Source:
    module, name = _SOURCES[kind]
    make = getattr(import_module(f".{module}", __name__), name)
    more = (options,) if kind == "registry" else ()
    return cast("Source", make(reference, platform, contents, *more))
