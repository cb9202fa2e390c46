"""Packages of Fedora, RHEL, SUSE and their kin: what the headers in rpm's database say, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from .interface import Package
from .rpmdb import FILES, HOMES, DatabaseError, database_of, header, headers
from .rpmdb.header import Value, read_header

if TYPE_CHECKING:
    from .reader import ImageReader

_TAGS = frozenset(
    (
        *(header.NAME, header.VERSION, header.RELEASE, header.EPOCH, header.ARCHITECTURE),
        *(header.DIRECTORY_INDEXES, header.BASENAMES, header.DIRECTORIES, header.OLD_NAMES),
    )
)
_RELATIONS = frozenset((header.NAME, header.ARCHITECTURE, header.PROVIDES, header.REQUIRES, header.RECOMMENDS))
_LONGEST = 4096


class Relations(NamedTuple):
    """What a package needs and provides, and the bytes that the database has on it."""

    name: str
    architecture: str | None
    provides: tuple[str, ...]
    requires: tuple[str, ...]
    recommends: tuple[str, ...]
    record: int


class Rpm:
    """Reads rpm's database."""

    ecosystem = "rpm"
    system = True

    def wanted(self, image: ImageReader) -> Iterable[bytes]:
        """Yield the databases, and what belongs to them."""
        for home in HOMES:
            path = database_of(home, image.file_size)
            if path is not None:
                yield from (name for name in (path, path + b"-wal") if name in FILES)

    def read(self, image: ImageReader) -> Iterator[Package]:
        """Yield the installed packages."""
        for home in HOMES:
            path = database_of(home, image.file_size)
            # One that lies behind a link has been read by its own name.
            if path is None or image.database("rpm", path) is None:
                continue
            if path + b"-wal" in image.left_out:
                image.failed("rpm", path, "its log is too large")
                continue
            yield from self.packages(image, path)

    def packages(self, image: ImageReader, path: bytes) -> Iterator[Package]:
        """Yield the packages of one database."""
        try:
            for blob in headers(path, image.loaded):
                package = None if blob is None else _package(blob, path, image)
                if package is None:
                    image.failed("rpm", path, "it holds a header that is damaged")
                elif package.name != "gpg-pubkey":
                    yield package
        except DatabaseError as problem:
            image.failed("rpm", path, problem)


def read_relations(path: bytes, contents: Mapping[bytes, bytes]) -> Iterator[Relations]:
    """Yield what each package of a database needs and provides; what can't be read is left out."""
    try:
        for blob in headers(path, contents):
            try:
                tags = read_header(blob or b"", _RELATIONS)
                name = _text(tags[header.NAME])
            except (KeyError, ValueError):
                continue
            architectures = tags.get(header.ARCHITECTURE)
            provides, requires, recommends = (
                tuple(map(_value, tags.get(tag, ()))) for tag in (header.PROVIDES, header.REQUIRES, header.RECOMMENDS)
            )
            architecture = _text(architectures) if architectures else None
            yield Relations(name, architecture, provides, requires, recommends, len(blob or b""))
    except DatabaseError:
        return


def _package(blob: bytes, location: bytes, image: ImageReader) -> Package | None:
    try:
        tags = read_header(blob, _TAGS)
        name, version, release = (_text(tags[tag]) for tag in (header.NAME, header.VERSION, header.RELEASE))
        epochs, architectures = tags.get(header.EPOCH), tags.get(header.ARCHITECTURE)
        if epochs and epochs[0]:
            version = f"{_text(epochs)}:{version}"
        paths = image.claim(_paths(tags))
    except (KeyError, ValueError):
        return None
    return Package(
        "rpm", name, f"{version}-{release}", _text(architectures) if architectures else None, location, paths
    )


def _paths(tags: Mapping[int, Iterable[Value]]) -> Iterator[bytes]:
    """Yield a package's paths. Raises ``ValueError`` for one in a directory that there is not."""
    for path in tags.get(header.OLD_NAMES, ()):
        if isinstance(path, bytes):
            yield path.strip(b"/")
    directories = list(tags.get(header.DIRECTORIES, ()))
    indexes = tags.get(header.DIRECTORY_INDEXES, ())
    for index, basename in zip(indexes, tags.get(header.BASENAMES, ()), strict=False):
        if not isinstance(index, int) or index >= len(directories):
            raise ValueError("a path in no directory")
        directory = directories[index]
        # One directory may be named by any number of paths.
        if isinstance(directory, bytes) and isinstance(basename, bytes) and len(directory) + len(basename) < _LONGEST:
            yield (directory + basename).strip(b"/")


def _text(values: Iterable[Value]) -> str:
    return _value(next(iter(values)))


def _value(value: Value) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
