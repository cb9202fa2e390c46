"""Whose bytes: the packages that an image's own databases tell of, and which of them each path belongs to.

To add a kind: a file here with a class that fits ``interface.Database``, and its place in ``databases``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..layer.index import DIRECTORY
from ..paths import internal
from .interface import Database, Package

if TYPE_CHECKING:
    from .reader import ImageReader, Readable

__all__ = ["Package", "Packages", "databases", "read_packages"]


@dataclass(slots=True)
class Packages:
    """The packages of an image. ``owners`` maps paths (bytes, no leading slash) to the package that has them;
    ``records`` are the contents of the databases' own files, by path. ``unread`` are the kinds of packages of which
    a database can't be read, or not to its end, and why: there are more of them than are known. ``notes`` say all
    that could not be read; ``missing`` are the kinds that were not looked at, since their records are not at hand.
    """

    packages: list[Package]
    owners: Mapping[bytes, Package]
    notes: list[str] = field(default_factory=list)
    records: Mapping[bytes, bytes] = field(default_factory=dict, repr=False)
    unread: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    @property
    def total_bytes(self) -> int:
        """Content bytes of all packages' files."""
        return sum(package.size for package in self.packages)

    def owner(self, path: str) -> Package | None:
        """Return the package that a path of the merged tree belongs to, ``None`` for one that no package has."""
        return self.owners.get(internal(path))


def databases() -> list[Database]:
    """Return a reader for each kind of package; those of operating systems first."""
    from .apk import Apk
    from .conda import Conda
    from .dpkg import Dpkg
    from .npm import Npm
    from .pacman import Pacman
    from .python import Python
    from .rpm import Rpm

    return [Dpkg(), Apk(), Rpm(), Pacman(), Conda(), Python(), Npm()]


def read_packages(analysis: Readable, known: Mapping[bytes, bytes] | None = None, *, at_hand: bool = False) -> Packages:
    """Read every package database of the merged tree; ``known`` are contents of some of their files.

    With ``at_hand``, only kinds of packages of which all records can be read without exporting the image or
    decompressing a layer for them.
    A path that two packages claim belongs to the first; a language's package whose record belongs to the operating
    system's is not counted a second time. Raises ``ImageError`` where contents can't be read
    (``ContentUnavailableError`` for a saved analysis).
    """
    from .reader import MAX_NAME, MAX_PACKAGES, ImageReader

    image = ImageReader(analysis)
    readers = databases()
    wanted = {reader.ecosystem: list(reader.wanted(image)) for reader in readers}
    missing: set[str] = set()
    if at_hand:
        missing.update(name for name, paths in wanted.items() if not all(map(image.at_hand, paths)))
        readers = [reader for reader in readers if reader.ecosystem not in missing]
        image.unread.update(dict.fromkeys(sorted(missing), "its records are not at hand"))
    image.load((path for reader in readers for path in wanted[reader.ecosystem]), known)
    owners: dict[bytes, Package] = {}
    packages: list[Package] = []
    for reader in readers:
        for package in reader.read(image):
            if not reader.system and package.location in owners:
                continue
            if len(package.name) + len(package.version) > MAX_NAME:
                image.failed(reader.ecosystem, package.location, "a package's name is too long")
                continue
            if len(packages) >= MAX_PACKAGES:
                image.failed(reader.ecosystem, package.location, f"the image has more than {MAX_PACKAGES:,} packages")
                break
            packages.append(package)
            _claim(image, package, owners)
        if image.full:
            image.unread.setdefault(reader.ecosystem, image.full)
            image.note(image.full)
    return Packages(packages, owners, image.notes, image.loaded, image.unread, frozenset(missing))


def _claim(image: ImageReader, package: Package, owners: dict[bytes, Package]) -> None:
    """Give a package its paths, and count their bytes."""
    overlay = image.overlay
    for claimed in package.paths:
        path = image.real(claimed)
        entry = None if path is None else overlay.lookup(path)
        # Directories are everybody's.
        if path is None or entry is None or overlay.kind(entry) == DIRECTORY or path in owners:
            continue
        owners[path] = package
        package.size += image.size(entry)
    if package.below is not None:
        for path, entry in image.below(package.below, b"node_modules"):
            if path not in owners:
                owners[path] = package
                package.size += image.size(entry)
