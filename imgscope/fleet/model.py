"""What goes from where images are found to where they are read, and what comes back: all of it small, and pickled."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from .. import __version__
from ..escape import escape, without_credentials


@dataclass(frozen=True, slots=True)
class Unit:
    """One tag and the image that it points to; ``image`` is the digest it has in the store, where that is known yet.

    ``read`` is the reference by which a worker has it, which names a digest where there is one; ``choice`` the one that
    is meant of several in an archive. ``digest`` is what the source says of the tag. ``blobs`` are the layers' digests,
    as far as they are known before anything is read.
    """

    host: str
    repository: str
    tag: str | None
    reference: str
    read: str
    digest: str | None = None
    image: str | None = None
    choice: str | None = None
    manifest_bytes: int | None = None
    config_bytes: int | None = None
    blobs: tuple[str, ...] = ()
    held: bool = False
    """Whether the store has the image: then there is nothing to read."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be read, and why, in one line."""

    reference: str
    why: str

    @classmethod
    def of(cls, reference: str, error: BaseException) -> Trouble:
        """Return an error as trouble: its words in one line, without credentials."""
        return cls(reference, words(error))


def words(error: BaseException) -> str:
    """Return an error's words for a list: one line without credentials."""
    from ..secrets import redact

    return escape(redact(without_credentials(str(error))))[:1000]


@dataclass(frozen=True, slots=True)
class How:
    """How images are read, wherever that is. No login is in it: workers have their own."""

    platform: str | None = None
    digests: bool = True
    source: tuple[str, ...] | None = None
    jobs: int = 4
    """Layers that one worker has from a registry at a time."""
    own_login: bool = False
    """Whether a worker takes a registry's login from its own environment."""
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Batch:
    """Some images that one worker reads one after another, and writes at once."""

    number: int
    units: tuple[Unit, ...]
    observed: datetime
    tries: int = 0

    def again(self) -> Batch:
        """Return the same batch, tried once more."""
        return replace(self, tries=self.tries + 1)


@dataclass(slots=True)
class Summary:
    """What came of a batch, or of all: numbers of images and layers, and bytes of blobs, read and not read again."""

    images: int = 0
    held: int = 0
    artifacts: int = 0
    elsewhere: int = 0
    """Images that are not there for the platform that is read."""
    layers: int = 0
    read_bytes: int = 0
    shared_bytes: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    """Digests of the images that the store has now."""

    def add(self, other: Summary) -> None:
        """Count another's."""
        for name in ("images", "held", "artifacts", "elsewhere", "layers", "read_bytes", "shared_bytes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.troubles += other.troubles
        self.done += other.done
