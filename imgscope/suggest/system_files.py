"""Which files of an image its operating system's packages own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..packages.dependencies import DATABASES
from .once import once

if TYPE_CHECKING:
    from ..packages import Package
    from .context import Context

_SYSTEM = ("dpkg", "apk", "rpm")


@once
def installed_here(context: Context) -> bool:
    """Tell whether own layers wrote to a database of the system's packages."""
    overlay = context.overlay
    entries = (overlay.lookup(path) for path in DATABASES)
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
