"""What the loaders of glibc and musl have in common: they find all that a program needs, each library once.

Where each looks is in ``glibc`` and ``musl``; ``loaders`` chooses.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..paths import split

if TYPE_CHECKING:
    from .elf import Elf
    from .root import Root, Target

# Far above what real programs load, and search for.
_MAX_OBJECTS = 1000
_MAX_SEARCHES = 100_000
_MAX_LOOKS = 2_000_000
# What objects need of one another, and the directories that they search, counted again for each program.
_MAX_STEPS = 5_000_000
_MAX_WAYS = 1000
_LIB = {"amd64/64": b"lib/x86_64-linux-gnu", "arm64/64": b"lib/aarch64-linux-gnu"}
_GLIBC = (b"lib64/ld-linux-x86-64.so.2", b"lib/ld-linux-aarch64.so.1", b"lib/ld-linux-armhf.so.3")
_PLATFORM = {"amd64/64": b"x86_64", "arm64/64": b"aarch64", "386/32": b"i686"}

Chain = tuple[tuple[bytes, "Elf"], ...]
"""What loaded an object, and what loaded that: paths and headers, the program first."""


class Missing(NamedTuple):
    """A file that a program needs: ``kind`` is ``interpreter``, ``library``, ``version`` or ``libc``; ``path`` is of
    the object that needs it; ``hint`` says where something like it is.
    """

    kind: str
    name: bytes
    path: bytes
    hint: str = ""


class Search:
    """What the loaders of one root share: LD_LIBRARY_PATH, and the bounds of all that they look for."""

    def __init__(self, root: Root, library_path: Sequence[bytes] = ()) -> None:
        """``library_path`` are the directories of LD_LIBRARY_PATH."""
        self.root = root
        self.library_path = tuple(library_path)
        self._libraries: dict[bytes, list[tuple[bytes, bytes]]] | None = None
        self._looks = 0
        self._steps = 0

    def spend(self, steps: int) -> bool:
        """Count steps of a search; ``False`` once there were too many."""
        self._steps += steps
        if self._steps > _MAX_STEPS:
            self.root.files.unread = True
        return self._steps <= _MAX_STEPS

    def fits(self, path: bytes, main: Elf) -> Target | None:
        """Return the library at a path; loaders pass over those for other machines."""
        self._looks += 1
        if self._looks > _MAX_LOOKS:
            self.root.files.unread = True
            return None
        found = self.root.file(path)
        if found is None:
            return None
        library = self.root.elf(found.entry)
        if library is None:
            # Not to be read is not to be missing; a text of that name is not a library.
            return found if self.root.files.unread and not self.root.head(found.entry) else None
        return found if library.machine == main.machine else None

    def elsewhere(self, name: bytes) -> str:
        """Say where a library is that the loader won't find, or under which name another version of it."""
        if self._libraries is None:
            self._libraries = {}
            for directory, names in self.root.overlay.tree.items():
                for other in names:
                    stem, mark, _ = other.partition(b".so")
                    if mark:
                        self._libraries.setdefault(stem, []).append((directory, other))
        known = self._libraries.get(name.partition(b".so")[0], ())
        same = {directory for directory, other in known if other == name}
        others = {other for _, other in known if b".so." in other}
        if same:
            where = ", ".join("/" + path.decode(errors="replace") for path in sorted(same)[:2])
            return f"it is in {where}, where the loader doesn't look"
        if others and len(others) <= 4:
            return "there is " + ", ".join(sorted(other.decode(errors="replace") for other in others))
        return ""


class Loader(ABC):
    """Loads programs and libraries as one C library's loader does, without running them."""

    def __init__(self, search: Search) -> None:
        """Load those of ``search``'s root."""
        self.search = search
        self.root = search.root
        self._expansions: dict[tuple[bytes, str], tuple[tuple[bytes, ...], list[bytes]]] = {}
        self._results: dict[tuple[bytes, tuple[bytes, ...], bytes, str], Target | None] = {}

    # -- in what they differ -----------------------------------------------------------------------------

    @abstractmethod
    def running(self, elf: Elf) -> bytes:
        """Return the path of the loader that is in memory with a program, or would load a library; may be empty."""

    @abstractmethod
    def unloadable(self, path: bytes, elf: Elf) -> list[Missing]:
        """Return what of the C library itself lacks, without which a library is not loaded at all."""

    @abstractmethod
    def is_own(self, name: bytes) -> bool:
        """Tell whether a library is a part of the loader itself."""

    @abstractmethod
    def ways(self, path: bytes, elf: Elf, chain: Chain, main: Elf) -> list[bytes]:
        """Return the directories that an object's own words and the environment name, in order."""

    @abstractmethod
    def candidates(self, name: bytes, ways: Sequence[bytes], main: Elf) -> Iterator[bytes]:
        """Yield the paths that a library is looked for at: in ``ways``, then where the loader looks anyway."""

    @abstractmethod
    def versions(self, name: bytes, library: Elf, path: bytes, elf: Elf) -> list[Missing]:
        """Return the versions that a library lacks which an object needs of it."""

    @abstractmethod
    def other_libc(self, elf: Elf) -> str:
        """Say that the C library there is another; empty where it is not."""

    # -- what they do alike ------------------------------------------------------------------------------

    def missing(self, path: bytes, elf: Elf) -> list[Missing]:
        """Return what lacks for a program to start, or a library to be loaded, with all that it needs in turn."""
        return self.load(path, elf)[1]

    def load(self, path: bytes, elf: Elf) -> tuple[dict[bytes, tuple[bytes, Elf | None]], list[Missing]]:
        """Return what is loaded with a program or library: (path, headers) by name; and what lacks."""
        found: list[Missing] = []
        loaded: dict[bytes, tuple[bytes, Elf | None]] = {}
        if elf.interpreter:
            interpreter = self.root.file(elf.interpreter)
            if interpreter is None:
                return loaded, [Missing("interpreter", elf.interpreter, path, self.other_libc(elf))]
            loader = self.root.elf(interpreter.entry)
            if loader is not None and loader.machine != elf.machine:
                return loaded, [Missing("interpreter", elf.interpreter, path, f"that there is for {loader.machine}")]
        if not elf.dynamic:
            return loaded, found
        if not elf.interpreter and (lacking := self.unloadable(path, elf)):
            return loaded, lacking
        # Breadth first, each library once, as loaders go.
        queue: list[tuple[bytes, Elf, Chain]] = [(path, elf, ())]
        # The loader is in memory already, under its own name.
        running = self.root.file(self.running(elf))
        if running is not None:
            this_loader = self.root.elf(running.entry)
            name = this_loader.soname if this_loader is not None else b""
            loaded[name or split(elf.interpreter)[1]] = running.path, this_loader
        place = 0
        while place < len(queue) and place < _MAX_OBJECTS:
            here, this, chain = queue[place]
            place += 1
            if not self.search.spend(len(this.needed)):
                break
            for name in this.needed:
                known = loaded.get(name)
                library: Elf | None
                if known is not None:
                    library = known[1]
                elif self.is_own(name):
                    continue
                else:
                    target = self._search(name, here, this, chain, elf)
                    if target is None:
                        found.append(Missing("library", name, here, self.search.elsewhere(name)))
                        continue
                    library = self.root.elf(target.entry)
                    loaded[name] = known = target.path, library
                    if library is not None:
                        if library.soname and loaded.setdefault(library.soname, known)[0] != known[0]:
                            continue
                        queue.append((known[0], library, (*chain, (here, this))))
                if library is not None:
                    found += self.versions(name, library, here, this)
        return loaded, found

    def _search(self, name: bytes, path: bytes, elf: Elf, chain: Chain, main: Elf) -> Target | None:
        if b"/" in name:
            return self.search.fits(name, main)
        ways = self.ways(path, elf, chain, main)
        self.search.spend(len(ways))
        if len(ways) > _MAX_WAYS:
            self.root.files.unread = True
            del ways[_MAX_WAYS:]
        # Objects of one kind ask the same again and again.
        key = (name, tuple(ways), main.interpreter, main.machine)
        if key not in self._results:
            if len(self._results) >= _MAX_SEARCHES:
                self.root.files.unread = True
                return None
            self._results[key] = self._first(self.candidates(name, ways, main), main)
        return self._results[key]

    def _first(self, candidates: Iterable[bytes], main: Elf) -> Target | None:
        for path in candidates:
            found = self.search.fits(path, main)
            if found is not None:
                return found
        return None

    def expanded(self, objects: Iterable[tuple[tuple[bytes, ...], bytes]], main: Elf) -> list[bytes]:
        """Expand objects' search paths, each with its object's path; once for all that an object loads."""
        found: list[bytes] = []
        for paths, path in objects:
            if not paths or len(found) > _MAX_WAYS:
                continue
            known = self._expansions.get((path, main.machine))
            if known is None or known[0] != paths:
                known = self._expansions[path, main.machine] = paths, _expand(paths[: _MAX_WAYS + 1], path, main)
            found += known[1]
        return found


def _expand(paths: Iterable[bytes], path: bytes, main: Elf) -> list[bytes]:
    """Put in what the tokens of a search path stand for (ld.so(8), *Dynamic string tokens*)."""
    origin = b"/" + split(path)[0]
    values = {
        b"ORIGIN": origin,
        b"LIB": _LIB.get(main.machine, b"lib"),
        b"PLATFORM": _PLATFORM.get(main.machine, b""),
    }
    found: list[bytes] = []
    for item in paths:
        text = re.sub(rb"\$(?:\{(\w+)\}|(ORIGIN|LIB|PLATFORM))", lambda m: values.get(m[1] or m[2], m[0]), item)
        if text[:1] == b"/":
            # Not cleaned by its letters: "x/.." is another place where x is a link.
            found.append(text.strip(b"/"))
    return found


def glibc_loader(root: Root, machine: str) -> bytes:
    """Return where a root has glibc's loader for a machine; empty where it has none."""
    for name in _GLIBC:
        found = root.file(name)
        if found is not None:
            elf = root.elf(found.entry)
            if elf is not None and elf.machine == machine:
                return name
    return b""


def has_musl(root: Root) -> bool:
    """Tell whether a root has musl's loader."""
    return any(name.startswith(b"ld-musl-") for name in root.names(b"lib"))
