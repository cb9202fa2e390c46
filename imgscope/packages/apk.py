"""Alpine's packages: ``lib/apk/db/installed`` (apk 3 and usr-merged systems: ``usr/lib/apk/db/installed``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .interface import Package
from .lines import lines, paragraphs

if TYPE_CHECKING:
    from .reader import ImageReader

_PLACES = (b"lib/apk/db/installed", b"usr/lib/apk/db/installed")
_FIELDS = (b"P", b"V", b"A")
_LONGEST = 4096


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
            content, known = image.database("apk", place) or b"", False
            for text in paragraphs(content):
                fields: dict[bytes, bytes] = {}
                for key, value in _fields(text):
                    if key in _FIELDS:
                        fields.setdefault(key, value)
                if fields.get(b"P") and b"V" in fields:
                    name, version, architecture = (
                        fields.get(key, b"").decode("utf-8", "replace") for key in (b"P", b"V", b"A")
                    )
                    known = True
                    yield Package("apk", name, version, architecture or None, place, image.claim(_paths(text)))
            if not known and content.strip():
                image.failed("apk", place, "it is not what apk writes")


def _fields(text: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in lines(text):
        key, colon, value = line.partition(b":")
        if colon:
            yield key, value


def _paths(text: bytes) -> Iterator[bytes]:
    folder = b""
    for key, value in _fields(text):
        if key == b"F":
            folder = value.strip(b"/")
        elif key == b"R" and len(folder) + len(value) < _LONGEST:
            yield folder + b"/" + value if folder else value
