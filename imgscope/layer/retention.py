"""How much of small files' contents an index keeps when a layer streams by, and which files those are.

A layer that is compressed, or comes from an engine, would have to be read again for them. Which files readers want is
handed down (``knowledge.databases`` has it); one that isn't kept is read from its layer when it is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..globs import FolderGlobs

# A file larger than this is not kept, nor more than that of one layer, nor of all layers of an image.
MAX_FILE = 48 << 20
MAX_LAYER = 64 << 20
MAX_IMAGE = 64 << 20

# A larger script is not kept. Of any other the first line says what runs it: so much is looked at (Linux' own bound).
MAX_SCRIPT = 64 << 10
LINE = 256

MAX_LOADER = 2 << 20


class Retention:
    """Which files an index keeps whole."""

    def __init__(self, globs: Sequence[str] = (), loaders: tuple[bytes, ...] = ()) -> None:
        """Keep files that fit ``globs`` (from the root; a name's end may be all they say of it), and ELF files with
        names that begin as one of ``loaders``.
        """
        self._folders = FolderGlobs(globs)
        self.loaders = loaders

    def endings(self, directory: bytes) -> tuple[bytes, ...]:
        """Return the endings of names whose contents are kept in a directory (as its tar writes it); mostly none."""
        return self._folders.endings(directory.removeprefix(b"./").removeprefix(b"/"))


def first_line(data: bytes) -> bytes:
    """Return a script's first line, as far as it is looked at."""
    return data[:LINE].partition(b"\n")[0]
