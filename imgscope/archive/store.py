"""Named blobs, wherever they lie: the one view that the readers of docker-archives and OCI layouts have.

Three kinds: a tar on disk and a tar that streams by (``outer``), and a directory (``directory``).
"""

from __future__ import annotations

import posixpath
from typing import Any, NamedTuple, Protocol

from .. import documents
from ..errors import ArchiveError, LimitError
from ..escape import escape
from .image import Region, Remote

# Manifests are a few KiB (registries refuse over 4 MiB), configs a few hundred at the most. What a hostile one can
# make of the parser's memory is bounded in ``documents``.
MAX_JSON = 4 << 20
MAX_ALL_JSON = 64 << 20
OVER = f" (at most {MAX_JSON >> 20} MiB, all together {MAX_ALL_JSON >> 20} MiB)"
MAX_SHOWN = 200


class Blob(NamedTuple):
    """Stored bytes under a name: ``size`` of them, in a ``region``, ``remote``, or ``scanned`` as they streamed by."""

    name: str
    size: int
    compression: str | None
    region: Region | None = None
    scanned: object | None = None
    remote: Remote | None = None


class Store(Protocol):
    """Blobs by name. ``label`` is what to call the whole in messages; ``complete`` tells that it has an end mark."""

    label: str
    complete: bool

    def names(self) -> list[str]:
        """Return the names of all blobs."""

    def has(self, name: str) -> bool:
        """Tell whether there is a blob of that name, through links within the store."""

    def json(self, name: str) -> bytes | None:
        """Return a small blob's bytes, ``None`` where there is none. Raises ``ArchiveError`` for one too large."""

    def blob(self, name: str) -> Blob | None:
        """Return a layer's blob, ``None`` where there is none. Raises ``ArchiveError``."""

    def identity(self) -> tuple[int, ...] | None:
        """Return device, inode, size, mtime and ctime of each file that was opened; ``None`` for a stream."""

    def close(self) -> None:
        """Release the files."""


def clean_name(name: str) -> str:
    """Return a member's name without ``./``, a leading ``/`` and ``..``, which is clamped to the root."""
    return posixpath.normpath("/" + name).lstrip("/")


def parse_json(data: bytes, what: str, label: str) -> Any:
    """Parse JSON from an archive. Raises ``ArchiveError`` that names it, ``LimitError`` for too many values."""
    try:
        return documents.parse(data)
    except LimitError as error:
        raise LimitError(f"{label}: {what} is refused: {error}, which no image's has") from None
    except (ValueError, RecursionError):
        raise ArchiveError(f"{label}: {what} is not valid JSON; the archive is damaged, or was not made well") from None


def shown(name: str) -> str:
    """Make a name from an archive fit for a message: printable, and not pages long."""
    text = escape(name[:MAX_SHOWN])
    return text + "…" if len(name) > MAX_SHOWN else text
