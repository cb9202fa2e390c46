"""Debian's packages: ``var/lib/dpkg/status`` with ``info/*.list``, and distroless' ``status.d``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from .interface import Package
from .lines import field_pattern, fields, lines, paragraphs

if TYPE_CHECKING:
    from .reader import ImageReader

_HOME = b"var/lib/dpkg"
_FIELDS = field_pattern(b"Package", b"Status", b"Version", b"Architecture")


class Dpkg:
    """Reads dpkg's database (see deb822(5) and dpkg-query(1))."""

    ecosystem = "dpkg"
    system = True

    def wanted(self, image: ImageReader) -> Iterable[bytes]:
        """Yield the status file, distroless' parts of it, and each package's list of paths."""
        yield _HOME + b"/status"
        for name in image.names(_HOME + b"/status.d"):
            yield _HOME + b"/status.d/" + name
        for name in image.names(_HOME + b"/info"):
            if name.endswith(b".list"):
                yield _HOME + b"/info/" + name

    def read(self, image: ImageReader) -> Iterator[Package]:
        """Yield the installed packages."""
        info, found = _HOME + b"/info/", False
        status = image.database("dpkg", _HOME + b"/status") or b""
        for record in _paragraphs(status):
            found = True
            # Removed packages whose configuration was kept have a status too.
            if record.get(b"Status", b"").split()[-1:] != [b"installed"]:
                continue
            package = _package(record, _HOME + b"/status")
            if package is None:
                image.failed("dpkg", _HOME + b"/status", "it holds a package without a name or a version")
                continue
            name, architecture = record[b"Package"], record.get(b"Architecture", b"")
            paths = image.content(info + name + b".list") or image.content(info + name + b":" + architecture + b".list")
            package.paths = image.claim(path for line in lines(paths or b"") if (path := line.strip(b"/")))
            package.paths += [
                path
                for stem in (name, name + b":" + architecture)
                for ending in (b".list", b".md5sums")
                if image.has(path := info + stem + ending)
            ]
            yield package
        if not found and status.strip():
            image.failed("dpkg", _HOME + b"/status", "it is not what dpkg writes")
        for name in sorted(image.names(_HOME + b"/status.d")):
            path = _HOME + b"/status.d/" + name
            if name.endswith(b".md5sums"):
                continue
            for record in _paragraphs(image.content(path) or b""):
                package = _package(record, path)
                if package is None:
                    continue
                sums = image.content(path + b".md5sums") or b""
                rows = (line.split(None, 1) for line in lines(sums))
                package.paths = image.claim(part[1].strip(b" /").removeprefix(b"./") for part in rows if len(part) == 2)
                package.paths += [path, path + b".md5sums"]
                yield package


def _paragraphs(data: bytes) -> Iterator[dict[bytes, bytes]]:
    """Yield the fields of each paragraph that say what is installed; continued lines are none of them."""
    for text in paragraphs(data):
        if found := fields(text, _FIELDS):
            yield found


def _package(record: dict[bytes, bytes], location: bytes) -> Package | None:
    name, version = record.get(b"Package"), record.get(b"Version")
    if not name or version is None:
        return None
    architecture = record.get(b"Architecture")
    return Package(
        "dpkg",
        name.decode("utf-8", "replace"),
        version.decode("utf-8", "replace"),
        architecture.decode("utf-8", "replace") if architecture else None,
        location,
    )
