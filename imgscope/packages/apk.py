"""Alpine's packages: ``lib/apk/db/installed`` (apk 3 and usr-merged systems: ``usr/lib/apk/db/installed``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .interface import Package

if TYPE_CHECKING:
    from .reader import ImageReader

_PLACES = (b"lib/apk/db/installed", b"usr/lib/apk/db/installed")


class Apk:
    """Reads apk's installed database: a line a field, a letter naming it, an empty line between packages."""

    ecosystem = "apk"
    system = True

    def wanted(self, image: ImageReader) -> Iterable[bytes]:
        """Yield the places where the database may be."""
        return _PLACES

    def read(self, image: ImageReader) -> Iterator[Package]:
        """Yield the installed packages."""
        for place in _PLACES:
            for text in (image.content(place) or b"").split(b"\n\n"):
                fields: dict[bytes, bytes] = {}
                paths: list[bytes] = []
                folder = b""
                for line in text.split(b"\n"):
                    key, colon, value = line.partition(b":")
                    if not colon:
                        continue
                    if key == b"F":
                        folder = value.strip(b"/")
                    elif key == b"R":
                        paths.append(folder + b"/" + value if folder else value)
                    else:
                        fields.setdefault(key, value)
                if fields.get(b"P") and b"V" in fields:
                    name, version, architecture = (
                        fields.get(key, b"").decode("utf-8", "replace") for key in (b"P", b"V", b"A")
                    )
                    yield Package("apk", name, version, architecture or None, place, paths)
