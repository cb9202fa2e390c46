"""Where an operating system's package databases lie in a merged tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..paths import join
from .dependencies import DATABASES
from .pacman import HOME as PACMAN

if TYPE_CHECKING:
    from ..overlay.merge import Overlay

_DISTROLESS = b"var/lib/dpkg/status.d"


def database_entries(overlay: Overlay) -> Iterator[int]:
    """Yield the global entries of the databases' files: one, or one for each package."""
    paths = list(DATABASES)
    paths += (join(_DISTROLESS, name) for name in overlay.tree.get(_DISTROLESS, ()))
    paths += (join(join(PACMAN, name), b"desc") for name in overlay.tree.get(PACMAN, ()))
    for path in paths:
        entry = overlay.lookup(path)
        if entry is not None and entry >= 0:
            yield entry
