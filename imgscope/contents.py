"""The interface behind which file contents lie, wherever the image's layers are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Protocol

from .errors import ContentUnavailableError

ContentKey = tuple[int, int]
"""(layer, the layer's own entry number) of a regular file."""


class Contents(Protocol):
    """Reads contents of regular files of an image."""

    def open(self, layer: int, entry: int) -> BinaryIO:
        """Open one file's content for reading in sequence. Raises ``ImageError``."""

    def same(self, pairs: Sequence[tuple[ContentKey, ContentKey]]) -> list[bool]:
        """Tell for each pair of files of equal size whether their contents are equal. Raises ``ImageError``."""

    def fingerprints(self, keys: Sequence[ContentKey]) -> list[bytes]:
        """Return a fingerprint (16 bytes) of each file's content. Raises ``ImageError``."""

    def close(self) -> None:
        """Release files and temporary folders."""


class NoContents:
    """Stands where no image is at hand: a saved analysis."""

    def __init__(self, why: str) -> None:
        self._why = why

    def open(self, layer: int, entry: int) -> BinaryIO:
        """Raise ``ContentUnavailableError``."""
        raise ContentUnavailableError(self._why)

    def same(self, pairs: Sequence[tuple[ContentKey, ContentKey]]) -> list[bool]:
        """Raise ``ContentUnavailableError``."""
        raise ContentUnavailableError(self._why)

    def fingerprints(self, keys: Sequence[ContentKey]) -> list[bytes]:
        """Raise ``ContentUnavailableError``."""
        raise ContentUnavailableError(self._why)

    def close(self) -> None:
        """Do nothing."""
