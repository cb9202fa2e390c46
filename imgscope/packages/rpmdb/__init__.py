"""The three formats in which rpm keeps the headers of what is installed: SQLite, ndb and Berkeley DB.

All are read here, page by page, and not by their libraries: SQL over a stranger's schema runs what that schema says (a
view, a generated column), and a library of the others is either not there or trusts the lengths it reads. So every
page is looked at once, and the headers of a database never are more bytes than the database itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from .errors import MAX_HEADERS, TOO_MANY, DatabaseError

__all__ = ["DATABASES", "FILES", "HOMES", "DatabaseError", "database_of", "headers"]

# Where distributions keep it: by default; SUSE, Fedora from 36 on and Azure Linux; rpm-ostree.
HOMES = (b"var/lib/rpm", b"usr/lib/sysimage/rpm", b"usr/share/rpm")
_WAL = b"-wal"
# The name tells the format. Where one was converted into another, the newer one is what rpm reads.
_SQLITE, _NDB, _BERKELEY = _NAMES = (b"rpmdb.sqlite", b"Packages.db", b"Packages")
DATABASES = tuple(home + b"/" + name for home in HOMES for name in _NAMES)
# The databases, each followed by what belongs to it.
FILES = tuple(file for path in DATABASES for file in ((path, path + _WAL) if path.endswith(b".sqlite") else (path,)))


def database_of(home: bytes, sizes: Callable[[bytes], int | None]) -> bytes | None:
    """Return the path of the database that rpm reads in a directory; ``None`` where there is none.

    ``sizes`` gives the size of the file at a path. An empty file holds nothing that another could be older than.
    """
    found = {path: size for name in _NAMES if (size := sizes(path := home + b"/" + name)) is not None}
    return next((path for path, size in found.items() if size), next(iter(found), None))


def headers(path: bytes, contents: Mapping[bytes, bytes]) -> Iterator[bytes | None]:
    """Yield the headers in one of ``DATABASES``, ``None`` for a record that is none.

    ``contents`` are those of ``FILES``. Raises ``DatabaseError`` where it can't be read, or not to its end.
    """
    data, log = contents[path], contents.get(path + _WAL, b"")
    read = _reader(path)
    left = len(data) + len(log)
    for count, blob in enumerate(read(data, log)):
        left -= len(blob or b"")
        if left < 0:
            raise DatabaseError("its records overlap")
        if count >= MAX_HEADERS:
            raise DatabaseError(TOO_MANY)
        yield blob


def _reader(path: bytes) -> Callable[[bytes, bytes], Iterator[bytes | None]]:
    if path.endswith(_SQLITE):
        from .sqlite import read_sqlite

        return read_sqlite
    if path.endswith(_NDB):
        from .ndb import read_ndb

        return read_ndb
    from .berkeley import read_berkeley

    return read_berkeley
