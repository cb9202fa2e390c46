"""A merged tree as a running program sees it: paths with their symlinks followed, programs found by PATH, contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..contents import in_place
from ..errors import ContentUnavailableError, ImageError
from ..layer.index import FILE
from ..layer.retention import LINE, first_line
from ..layer.scan import ELF, SCRIPT
from ..overlay.merge import NO_ENTRY
from ..paths import join
from .elf import Elf, read_elf
from .walk import Walker

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..contents import ReadAt

# Larger files of compressed layers are not looked into: all of one has to be in memory.
MAX_STREAMED = 160 << 20
MAX_TEXT = 256 << 10
# Nor more ELF files than these: a real image has some thousands.
MAX_ELVES = 20_000

_OTHER = b"\0"

Key = tuple[int, int, int]
"""(id of the contents, layer, entry): the same file in however many stacks."""


class Target(NamedTuple):
    """Where a path really leads, and the global entry that holds the content there."""

    path: bytes
    entry: int


class FileFacts:
    """What was read of files, kept for all stacks that they are part of."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.elves: dict[Key, Elf | None] = {}
        self.heads: dict[Key, bytes] = {}
        self.texts: dict[Key, bytes] = {}
        self.unread = False
        """Whether something could not be read: a saved analysis, a foreign layer."""
        self.trouble: ImageError | None = None
        """Why, where that is known."""


class Root:
    """One image's merged tree."""

    def __init__(self, analysis: Analysis, files: FileFacts) -> None:
        """Walk ``analysis``' tree; ``files`` keep what is read."""
        self.analysis = analysis
        self.files = files
        self.overlay = analysis.body.overlay
        self._found: dict[bytes, Target | None] = {}
        self._walker = Walker(self.overlay)

    # -- paths -------------------------------------------------------------------------------------------

    def find(self, path: bytes) -> Target | None:
        """Follow a path from the root, symlinks and ``..`` as the kernel does; ``None`` where it leads nowhere."""
        try:
            return self._found[path]
        except KeyError:
            found = self._found[path] = self._find(path)
            return found

    def _find(self, path: bytes) -> Target | None:
        walked = self._walker.walk(path)
        inode = self.overlay.inode(walked.entry)
        if walked.trouble or (inode == NO_ENTRY and walked.entry >= 0):
            return None
        return Target(walked.path, inode)

    def is_file(self, found: Target | None) -> bool:
        """Tell whether something was found and is a regular file."""
        return found is not None and found.entry >= 0 and self.overlay.kind(found.entry) == FILE

    def file(self, path: bytes) -> Target | None:
        """Return the regular file that a path leads to, ``None`` where there is none."""
        found = self.find(path)
        return found if self.is_file(found) else None

    def exists(self, path: bytes) -> bool:
        """Tell whether a path leads anywhere."""
        return self.find(path) is not None

    def program(self, name: bytes, search: Iterable[bytes], directory: bytes = b"") -> Target | None:
        """Find a program as ``execvp`` does: by PATH unless its name has a slash; only what is executable."""
        if b"/" in name:
            return self._runnable(name if name[:1] == b"/" else join(directory, name))
        for place in search:
            found = self._runnable(join(place, name))
            if found is not None:
                return found
        return None

    def _runnable(self, path: bytes) -> Target | None:
        found = self.file(path)
        return found if found is not None and self.mode(found.entry) & 0o111 else None

    def mode(self, entry: int) -> int:
        """Return the permission bits of an entry."""
        return self.overlay.meta(entry)[0]

    def names(self, directory: bytes) -> Iterable[bytes]:
        """Return the names in a directory, symlinks on the way to it followed."""
        found = self.find(directory)
        return () if found is None else self.overlay.tree.get(found.path, {}).keys()

    # -- contents ----------------------------------------------------------------------------------------

    def _key(self, entry: int) -> Key:
        layer, own = self.overlay.locate(entry)
        contents, layer = self.analysis.contents.home(layer)
        return id(contents), layer, own

    def elf(self, entry: int) -> Elf | None:
        """Return a file's ELF headers; ``None`` for another file, or one that can't be read."""
        self.look([entry])
        return self.files.elves.get(self._key(entry))

    def head(self, entry: int) -> bytes:
        """Return how a file begins that was looked at; empty where that was not possible.

        Of an ELF file these are the first bytes, of a script its first line, of all else a NUL.
        """
        self.look([entry])
        return self.files.heads.get(self._key(entry), b"")

    def is_script(self, entry: int) -> bool | None:
        """Tell whether a regular file begins as scripts do, ``None`` where its layer's scan did not see that."""
        layer, own = self.overlay.locate(entry)
        return self.overlay.layers[layer].is_script(own)

    def script(self, entry: int) -> bytes | None:
        """Return a script's first line, empty for what is none, ``None`` where that could not be seen."""
        if self.is_script(entry) is False:
            return b""
        head = self.head(entry)
        return head if head[:2] == SCRIPT else b"" if head else None

    def look(self, entries: Iterable[int]) -> None:
        """Read the heads and ELF headers of files, each compressed layer once for all of them."""
        known = self.files.heads
        todo: dict[int, list[int]] = {}
        for entry in dict.fromkeys(entries):
            if entry >= 0 and self._key(entry) not in known:
                todo.setdefault(self.overlay.layer_of(entry), []).append(entry)
        for layer, some in sorted(todo.items()):
            told = self._told(layer, some)
            known.update((self._key(entry), head) for entry, head in told.items())
            for entry, at, size in self._open(layer, [entry for entry in some if entry not in told]):
                key = self._key(entry)
                head = at(0, LINE)
                if head[:4] != ELF:
                    known[key] = first_line(head) if head[:2] == SCRIPT else _OTHER
                    continue
                known[key] = head
                if len(self.files.elves) >= MAX_ELVES:
                    self.files.unread = True
                    continue
                try:
                    self.files.elves[key] = read_elf(at, size)
                except ContentUnavailableError as error:
                    # One file that lies about itself and is too large to be read: of the others all is known.
                    self.files.unread = True
                    self.files.trouble = error
            for entry in some:
                known.setdefault(self._key(entry), b"")

    def _told(self, layer: int, entries: Iterable[int]) -> dict[int, bytes]:
        """Return how files begin that are no ELF files, where the layer's scan saw that."""
        index, first = self.overlay.layers[layer], self.overlay.first[layer]
        if index.fingerprints is None:
            return {}
        found: dict[int, bytes] = {}
        elves = set(index.elf)
        for entry in entries:
            own = entry - first
            script = index.is_script(own)
            if script:
                found[entry] = index.heads[own]
            elif script is False and own not in elves:
                found[entry] = _OTHER
        return found

    def texts(self, entries: Sequence[int], limit: int = MAX_TEXT) -> dict[int, bytes]:
        """Return files' contents, no more than ``limit`` bytes of each."""
        kept = self.files.texts
        todo: dict[int, list[int]] = {}
        for entry in dict.fromkeys(entries):
            if entry >= 0 and self._key(entry) not in kept:
                todo.setdefault(self.overlay.layer_of(entry), []).append(entry)
        for layer, some in todo.items():
            for entry, at, size in self._open(layer, some):
                kept[self._key(entry)] = at(0, min(size, limit))
        return {entry: kept.get(self._key(entry), b"") for entry in entries if entry >= 0}

    def text(self, path: bytes, limit: int = MAX_TEXT) -> bytes:
        """Return the content of the file that a path leads to; empty where there is none."""
        found = self.file(path)
        return b"" if found is None else self.texts([found.entry], limit).get(found.entry, b"")

    def _open(self, layer: int, entries: Sequence[int]) -> Iterator[tuple[int, ReadAt, int]]:
        """Yield (entry, a way to read it, its size)."""
        overlay, contents = self.overlay, self.analysis.contents
        first = overlay.first[layer]
        try:
            index = overlay.layers[layer]
            own = [entry - first for entry in entries]
            large = any(index.sizes[entry] > MAX_STREAMED and entry not in index.parts for entry in own)
            if large and contents.random_access(layer) is None:
                self.files.unread = True
            for entry, at, size in in_place(contents, index, layer, own, MAX_STREAMED):
                yield first + entry, at, size
        except ImageError as error:
            self.files.unread = True
            self.files.trouble = error
