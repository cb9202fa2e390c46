"""What a package database may ask of an image: names, and the contents of its own small files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..layer.index import DIRECTORY, FILE
from ..layer.names import public, split
from ..overlay.merge import NO_ENTRY, join
from ..rootfs.walk import Walker, kind_of

if TYPE_CHECKING:
    from ..analysis import Analysis

# A database larger than this is not read, nor more than that in all: an image may hold anything.
MAX_FILE = 128 << 20
MAX_TOTAL = 256 << 20
MAX_NOTES = 20


class ImageReader:
    """One image's merged tree, as databases read it."""

    def __init__(self, analysis: Analysis) -> None:
        """Read ``analysis``' merged tree."""
        self._analysis = analysis
        self._tree = analysis.files.tree
        self.overlay = self._tree.overlay
        self.notes: list[str] = []
        self._contents: dict[bytes, bytes] = {}
        self._real: dict[bytes, bytes | None] = {}
        self._walker = Walker(self.overlay)

    # -- names -------------------------------------------------------------------------------------------

    def directories(self) -> Iterable[bytes]:
        """Return the paths of all directories that hold something."""
        return self.overlay.tree.keys()

    def names(self, directory: bytes) -> Mapping[bytes, int]:
        """Return the names in a directory; empty when there is none."""
        return self.overlay.tree.get(directory, {})

    def has(self, path: bytes) -> bool:
        """Tell whether the merged tree has a path."""
        return self.overlay.lookup(path) is not None

    def size(self, entry: int) -> int:
        """Return the content bytes that the merged tree counts at a name."""
        return self.overlay.sizes[self._tree.promoted.get(entry, entry)]

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

    def load(self, paths: Iterable[bytes], known: Mapping[bytes, bytes] | None = None) -> None:
        """Read the regular files among ``paths``, each layer once; not those whose content is ``known``.

        Raises ``ImageError``.
        """
        overlay = self.overlay
        keys: dict[tuple[int, int], list[bytes]] = {}
        total = 0
        for path in paths:
            if known is not None and path in known:
                self._contents[path] = known[path]
                continue
            entry = overlay.lookup(path)
            inode = NO_ENTRY if entry is None else overlay.inode(entry)
            if inode < 0 or overlay.kind(inode) != FILE:
                continue
            size = overlay.sizes[inode]
            if size > MAX_FILE or total + size > MAX_TOTAL:
                self.note(f"{public(path)} is too large to be read as a package database ({size:,} bytes)")
                continue
            total += size
            keys.setdefault(overlay.locate(inode), []).append(path)
        for key, data in self._analysis.contents.read(list(keys)):
            for path in keys[key]:
                self._contents[path] = data

    def content(self, path: bytes) -> bytes | None:
        """Return the content of a file that was loaded, ``None`` for any other."""
        return self._contents.get(path)

    @property
    def loaded(self) -> Mapping[bytes, bytes]:
        """The contents that were loaded, by path."""
        return self._contents

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
