"""Where images come from: engines, files, layouts, standard input. A source knows nothing of layers.

To add one: a file here with a class that fits ``interface.Source``, and its line in ``_SOURCES``.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, cast

from ..reference import parse

if TYPE_CHECKING:
    from .interface import Source

# Imported when it is needed: the engine's client alone takes longer than all the rest.
_SOURCES = {
    "engine": ("engine", "EngineSource"),
    "podman": ("podman", "PodmanSource"),
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
) -> Source:
    """Return the source of what ``reference`` names; ``platform`` and ``image`` choose where there are several.

    With ``contents`` the caller will want files' contents too: what can be read only once, or would have to be
    exported twice, is then copied to a temporary file before it is scanned. Raises ``UsageError`` and
    ``ImageNotFoundError``.
    """
    if platform is not None:
        from ..archive.platform import parse as parse_platform

        parse_platform(platform)
    found = parse(reference, image)
    module, name = _SOURCES[found.kind]
    made = getattr(import_module(f".{module}", __name__), name)(found, platform, contents)
    return cast("Source", made)
