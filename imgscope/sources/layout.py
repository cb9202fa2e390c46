"""An OCI image layout in a directory."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from ..archive import platform as platforms
from ..archive.open import open_layout
from ..escape import escape

if TYPE_CHECKING:
    from ..archive.image import OpenImage
    from ..archive.tar_stores import ScanLayer
    from ..progress import Progress
    from ..reference import Reference

# A layout with more files is not worth looking at each for the cache's sake.
MAX_FILES = 20_000


class LayoutSource:
    """One image of a layout directory."""

    vouched: str | None = None
    remote = False

    def __init__(self, reference: Reference, platform: str | None = None, contents: bool = False) -> None:
        """Take the directory that ``reference`` names; all of it can be seeked in, ``contents`` or not."""
        self._path = reference.target
        self._image = reference.image
        self._platform = platform

    def describe(self) -> str:
        """Name the directory."""
        return escape(self._path)

    def saved(self) -> bytes | None:
        """Return nothing: a directory is not a saved analysis."""
        return None

    def cache_key(self) -> str | None:
        """Return a digest of the identities of all files of the layout, with the choice made."""
        state = hashlib.sha256()
        left = MAX_FILES
        folders = [self._path]
        try:
            while folders:
                found = []
                with os.scandir(folders.pop()) as entries:
                    for entry in entries:
                        left -= 1
                        if left < 0:
                            return None
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(entry.path)
                        status = entry.stat()
                        numbers = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
                        found.append((entry.path, numbers))
                folders.sort()
                state.update(repr(sorted(found)).encode("utf-8", "surrogateescape"))
        except OSError:
            return None
        return f"layout:{state.hexdigest()}:{self._image}:{self._platform or platforms.host()}"

    def names(self) -> tuple[str, ...] | None:
        """Return nothing: the names are part of what ``cache_key`` is made of."""
        return None

    def open(self, scan_layer: ScanLayer, progress: Progress | None = None) -> OpenImage:
        """Open the layout; its blobs are files, so nothing streams."""
        return self.reopen(progress)

    def reopen(self, progress: Progress | None = None) -> OpenImage:
        """Open the layout."""
        return open_layout(self._path, image=self._image, platform=self._platform)
