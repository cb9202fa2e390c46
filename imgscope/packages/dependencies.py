"""Which packages of an operating system need which: what its package manager would remove along with others.

``installed`` reads it off the databases' own files; ``needed`` follows it, as apt's autoremove and apk's world do.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from .interface import Package
from .lines import field_pattern, fields, paragraphs
from .reader import MAX_PACKAGES
from .rpm import read_relations
from .rpmdb import DATABASES as RPM_DATABASES
from .rpmdb import FILES as RPM_FILES
from .upgrades import Bound, bounds

STATUS = b"var/lib/dpkg/status"
EXTENDED_STATES = b"var/lib/apt/extended_states"
WORLD = b"etc/apk/world"
APK = (b"lib/apk/db/installed", b"usr/lib/apk/db/installed")
# A log is read with the database that it belongs to.
RPM = RPM_FILES
# What says which packages were asked for by name.
MARKS = (EXTENDED_STATES, WORLD)
DATABASES = (STATUS, *APK, *RPM)

# The names in a rich dependency of rpm; the words between them are no package's.
_NAMES = re.compile(r"[\w.+/-]+(?:\([^()\s]*\)(?:\([^()\s]*\))?)?")

Alternatives = tuple[str, ...]
"""Names of which one has to be there."""

# A version that is asked for stands behind the name: foo>=1.2, foo~1, foo (>= 1.2).
_NAME = re.compile(r"[^\s()\[\]<>=~|]+")
# What one field may hold, and how many names all of a database's: real ones have some thousand bytes, and some hundred
# thousand names.
_MAX_FIELD, _MAX_NAMES = 256 << 10, 1_000_000
_DEBIAN = field_pattern(*b"Package Status Version Architecture Provides Pre-Depends Depends Recommends".split())
_VITAL = field_pattern(b"Essential", b"Protected")
_AUTOMATIC = field_pattern(b"Package", b"Auto-Installed")
_ALPINE = field_pattern(b"P", b"A", b"D", b"p", b"i")
# apk's conditions are looked at again as long as they bring packages in, but no more often than this.
_MAX_ROUNDS = 50


@dataclass(slots=True, eq=False)
class Installed:
    """An installed package with what it needs and what it stands for (its own name first).

    ``manual`` says whether it was asked for by name, ``None`` where that is not known. ``record`` is the number of
    bytes that the database has on it; ``vital`` is what its system does not let go. ``bounds`` are the versions that
    a Debian package asks for.
    """

    package: Package
    provides: tuple[str, ...]
    needs: tuple[Alternatives, ...] = ()
    recommends: tuple[Alternatives, ...] = ()
    conditions: tuple[str, ...] = ()
    manual: bool | None = None
    vital: bool = False
    record: int = 0
    bounds: tuple[Bound, ...] = ()

    @property
    def name(self) -> str:
        """The package's name."""
        return self.package.name


@dataclass(slots=True)
class _Read:
    """A package's fields, however its database writes them."""

    name: str
    architecture: str | None
    provides: tuple[str, ...]
    needs: tuple[Alternatives, ...]
    recommends: tuple[Alternatives, ...] = ()
    conditions: tuple[str, ...] = ()
    vital: bool = False
    record: int = 0
    version: str = ""
    bounds: tuple[Bound, ...] = ()


def installed(packages: Iterable[Package], contents: Mapping[bytes, bytes]) -> list[Installed]:
    """Return the packages of systems' databases; ``contents`` are those of ``DATABASES`` and ``MARKS``."""
    read: dict[tuple[bytes, str, str | None], _Read] = {}
    for path in DATABASES:
        for one in _records(path, contents):
            read[path, one.name, one.architecture] = one
    automatic = _automatic(contents[EXTENDED_STATES]) if EXTENDED_STATES in contents else None
    world = _world(contents[WORLD]) if WORLD in contents else None
    found: list[Installed] = []
    # What rpm's packages need may be a file.
    files = {name for one in read.values() for group in one.needs for name in group if name[:1] == "/"}
    left = _MAX_NAMES
    for package in packages:
        fields_ = read.get((package.location, package.name, package.architecture))
        if fields_ is None:
            continue
        # Packages of one name share what was read.
        left -= _weight(fields_)
        if left < 0:
            break
        manual: bool | None = None
        if package.ecosystem == "dpkg" and automatic is not None:
            manual = package.name not in automatic
        elif package.ecosystem == "apk" and world is not None:
            manual = package.name in world
        owned = ("/" + own.decode("utf-8", "replace") for own in package.paths) if files else ()
        named = tuple(name for name in owned if name in files)
        found.append(
            Installed(
                package,
                (*fields_.provides, *named),
                fields_.needs,
                fields_.recommends,
                fields_.conditions,
                manual,
                fields_.vital,
                fields_.record,
                fields_.bounds,
            )
        )
    return found


def names(path: bytes, contents: Mapping[bytes, bytes]) -> set[tuple[str, str | None]]:
    """Return (name, architecture) of each package that a database, of ``DATABASES``, has."""
    return {(one.name, one.architecture) for one in _records(path, contents)}


def versions(contents: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return the versions of Debian packages by their names."""
    return {one.name: one.version for one in _records(STATUS, contents)}


def _records(path: bytes, contents: Mapping[bytes, bytes]) -> Iterator[_Read]:
    """Yield what a database says of each package, up to what a real one may say in all."""
    if path not in contents or (path in RPM and path not in RPM_DATABASES):
        return
    if path in RPM:
        found = _fedora(path, contents)
    else:
        found = _debian(contents[path]) if path == STATUS else _alpine(contents[path])
    left = _MAX_NAMES
    for one in islice(found, MAX_PACKAGES):
        left -= _weight(one)
        if left < 0:
            return
        yield one


def _weight(one: _Read | Installed) -> int:
    return len(one.provides) + len(one.conditions) + sum(map(len, one.needs)) + sum(map(len, one.recommends))


def _fields(text: bytes, pattern: re.Pattern[bytes]) -> dict[bytes, str]:
    return {key: value[:_MAX_FIELD].decode("utf-8", "replace") for key, value in fields(text, pattern).items()}


def _debian(content: bytes) -> Iterator[_Read]:
    """Yield dpkg's installed packages (deb822(5), Debian policy, *Declaring relationships between packages*)."""
    for text in paragraphs(content):
        record = _fields(text, _DEBIAN)
        name = record.get(b"Package")
        if not name or record.get(b"Status", "").split()[-1:] != ["installed"]:
            continue
        provides = tuple(_bare(part) for part in record.get(b"Provides", "").split(",") if part.strip())
        relations = record.get(b"Pre-Depends", ""), record.get(b"Depends", "")
        vital = "yes" in _fields(text, _VITAL).values()
        yield _Read(
            name,
            record.get(b"Architecture"),
            (name, *provides),
            tuple(group for field_ in relations for group in _groups(field_)),
            _groups(record.get(b"Recommends", "")),
            vital=vital,
            record=len(text) + 2,
            version=record.get(b"Version", ""),
            bounds=tuple(bound for field_ in relations for bound in bounds(field_)),
        )


def _groups(field_: str) -> tuple[Alternatives, ...]:
    return tuple(tuple(_bare(name) for name in group.split("|")) for group in field_.split(",") if group.strip())


def _bare(name: str) -> str:
    """Return a package's name without the version and the architecture asked for."""
    match = _NAME.match(name.strip())
    return match[0].partition(":")[0] if match else ""


def _automatic(content: bytes) -> set[str]:
    """Return the packages that apt installed because others need them."""
    found: set[str] = set()
    for text in paragraphs(content):
        record = _fields(text, _AUTOMATIC)
        if record.get(b"Auto-Installed") == "1" and b"Package" in record:
            found.add(record[b"Package"])
    return found


def _alpine(content: bytes) -> Iterator[_Read]:
    """Yield apk's installed packages (apk-package(5), *Installed database*)."""
    for text in paragraphs(content):
        record = _fields(text, _ALPINE)
        name = record.get(b"P")
        if not name:
            continue
        # Conflicts are among the dependencies, with a mark before the name.
        needs = tuple((_plain(word),) for word in record.get(b"D", "").split() if word[:1] != "!")
        provides = tuple(_plain(word) for word in record.get(b"p", "").split())
        conditions = tuple(_plain(word) for word in record.get(b"i", "").split())
        yield _Read(
            name, record.get(b"A") or None, (name, *provides), needs, conditions=conditions, record=len(text) + 2
        )


def _plain(word: str) -> str:
    """Return a name without the version; those of libraries (``so:…``) keep their colon."""
    match = _NAME.match(word)
    return match[0].partition("@")[0] if match else ""


def _fedora(path: bytes, contents: Mapping[bytes, bytes]) -> Iterator[_Read]:
    """Yield rpm's installed packages. Of a condition (``(a or b)``, ``(a if b)``) any name counts."""
    for one in read_relations(path, contents):
        needs = tuple(tuple(_NAMES.findall(word)) if word[:1] == "(" else (word,) for word in one.requires)
        wishes = tuple(tuple(_NAMES.findall(word)) if word[:1] == "(" else (word,) for word in one.recommends)
        yield _Read(one.name, one.architecture, (one.name, *one.provides), needs, wishes, record=one.record)


def _world(content: bytes) -> set[str]:
    return {_plain(word) for word in content[:_MAX_FIELD].decode("utf-8", "replace").split()}


def needed(
    packages: Sequence[Installed],
    roots: Iterable[Installed],
    unwanted: Collection[Installed] = (),
    older: Collection[Installed] = (),
) -> set[Installed]:
    """Return the packages that stay when nothing but ``roots`` is asked for.

    Whatever one of them needs stays, and what it recommends, but for what is ``unwanted``: a recommendation brings
    none of those in, a need does; nor does what an ``older`` package recommends, which was there before. Of
    alternatives all that are installed stay, as apt has it.
    """
    by_name: dict[str, list[Installed]] = {}
    for package in packages:
        for name in package.provides:
            by_name.setdefault(name, []).append(package)
    refused, silent = set(unwanted), set(older)
    kept: set[Installed] = set()
    provided: set[str] = set()
    pending = list(roots)
    conditional = [package for package in packages if package.conditions]
    for _ in range(_MAX_ROUNDS):
        while pending:
            package = pending.pop()
            if package in kept:
                continue
            kept.add(package)
            if conditional:
                provided.update(package.provides)
            for group in package.needs:
                for name in group:
                    # Whoever provides it stays, for all who need it.
                    pending += by_name.pop(name, ())
            if package not in silent:
                for group in package.recommends:
                    for name in group:
                        pending += [one for one in by_name.get(name, ()) if one not in refused and one not in kept]
        # apk installs some packages by itself once others are there.
        pending = [
            package
            for package in conditional
            if package not in kept and package not in refused and provided.issuperset(package.conditions)
        ]
        if not pending:
            break
    return kept


def weight(packages: Iterable[Installed]) -> int:
    """Return how many names packages say in all: what a look at all of them costs."""
    return sum(map(_weight, packages))


def leaves(packages: Sequence[Installed]) -> list[Installed]:
    """Return the packages that no other one needs or recommends: the ones asked for, where no database says which."""
    wanted = {
        name
        for package in packages
        for group in (*package.needs, *package.recommends)
        for name in group
        if name not in package.provides
    }
    return [package for package in packages if wanted.isdisjoint(package.provides)]
