"""Copies a stream to a temporary file that has no name, for what must be read out of order."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..archive.open import open_descriptor
from ..archive.outer import looks_like_tar
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
    try:
        with tempfile.TemporaryFile(prefix="imgscope-", buffering=0) as file:
            data = first
            while data:
                if progress is not None:
                    progress.advance(len(data))
                view = memoryview(data)
                while view:
                    view = view[file.write(view) :]
                data = read(_BLOCK)
            fd = os.dup(file.fileno())
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EROFS, errno.ENOENT):
            raise
        raise ImageError(
            f"{label} can't be copied to {tempfile.gettempdir()}: {error.strerror}; set TMPDIR to a folder with room"
        ) from None
    return open_descriptor(fd, label, image=image, platform=platform)
