"""Python's packages: ``*.dist-info`` with its RECORD, and the older ``*.egg-info``."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..layer.names import clean, split
from ..overlay.merge import join
from .interface import Package

if TYPE_CHECKING:
    from .reader import ImageReader

_DIST, _EGG = b".dist-info", b".egg-info"
# What may follow the version in an egg's name: the Python that it is for, and the platform.
_EGG_TAIL = re.compile(rb"-py\d[^-]*(?:-.*)?$")


class Python:
    """Reads records of installed projects (packaging.python.org, *Recording installed projects*)."""

    ecosystem = "python"
    system = False

    def wanted(self, image: ImageReader) -> Iterable[bytes]:
        """Yield each project's list of files."""
        for directory in image.directories():
            if directory.endswith(_DIST):
                yield directory + b"/RECORD"
            elif directory.endswith(_EGG):
                yield directory + b"/installed-files.txt"

    def read(self, image: ImageReader) -> Iterator[Package]:
        """Yield the installed projects, by their records' paths."""
        for directory in sorted(image.directories()):
            if directory.endswith(_DIST):
                yield from self._project(image, directory, _DIST)
            elif directory.endswith(_EGG):
                yield from self._project(image, directory, _EGG)

    def _project(self, image: ImageReader, directory: bytes, ending: bytes) -> Iterator[Package]:
        home, folder = split(directory)
        stem = folder[: -len(ending)]
        if ending == _EGG:
            stem = _EGG_TAIL.sub(b"", stem)
        name, dash, version = stem.partition(b"-")
        if not name or not dash:
            return
        names = image.names(directory)
        record = next((own for own in (b"METADATA", b"PKG-INFO", b"RECORD") if own in names), None)
        if record is None:
            # What pip left of a removed project, or an empty folder.
            return
        paths = list(self._files(image, home, directory, ending))
        paths += [join(directory, own) for own in names]
        yield Package(
            "python",
            name.decode("utf-8", "replace"),
            version.decode("utf-8", "replace"),
            None,
            join(directory, record),
            paths,
        )

    def _files(self, image: ImageReader, home: bytes, directory: bytes, ending: bytes) -> Iterator[bytes]:
        if ending == _EGG:
            for line in (image.content(directory + b"/installed-files.txt") or b"").split(b"\n"):
                if line:
                    yield clean(join(directory, line))[0]
            return
        text = (image.content(directory + b"/RECORD") or b"").decode("utf-8", "surrogateescape")
        try:
            for row in csv.reader(text.splitlines()):
                if row and row[0]:
                    path = row[0].encode("utf-8", "surrogateescape")
                    yield clean(path if path[:1] == b"/" else join(home, path))[0]
        except csv.Error:
            image.note(f"/{directory.decode('utf-8', 'surrogateescape')}/RECORD can't be read")
