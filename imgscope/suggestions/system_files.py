"""Which files of an image its operating system's packages own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..errors import ContentUnavailableError
from ..packages.dependencies import DATABASES
from ..packages.places import database_entries
from .once import once

if TYPE_CHECKING:
    from ..packages import Package, Packages
    from .context import Context

_SYSTEM = ("dpkg", "apk", "rpm", "pacman")
MANAGED = (b"etc/", b"var/", b"usr/bin/", b"usr/sbin/", b"usr/lib/", b"usr/share/", b"lib/", b"bin/", b"sbin/")
"""Where a package manager's scripts leave files that no package owns, in the layers of ``installing``."""


@once
def installed_here(context: Context) -> bool:
    """Tell whether own layers wrote to a database of the system's packages."""
    overlay = context.overlay
    inodes = map(overlay.inode, database_entries(overlay))
    return any(inode >= 0 and overlay.layer_of(inode) in context.own_layers for inode in inodes)


@once
def installing(context: Context) -> frozenset[int]:
    """Return the own layers that wrote to a database of the system's packages."""
    overlay = context.overlay
    return frozenset(
        layer for layer in context.own_layers for path in DATABASES if overlay.entry_in(layer, path) is not None
    )


@once
def system_owners(context: Context) -> Mapping[bytes, Package]:
    """Return the package that owns each path; nothing where own layers installed none, as their files are then loose.

    Raises ``ContentUnavailableError`` for a saved analysis, and where not all packages are known.
    """
    if not installed_here(context):
        return {}
    owners = system_packages(context).owners
    return {path: package for path, package in owners.items() if package.ecosystem in _SYSTEM}


def system_packages(context: Context) -> Packages:
    """Return the image's packages. Raises ``ContentUnavailableError`` where not all of the system's are known: files of
    those that are not would pass for anybody's.
    """
    packages = context.packages
    for ecosystem in _SYSTEM:
        if ecosystem in packages.unread:
            raise ContentUnavailableError(packages.unread[ecosystem])
    return packages
