"""The loaders of a root: tells which of the libraries that programs need, or of their versions, lack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..paths import join, split
from .glibc import Glibc
from .loader import Loader, Missing, Search
from .musl import Musl

if TYPE_CHECKING:
    from .elf import Elf
    from .root import Root

_MAX_ROUNDS = 64


class Loaders:
    """The loaders of one root: each program and library has its C library's, and all share the bounds."""

    def __init__(self, root: Root, library_path: Sequence[bytes] = ()) -> None:
        """``library_path`` are the directories of LD_LIBRARY_PATH."""
        self.root = root
        search = Search(root, library_path)
        self.glibc = Glibc(search)
        self.musl = Musl(search)
        self._alone: dict[bytes, list[Missing]] = {}

    def of(self, elf: Elf) -> Loader:
        """Return the loader of a program's or a library's C library."""
        return self.musl if elf.libc == "musl" else self.glibc

    def prepare(self, elves: Iterable[Elf]) -> None:
        """Read, in few passes, the headers of all libraries that may be found under the names that objects need."""
        overlay = self.root.overlay
        seen: set[bytes] = set()
        wanted = {split(name)[1] for elf in elves for name in elf.needed}
        for _ in range(_MAX_ROUNDS):
            wanted -= seen
            if not wanted:
                break
            seen |= wanted
            entries: list[int] = []
            for directory, names in overlay.tree.items():
                for name in filter(wanted.__contains__, names):
                    found = self.root.file(join(directory, name))
                    if found is not None:
                        entries.append(found.entry)
            self.root.look(entries)
            known = [self.root.elf(entry) for entry in entries]
            wanted = {split(name)[1] for elf in known if elf is not None for name in elf.needed}

    def missing(self, path: bytes, elf: Elf) -> list[Missing]:
        """Return what lacks for a program to start, or a library to be loaded, with all that it needs in turn."""
        if path not in self._alone:
            self._alone[path] = self.of(elf).missing(path, elf)
        return self._alone[path]
