"""A directory of blobs: an OCI image layout, or an image archive that someone unpacked."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..compression import MAGIC_BYTES, detect
from ..errors import ArchiveError
from ..escape import escape
from .image import Region
from .store import MAX_ALL_JSON, MAX_JSON, OVER, Blob, clean_name, shown

MAX_FILES = 4096


class DirectoryStore:
    """Files under a folder, opened when they are asked for and kept open until ``close``."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Look at the folder ``path``. Raises ``ArchiveError`` when it can't be read."""
        self._path = Path(path)
        self.label = escape(os.fspath(path))
        self.complete = True
        self._open: dict[str, tuple[int, os.stat_result]] = {}
        self._json_left = MAX_ALL_JSON
        try:
            self._top = os.listdir(self._path)  # noqa: PTH208
        except OSError as error:
            raise ArchiveError(f"{self.label} can't be read: {error.strerror}") from None

    def _file(self, name: str) -> tuple[int, os.stat_result] | None:
        """Open a regular file; anything else there (a pipe would hang, a device never end) is an error."""
        name = clean_name(name)
        if name in self._open:
            return self._open[name]
        if len(self._open) >= MAX_FILES:
            raise ArchiveError(f"{self.label}: over {MAX_FILES:,} blobs are named: no image has so many")
        try:
            fd = os.open(self._path / name, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise ArchiveError(f"{self.label}: {shown(name)} can't be read: {why}") from None
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(fd)
            raise ArchiveError(f"{self.label}: {shown(name)} is not a regular file")
        self._open[name] = fd, status
        return fd, status

    def names(self) -> list[str]:
        """Return the names at the top; blobs are found by digest."""
        return list(self._top)

    def has(self, name: str) -> bool:
        """Tell whether there is something of that name."""
        return os.path.exists(self._path / clean_name(name))  # noqa: PTH110 - a name too long is one that isn't there

    def json(self, name: str) -> bytes | None:
        """Read a small file whole. Raises ``ArchiveError`` for one too large."""
        found = self._file(name)
        if found is None:
            return None
        fd, status = found
        self._json_left -= status.st_size
        if status.st_size > MAX_JSON or self._json_left < 0:
            raise ArchiveError(
                f"{self.label}: {shown(name)} is too large ({status.st_size:,} bytes) for what it is{OVER}"
            )
        return os.pread(fd, status.st_size, 0)

    def blob(self, name: str) -> Blob | None:
        """Open a layer's blob."""
        found = self._file(name)
        if found is None:
            return None
        fd, status = found
        kind = detect(os.pread(fd, MAGIC_BYTES, 0))
        path = os.fspath(self._path / clean_name(name))
        return Blob(name, status.st_size, kind, Region(path, fd, 0, status.st_size))

    def identity(self) -> tuple[int, ...]:
        """Return device, inode, size, mtime and ctime of each file that was opened, by name."""
        return tuple(
            number
            for _, (_, status) in sorted(self._open.items())
            for number in (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        )

    def close(self) -> None:
        """Close the files."""
        while self._open:
            os.close(self._open.popitem()[1][0])
