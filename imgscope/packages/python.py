"""Python's packages: ``*.dist-info`` with its RECORD, and what was before it: ``*.egg-info`` and ``*.egg``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ..layer.index import DIRECTORY
from ..paths import clean, join, public, split
from .interface import Package
from .lines import lines

if TYPE_CHECKING:
    from .reader import ImageReader

_DIST, _EGG, _ZIPPED = b".dist-info", b".egg-info", b".egg"
# What may follow the version in an egg's name: the Python that it is for, and the platform.
_EGG_TAIL = re.compile(rb"-py\d[^-]*(?:-.*)?$")
# Where records may be files, or zipped along with what they are of: only where Python looks for packages.
_SITE = re.compile(rb"(?:^|/)(?:site-packages|dist-packages|python\d(?:\.\d+)?|lib-dynload)$")
# How the directories that can be of interest end: that tells most of them apart at no cost.
_ENDINGS = (_DIST, _EGG, b"EGG-INFO", b"-packages", b"lib-dynload", *(b"%d" % digit for digit in range(10)))
# Name and version stand among the first lines; a description follows.
_METADATA = 64 << 10


class _Project(NamedTuple):
    """Where a project's record lies (its folder, or the file that it is), what is left of that's name, the file with
    its name and version, and the ones that list its paths: from the folder it stands in, and from its own.
    """

    place: bytes
    stem: bytes
    metadata: bytes | None
    record: bytes | None = None
    installed: bytes | None = None


class Python:
    """Reads records of installed projects (packaging.python.org, *Recording installed projects*; PEP 376; setuptools'
    docs, *The Internal Structure of Python Eggs*).
    """

    ecosystem = "python"
    system = False
    _found: list[_Project]

    def wanted(self, image: ImageReader) -> Iterable[bytes]:
        """Yield each project's list of files, and its metadata where its name does not tell enough."""
        self._found = list(_projects(image))
        for project in self._found:
            yield from (path for path in (project.record, project.installed) if path is not None)
            if project.metadata is not None and b"-" not in project.stem:
                yield project.metadata

    def read(self, image: ImageReader) -> Iterator[Package]:
        """Yield the installed projects, by their records' paths."""
        for project in self._found:
            stem, _, version = project.stem.partition(b"-")
            name: bytes | None = stem
            if not stem or not version:
                name, version = _metadata((project.metadata and image.content(project.metadata)) or b"")
            if not name or not version:
                image.note(f"{public(project.place)} says no name or no version of a Python package")
                continue
            home, own = split(project.place)
            paths = image.claim(_listed(image, project, home))
            # A record that is a file lists nothing.
            paths += [join(project.place, name) for name in image.names(project.place)] or [project.place]
            location = project.metadata or project.record or project.place
            yield Package(
                "python",
                name.decode("utf-8", "replace"),
                version.decode("utf-8", "replace"),
                None,
                location,
                paths,
                below=home if own == b"EGG-INFO" else None,
            )


def _projects(image: ImageReader) -> Iterator[_Project]:
    for directory in image.directories():
        if not directory.endswith(_ENDINGS):
            continue
        names = image.names(directory)
        if directory.endswith(_DIST):
            record = next((own for own in (b"METADATA", b"PKG-INFO", b"RECORD") if own in names), None)
            # Without one it is what pip left of a removed project, or an empty folder.
            if record is not None:
                metadata = None if record == b"RECORD" else join(directory, record)
                yield _Project(directory, _stem(directory, _DIST), metadata, join(directory, b"RECORD"))
        elif directory.endswith(_EGG):
            if b"PKG-INFO" in names:
                installed = join(directory, b"installed-files.txt")
                yield _Project(directory, _stem(directory, _EGG), join(directory, b"PKG-INFO"), None, installed)
        elif directory.endswith(b".egg/EGG-INFO") and directory.count(b".egg/") == 1:
            if b"PKG-INFO" in names:
                yield _Project(directory, _stem(split(directory)[0], _ZIPPED), join(directory, b"PKG-INFO"))
        elif _SITE.search(directory):
            for name in sorted(names):
                if name.endswith((_EGG, _ZIPPED)) and image.overlay.kind(names[name]) != DIRECTORY:
                    path = join(directory, name)
                    ending = _EGG if name.endswith(_EGG) else _ZIPPED
                    yield _Project(path, _stem(path, ending), path if ending == _EGG else None)


def _stem(path: bytes, ending: bytes) -> bytes:
    stem = split(path)[1][: -len(ending)]
    return stem if ending == _DIST else _EGG_TAIL.sub(b"", stem)


def _metadata(data: bytes) -> tuple[bytes | None, bytes]:
    """Return the name and the version that a METADATA or PKG-INFO says, as far as it does (PEP 241 and later)."""
    found: dict[bytes, bytes] = {}
    for line in lines(data[:_METADATA]):
        if not line.strip():
            break
        key, colon, value = line.partition(b":")
        if colon:
            found.setdefault(key.strip().lower(), value.strip())
    return found.get(b"name"), found.get(b"version", b"")


def _listed(image: ImageReader, project: _Project, home: bytes) -> Iterator[bytes]:
    if project.installed is not None:
        for line in lines(image.content(project.installed) or b""):
            if line:
                yield clean(join(project.place, line))[0]
    if project.record is None:
        return
    import csv
    import io

    text = (image.content(project.record) or b"").decode("utf-8", "surrogateescape")
    try:
        for row in csv.reader(io.StringIO(text, newline="")):
            if row and row[0]:
                path = row[0].encode("utf-8", "surrogateescape")
                yield clean(path if path[:1] == b"/" else join(home, path))[0]
    except csv.Error:
        image.note(f"{public(project.record)} can't be read to its end")
