"""What a package database may ask of an image: names, and the contents of its own small files.

All that databases say is bounded here for the whole image, whatever they are: the bytes of their files, the packages,
and the paths that these claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from ..layer.index import DIRECTORY, FILE, SYMLINK
from ..paths import join, public, split
from ..rootfs.walk import Walker, kind_of

if TYPE_CHECKING:
    from ..contents import Contents
    from ..tree import Files

# A database larger than this is not read, nor more than that in all: an image may hold anything.
MAX_FILE = 128 << 20
MAX_TOTAL = 256 << 20
# Real images have some thousand packages, with some hundred thousand paths of 60 bytes.
MAX_PACKAGES = 100_000
MAX_PATHS = 1_000_000
MAX_PATH_BYTES = 128 << 20
# A path, in bytes (Linux' PATH_MAX) and in components; a name with its version.
MAX_PATH, MAX_DEPTH, MAX_NAME = 4096, 256, 4096
MAX_NOTES = 20


class Readable(Protocol):
    """What packages are read of: an ``Analysis``, or one under way."""

    @property
    def files(self) -> Files:
        """The merged tree's paths."""

    @property
    def contents(self) -> Contents:
        """Where file contents are read from."""


class ImageReader:
    """One image's merged tree, as databases read it."""

    def __init__(self, analysis: Readable) -> None:
        """Read ``analysis``' merged tree."""
        self._reader = analysis.contents
        self._tree = analysis.files.tree
        self.overlay = self._tree.overlay
        self.notes: list[str] = []
        self.unread: dict[str, str] = {}
        """Kinds of packages of which a database can't be read, or not to its end, and why."""
        self.left_out: set[bytes] = set()
        """Paths of files that were to be loaded and are too large."""
        self.full = ""
        """What to say of packages whose paths were not all taken; empty as long as they were."""
        self._paths, self._path_bytes = MAX_PATHS, MAX_PATH_BYTES
        self._contents: dict[bytes, bytes] = {}
        self._real: dict[bytes, bytes | None] = {}
        self._walker = Walker(self.overlay)

    # -- names -------------------------------------------------------------------------------------------

    @cached_property
    def _directories(self) -> list[bytes]:
        return sorted(self.overlay.tree)

    def directories(self) -> Sequence[bytes]:
        """Return the paths of all directories that hold something, in order."""
        return self._directories

    def names(self, directory: bytes) -> Mapping[bytes, int]:
        """Return the names in a directory; empty when there is none."""
        return self.overlay.tree.get(directory, {})

    def has(self, path: bytes) -> bool:
        """Tell whether the merged tree has a path."""
        return self.overlay.lookup(path) is not None

    def size(self, entry: int) -> int:
        """Return the content bytes that the merged tree counts at a name."""
        return self.overlay.sizes[self._tree.promoted.get(entry, entry)]

    def file_size(self, path: bytes) -> int | None:
        """Return the size of the regular file that a path leads to; ``None`` where there is none."""
        entry = self._behind(path)
        return None if entry is None else self.overlay.sizes[entry]

    def real(self, path: bytes) -> bytes | None:
        """Return where a path really lies: symlinks among its directories followed, its last name not.

        A package says ``lib/x`` where ``lib`` has become a link to ``usr/lib``. ``None`` for a path that leads
        nowhere.
        """
        directory, name = split(path)
        if directory not in self._real:
            walked = self._walker.walk(directory)
            there = not walked.trouble and kind_of(self.overlay, walked.entry) == DIRECTORY
            self._real[directory] = walked.path if there else None
        found = self._real[directory]
        return None if found is None else join(found, name)

    # -- contents ----------------------------------------------------------------------------------------

    def at_hand(self, path: bytes) -> bool:
        """Tell whether a path's content costs next to nothing to read; also where it leads to no file."""
        entry = self._behind(path)
        return entry is None or self._reader.at_hand(*self.overlay.locate(entry))

    def load(self, paths: Iterable[bytes], known: Mapping[bytes, bytes] | None = None) -> None:
        """Read the regular files among ``paths``, each layer once; not those whose content is ``known``.

        Raises ``ImageError``.
        """
        overlay = self.overlay
        keys: dict[tuple[int, int], list[bytes]] = {}
        total = 0
        linked: list[bytes] = []
        for path in paths:
            if known is not None and path in known:
                self._contents[path] = known[path]
                continue
            entry = overlay.lookup(path)
            if entry is None or overlay.kind(entry) == SYMLINK:
                linked.append(path)
                continue
            total += self._want(path, entry, total, keys)
        for path in linked:
            # What lies behind a link is read once, by its own name where that is asked for too.
            entry = self._behind(path)
            if entry is not None and overlay.locate(entry) not in keys:
                total += self._want(path, entry, total, keys)
        for key, data in self._reader.read(list(keys)):
            for path in keys[key]:
                self._contents[path] = data

    def _want(self, path: bytes, entry: int, total: int, keys: dict[tuple[int, int], list[bytes]]) -> int:
        """Add a regular file to those that are read; return the bytes that this adds."""
        overlay = self.overlay
        inode = overlay.inode(entry)
        if inode < 0 or overlay.kind(inode) != FILE:
            return 0
        size = overlay.sizes[inode]
        if size > MAX_FILE or total + size > MAX_TOTAL:
            self.left_out.add(path)
            self.note(f"{public(path)} is too large to be read as a package database ({size:,} bytes)")
            return 0
        keys.setdefault(overlay.locate(inode), []).append(path)
        return size

    def _behind(self, path: bytes) -> int | None:
        """Return the inode of the regular file that a path leads to through links; ``None`` where it doesn't."""
        walked = self._walker.walk(path)
        if walked.trouble:
            return None
        inode = self.overlay.inode(walked.entry)
        return inode if inode >= 0 and self.overlay.kind(inode) == FILE else None

    def content(self, path: bytes) -> bytes | None:
        """Return the content of a file that was loaded, ``None`` for any other."""
        return self._contents.get(path)

    def database(self, ecosystem: str, path: bytes) -> bytes | None:
        """Return the content of a database that was loaded, ``None`` where there is none or it is too large."""
        if path in self.left_out:
            self.unread.setdefault(ecosystem, f"{public(path)} is too large to be read")
        return self._contents.get(path)

    @property
    def loaded(self) -> Mapping[bytes, bytes]:
        """The contents that were loaded, by path."""
        return self._contents

    def claim(self, paths: Iterable[bytes]) -> list[bytes]:
        """Return the paths that a package claims; those beyond what all packages of an image may are left out."""
        found: list[bytes] = []
        for path in paths:
            self._paths -= 1
            self._path_bytes -= len(path)
            if self._paths < 0 or self._path_bytes < 0:
                self.full = f"the package databases claim more paths than are read ({MAX_PATHS:,})"
                break
            if len(path) <= MAX_PATH and path.count(b"/") < MAX_DEPTH:
                found.append(path)
        return found

    def failed(self, ecosystem: str, path: bytes, why: object) -> None:
        """Keep that a database can't be read, or not to its end."""
        text = f"{public(path)} can't be read: {why}"
        self.unread.setdefault(ecosystem, text)
        self.note(text)

    def note(self, text: str) -> None:
        """Keep a word for the user, once."""
        if len(self.notes) < MAX_NOTES and text not in self.notes:
            self.notes.append(text)

    def below(self, directory: bytes, skip: bytes) -> Iterator[tuple[bytes, int]]:
        """Yield the paths below a directory with their entries, without subdirectories named ``skip``."""
        pending = [directory]
        while pending:
            here = pending.pop()
            for name, entry in self.names(here).items():
                path = join(here, name)
                kind = self.overlay.kind(entry)
                if kind != DIRECTORY:
                    yield path, entry
                elif name != skip:
                    pending.append(path)
