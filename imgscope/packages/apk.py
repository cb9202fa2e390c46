"""Alpine's packages: ``lib/apk/db/installed`` (apk 3 and usr-merged systems: ``usr/lib/apk/db/installed``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .interface import Package
from .lines import field_pattern, fields, paragraphs

if TYPE_CHECKING:
    from .reader import ImageReader

_PLACES = (b"lib/apk/db/installed", b"usr/lib/apk/db/installed")
_FIELDS = field_pattern(b"P", b"V", b"A")
# A folder, and the names of what lies in it.
_PATHS = field_pattern(b"F", b"R")
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
                record = fields(text, _FIELDS)
                if record.get(b"P") and b"V" in record:
                    name, version, architecture = (
                        record.get(key, b"").decode("utf-8", "replace") for key in (b"P", b"V", b"A")
                    )
                    known = True
                    yield Package("apk", name, version, architecture or None, place, image.claim(_paths(text)))
            if not known and content.strip():
                image.failed("apk", place, "it is not what apk writes")


def _paths(text: bytes) -> Iterator[bytes]:
    folder = b""
    for match in _PATHS.finditer(text):
        if match[1] == b"F":
            folder = match[2].strip(b"/")
        elif len(folder) + len(match[2]) < _LONGEST:
            yield folder + b"/" + match[2] if folder else match[2]
