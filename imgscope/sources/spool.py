"""Copies a stream to a temporary file that has no name, for what must be read out of order."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import RawIOBase
from typing import TYPE_CHECKING

from ..archive.open import open_descriptor
from ..archive.tar_stores import looks_like_tar
from ..errors import ArchiveError, ImageError

if TYPE_CHECKING:
    from ..archive.image import OpenImage
    from ..progress import Progress

_BLOCK = 1 << 20


def spool(
    read: Callable[[int], bytes],
    label: str,
    *,
    image: str | None,
    platform: str | None,
    progress: Progress | None = None,
) -> OpenImage:
    """Copy the image archive (a plain tar) that ``read`` gives, and open the copy.

    The file lies in ``TMPDIR``, readable by this user only, and has no name there: whatever ends the process, the
    system frees it. Raises ``ImageError``, one for a full disk included, and what ``read`` raises.
    """
    first = read(_BLOCK)
    while first and len(first) < 512 and (more := read(_BLOCK)):
        first += more
    if not looks_like_tar(first):
        raise ArchiveError(f"{label} is not an image archive")
    with temporary(label) as file:
        data = first
        while data:
            if progress is not None:
                progress.advance(len(data))
            write(file, data)
            data = read(_BLOCK)
        fd = os.dup(file.fileno())
    return open_descriptor(fd, label, image=image, platform=platform)


def spool_and_scan(
    read: Callable[[int], bytes],
    label: str,
    scan: Callable[[Callable[[int], bytes]], OpenImage],
    *,
    image: str | None,
    platform: str | None,
) -> OpenImage:
    """As ``spool``, while ``scan`` reads the archive: the copy's layers have what that made of them."""
    with temporary(label) as file:

        def copied(size: int) -> bytes:
            data = read(size)
            try:
                write(file, data)
            except OSError as error:
                raise full(label, error) from None
            return data

        seen = scan(copied)
        try:
            fd = os.dup(file.fileno())
            opened = open_descriptor(fd, label, image=image, platform=platform)
        finally:
            seen.close()
    for layer, passed in zip(opened.layers, seen.layers, strict=True):
        layer.scanned = passed.scanned
    return opened


@contextmanager
def temporary(label: str) -> Iterator[RawIOBase]:
    """Give a nameless file in ``TMPDIR``, gone unless its descriptor was duplicated. Raises ``ImageError``."""
    import tempfile

    try:
        with tempfile.TemporaryFile(prefix="imgscope-", buffering=0) as file:
            yield file
    except OSError as error:
        raise full(label, error) from None


def full(label: str, error: OSError) -> OSError | ImageError:
    """Return what to raise for a copy that can't be written: what else may be wrong is no matter of room."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS, errno.ENOENT):
        return error
    import tempfile

    return ImageError(
        f"{label} can't be copied to {tempfile.gettempdir()}: {error.strerror}; set TMPDIR to a folder with room"
    )


def write(file: RawIOBase, data: bytes) -> None:
    """Write all of ``data``. Raises ``OSError``."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) or 0 :]
