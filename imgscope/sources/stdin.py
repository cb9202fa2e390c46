"""An image archive (or a saved analysis) on standard input."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ..errors import UsageError
from .file import FileSource

if TYPE_CHECKING:
    from ..reference import Reference


class StdinSource(FileSource):
    """Standard input: a pipe streams, a file that was redirected is as good as named."""

    def __init__(self, reference: Reference, platform: str | None = None, contents: bool = False) -> None:
        """Take standard input over. Raises ``UsageError`` where it is a terminal, or closed."""
        super().__init__(reference, platform, contents)
        self._label = self._path = "standard input"

    def _descriptor(self) -> int:
        try:
            fd = os.dup(0)
        except OSError:
            raise UsageError("standard input is closed; give an archive's path, or pipe one in") from None
        if sys.stdin is not None and os.isatty(fd):
            os.close(fd)
            raise UsageError("standard input is a terminal; pipe an archive in, as in: docker save IMAGE | imgscope -")
        return fd
