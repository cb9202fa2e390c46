"""Arch Linux' packages: a folder for each in ``var/lib/pacman/local``, with ``desc`` and ``files``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..paths import join
from .interface import Package
from .lines import lines

if TYPE_CHECKING:
    from .reader import ImageReader

HOME = b"var/lib/pacman/local"
_FIELDS = (b"%NAME%", b"%VERSION%", b"%ARCH%")


class Pacman:
    """Reads libalpm's local database (its be_local.c): a field's name between percent signs, a value a line."""

    ecosystem = "pacman"
    system = True

    def wanted(self, image: ImageReader) -> Iterable[bytes]:
        """Yield both files of each package."""
        for folder in self._folders(image):
            yield folder + b"/desc"
            yield folder + b"/files"

    @staticmethod
    def _folders(image: ImageReader) -> list[bytes]:
        return [folder for name in sorted(image.names(HOME)) if b"desc" in image.names(folder := join(HOME, name))]

    def read(self, image: ImageReader) -> Iterator[Package]:
        """Yield the installed packages, by their folders' names."""
        for folder in self._folders(image):
            fields: dict[bytes, str] = {}
            for key, value in _values(image.content(folder + b"/desc") or b""):
                if key in _FIELDS:
                    fields.setdefault(key, value.decode("utf-8", "replace"))
            name, version, architecture = (fields.get(key, "") for key in _FIELDS)
            location = folder + b"/desc"
            if not name or not version:
                image.failed("pacman", location, "it says no name or no version")
                continue
            listed = (value for key, value in _values(image.content(folder + b"/files") or b"") if key == b"%FILES%")
            paths = image.claim(path.strip(b"/") for path in listed if path[-1:] != b"/")
            paths += (join(folder, own) for own in image.names(folder))
            yield Package("pacman", name, version, architecture or None, location, paths)


def _values(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (field, value) for each value."""
    key = b""
    for line in lines(data):
        if line[:1] == b"%" and line[-1:] == b"%":
            key = line
        elif line:
            yield key, line
