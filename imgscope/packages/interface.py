"""What every kind of package database is: a reader of one image's own records of what is installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .reader import ImageReader


@dataclass(slots=True)
class Package:
    """An installed package.

    ``ecosystem`` is that of its ``Database``: ``dpkg``, ``rpm``, …; ``location`` is the path of its record, which
    tells two installations of one package apart. ``paths`` are those that it claims, without leading slash;
    ``below`` is a directory that is its own, with all that lies in it. ``size`` are the content bytes of its files
    in the merged tree.
    """

    ecosystem: str
    name: str
    version: str
    architecture: str | None
    location: bytes
    paths: list[bytes] = field(default_factory=list, repr=False)
    below: bytes | None = None
    size: int = 0


class Database(Protocol):
    """Reads packages of one kind."""

    ecosystem: str
    system: bool
    """Whether it is the operating system's: what one of those has, another kind of package doesn't get."""

    def wanted(self, image: ImageReader) -> Iterable[bytes]:
        """Yield the paths of the files to read: those of all databases are read at once, each layer once.

        It is asked, to its end, before ``read``.
        """

    def read(self, image: ImageReader) -> Iterator[Package]:
        """Yield the packages, in the order of the database. What can't be understood is left out, and noted."""
