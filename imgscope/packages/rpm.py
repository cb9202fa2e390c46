"""Packages of Fedora, RHEL, SUSE and their kin: ``rpmdb.sqlite``.

A row's blob is a header as rpm keeps it in memory (rpm's docs, *RPM V4 Package format*, without the lead): the number
of index entries and of data bytes, then 16 bytes for each entry (tag, type, offset, count), then the data. Read here
since packages for it decode every tag in time that grows with the square of the header's size.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from .interface import Package

if TYPE_CHECKING:
    from .reader import ImageReader

_HOMES = (b"var/lib/rpm", b"usr/lib/sysimage/rpm", b"usr/share/rpm")
_OTHERS = (b"Packages", b"Packages.db")
_NAME, _VERSION, _RELEASE, _EPOCH, _ARCHITECTURE = 1000, 1001, 1002, 1003, 1022
_DIRECTORY_INDEXES, _BASENAMES, _DIRECTORIES = 1116, 1117, 1118
_INT32, _STRING, _STRINGS, _I18N = 4, 6, 8, 9
_TAGS = (_NAME, _VERSION, _RELEASE, _EPOCH, _ARCHITECTURE, _DIRECTORY_INDEXES, _BASENAMES, _DIRECTORIES)
_PROVIDES, _REQUIRES, _RECOMMENDS = 1047, 1049, 5046
_RELATIONS = (_NAME, _ARCHITECTURE, _PROVIDES, _REQUIRES, _RECOMMENDS)
# Steps of SQLite's machine after which a database that never ends is given up.
_STEPS = 20_000_000
_ROWS = 100_000


class Relations(NamedTuple):
    """What a package needs and provides, and the bytes that the database has on it."""

    name: str
    architecture: str | None
    provides: tuple[str, ...]
    requires: tuple[str, ...]
    recommends: tuple[str, ...]
    record: int


class Rpm:
    """Reads rpm's database in SQLite."""

    ecosystem = "rpm"
    system = True

    def wanted(self, image: ImageReader) -> Iterable[bytes]:
        """Yield the places where the database may be."""
        return (home + b"/rpmdb.sqlite" for home in _HOMES)

    def read(self, image: ImageReader) -> Iterator[Package]:
        """Yield the installed packages."""
        for home in _HOMES:
            path = home + b"/rpmdb.sqlite"
            data = image.content(path)
            if data is not None:
                yield from _packages(data, path, image)
            elif any(image.has(home + b"/" + name) for name in _OTHERS):
                image.note(f"/{home.decode()} holds an rpm database in an older format, which is not read")


def _packages(data: bytes, path: bytes, image: ImageReader) -> Iterator[Package]:
    shown = "/" + path.decode()
    for blob in _blobs(data, shown, image.note):
        package = None if blob is None else _package(blob, path)
        if package is None:
            image.note(f"{shown} holds a header that can't be read")
        elif package.name != "gpg-pubkey":
            yield package


def read_relations(data: bytes) -> Iterator[Relations]:
    """Yield what each package of a database needs and provides; what can't be read is left out."""
    for blob in _blobs(data, "", lambda _: None):
        try:
            tags = read_header(blob or b"", _RELATIONS)
            name = _text(tags[_NAME])
        except (struct.error, KeyError, IndexError, ValueError):
            continue
        architectures = tags.get(_ARCHITECTURE)
        provides, requires, recommends = (
            tuple(map(_value, tags.get(tag, ()))) for tag in (_PROVIDES, _REQUIRES, _RECOMMENDS)
        )
        architecture = _text(architectures) if architectures else None
        yield Relations(name, architecture, provides, requires, recommends, len(blob or b""))


def _blobs(data: bytes, shown: str, note: Callable[[str], None]) -> Iterator[bytes | None]:
    """Yield the headers in a database, ``None`` for what is none."""
    import sqlite3

    connection = sqlite3.connect(":memory:")
    steps = 0

    def tick() -> int:
        nonlocal steps
        steps += 1
        return steps * 1000 > _STEPS

    try:
        # A database in write-ahead mode can't be opened from memory; its header says so in two bytes.
        connection.deserialize(data[:18] + b"\1\1" + data[20:])
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.set_progress_handler(tick, 1000)
        for count, (blob,) in enumerate(connection.execute("SELECT blob FROM Packages ORDER BY rowid")):
            yield blob if isinstance(blob, bytes) else None
            if count >= _ROWS:
                note(f"{shown} holds more packages than are read")
                break
    except (sqlite3.Error, OverflowError) as error:
        note(f"{shown} can't be read: {error}")
    finally:
        connection.close()


def _package(blob: bytes, location: bytes) -> Package | None:
    try:
        tags = read_header(blob)
        name, version, release = (_text(tags[tag]) for tag in (_NAME, _VERSION, _RELEASE))
        epochs, architectures = tags.get(_EPOCH), tags.get(_ARCHITECTURE)
        if epochs and epochs[0]:
            version = f"{_text(epochs)}:{version}"
        directories, indexes = tags.get(_DIRECTORIES, []), tags.get(_DIRECTORY_INDEXES, [])
        paths: list[bytes] = []
        for index, basename in zip(indexes, tags.get(_BASENAMES, []), strict=False):
            if isinstance(index, int) and isinstance(basename, bytes):
                directory = directories[index]
                if isinstance(directory, bytes):
                    paths.append((directory + basename).strip(b"/"))
    except (struct.error, KeyError, IndexError, ValueError):
        return None
    return Package(
        "rpm", name, f"{version}-{release}", _text(architectures) if architectures else None, location, paths
    )


def _text(values: list[int | bytes]) -> str:
    return _value(values[0])


def _value(value: int | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def read_header(blob: bytes, wanted: Collection[int] = _TAGS) -> dict[int, list[int | bytes]]:
    """Return the values of the tags that are wanted: by default those that tell of a package and its files.

    Raises ``struct.error``, ``IndexError`` or ``ValueError`` for what is no header.
    """
    entries, size = struct.unpack_from(">II", blob)
    start = 8 + 16 * entries
    if start + size > len(blob):
        raise ValueError("cut short")
    data = blob[start : start + size]
    found: dict[int, list[int | bytes]] = {}
    for place in range(entries):
        tag, kind, offset, count = struct.unpack_from(">IIII", blob, 8 + 16 * place)
        if tag not in wanted or tag in found:
            continue
        if kind == _INT32:
            found[tag] = list(struct.unpack_from(f">{count}I", data, offset)) if count <= size // 4 else []
        elif kind in (_STRING, _STRINGS, _I18N):
            values: list[int | bytes] = []
            for _ in range(min(count, size)):
                end = data.index(b"\0", offset)
                values.append(data[offset:end])
                offset = end + 1
            found[tag] = values
    return found
