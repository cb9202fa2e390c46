"""An image archive in a file: plain, or compressed as a whole (then it streams); a pipe with a name, too."""

from __future__ import annotations

import os
import stat
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ..archive import platform as platforms
from ..archive.open import open_descriptor
from ..errors import ArchiveError, ContentUnavailableError, ImageNotFoundError
from ..escape import escape
from . import patience
from .stream import Stream

if TYPE_CHECKING:
    from ..archive.image import OpenImage
    from ..archive.tar_stores import ScanLayer
    from ..progress import Progress
    from ..reference import Reference


class FileSource:
    """One archive in one file; the file stays the same one, whatever is renamed to its path meanwhile."""

    vouched: str | None = None
    remote = False

    def __init__(self, reference: Reference, platform: str | None = None, contents: bool = False) -> None:
        """Open the file. Raises ``ImageNotFoundError``."""
        self._image = reference.image
        self._platform = platform
        self._contents = contents
        self._label = escape(reference.target)
        self._path = reference.target
        self._once: Stream | None = None
        self._used = False
        self._fd = self._descriptor()
        weakref.finalize(self, os.close, self._fd)
        mode = os.fstat(self._fd).st_mode
        self._regular = stat.S_ISREG(mode)
        if stat.S_ISFIFO(mode):
            widen_pipe(self._fd)

    def _descriptor(self) -> int:
        try:
            return os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise ImageNotFoundError(f"{self._label} can't be read: {error.strerror}") from None

    def describe(self) -> str:
        """Name the file."""
        return self._label

    def _stream(self) -> Stream:
        """Return the file's bytes from their start; of a pipe, the one stream that there is."""
        if self._regular:
            return Stream(_reading(self._fd), self._label)
        if self._once is None:
            self._once = Stream(patience.reading(self._fd, self._label, ArchiveError), self._label)
        return self._once

    def saved(self) -> bytes | None:
        """Return the file's content where it is a saved analysis, decompressed."""
        stream = self._stream()
        return stream.all() if stream.is_json else None

    def cache_key(self) -> str | None:
        """Return the file's identity with the choice made; nothing for a pipe."""
        if not self._regular:
            return None
        status = os.fstat(self._fd)
        numbers = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        return f"file:{numbers}:{self._image}:{self._platform or platforms.host()}"

    def names(self) -> tuple[str, ...] | None:
        """Return nothing: the names are part of what ``cache_key`` is made of."""
        return None

    def open(self, scan_layer: ScanLayer, progress: Progress | None = None) -> OpenImage:
        """Open a plain archive for seeking; stream one that is compressed."""
        stream = self._stream()
        if (self._regular and stream.compression is None) or self._contents:
            return self.reopen(progress)
        self._used = True
        if progress is not None:
            progress.start(None, f"reading {self._label}")
        try:
            return stream.open(scan_layer, self._image, self._platform, progress)
        finally:
            if progress is not None:
                progress.finish()

    def reopen(self, progress: Progress | None = None) -> OpenImage:
        """Open the archive for seeking: itself, or a decompressed copy."""
        if self._used and not self._regular:
            raise ContentUnavailableError(
                f"{self._label} could be read only once, and was; save the archive to a file and give that"
            )
        stream = self._stream()
        stream.check()
        if self._regular and stream.compression is None:
            return open_descriptor(os.dup(self._fd), self._path, image=self._image, platform=self._platform)
        self._used = True
        if progress is not None:
            progress.start(None, f"unpacking {self._label}")
        try:
            return stream.spool(self._image, self._platform, progress)
        finally:
            if progress is not None:
                progress.finish()


def widen_pipe(fd: int) -> None:
    """Let a pipe hold as much as is read at a time, where the system can: sixteen times fewer reads."""
    import fcntl

    with suppress(AttributeError, OSError):
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, 1 << 20)  # type: ignore[attr-defined,unused-ignore]


def _reading(fd: int) -> Callable[[int], bytes]:
    position = 0

    def read(size: int) -> bytes:
        nonlocal position
        data = os.pread(fd, size, position)
        position += len(data)
        return data

    return read
