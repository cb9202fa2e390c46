"""Which files of an image its operating system's packages own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..packages.dependencies import DATABASES
from ..packages.pacman import HOME as PACMAN
from .once import once

if TYPE_CHECKING:
    from ..packages import Package
    from .context import Context

_SYSTEM = ("dpkg", "apk", "rpm", "pacman")


@once
def installed_here(context: Context) -> bool:
    """Tell whether own layers wrote to a database of the system's packages."""
    overlay = context.overlay
    # pacman's is a folder for each package.
    folders = (PACMAN + b"/" + name + b"/desc" for name in overlay.tree.get(PACMAN, ()))
    entries = (overlay.lookup(path) for path in (*DATABASES, *folders))
    return any(entry is not None and overlay.layer_of(overlay.inode(entry)) in context.own_layers for entry in entries)


@once
def system_owners(context: Context) -> Mapping[bytes, Package]:
    """Return the package that owns each path; nothing where own layers installed none, as their files are then loose.

    Raises ``ContentUnavailableError`` for a saved analysis.
    """
    if not installed_here(context):
        return {}
    owners = context.packages.owners
    return {path: package for path, package in owners.items() if package.ecosystem in _SYSTEM}
