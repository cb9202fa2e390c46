"""Finds shared libraries as the loaders of glibc and musl do, and tells which of them, or of their versions, lack.

glibc (ld.so(8)): RPATH where there is no RUNPATH, of the object and of what loaded it; LD_LIBRARY_PATH; RUNPATH;
``/etc/ld.so.cache``; the directories built into the loader. A version that a found library lacks stops the program.
musl: LD_LIBRARY_PATH; RPATH and RUNPATH alike, of the object and of what loaded it; ``/etc/ld-musl-ARCH.path`` or its
built-in directories; the parts of libc itself are the loader.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..layer.names import clean, split
from ..overlay.merge import join
from .elf import Elf
from .root import Found, Root

_BUILT_IN = re.compile(rb"(?:/[\w.+-][\w/.+-]{0,100}/\0){2,8}")
_GLIBC_DIRECTORIES = {
    "amd64/64": (b"lib64", b"usr/lib64", b"lib/x86_64-linux-gnu", b"usr/lib/x86_64-linux-gnu"),
    "arm64/64": (b"lib64", b"usr/lib64", b"lib/aarch64-linux-gnu", b"usr/lib/aarch64-linux-gnu"),
}
_LEVELS = {"amd64/64": tuple(b"glibc-hwcaps/x86-64-v%d" % level for level in (4, 3, 2))}
_MUSL_DIRECTORIES = (b"lib", b"usr/local/lib", b"usr/lib")
# musl's dynlink.c: libraries of these names are the loader itself.
_MUSL_SELF = re.compile(rb"^lib(c|pthread|rt|m|dl|util|xnet)\.")
_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_MAX_CACHE = 8 << 20
# Far above what real programs load, and search for.
_MAX_OBJECTS = 1000
_MAX_SEARCHES = 100_000
_MAX_LOOKS = 2_000_000
# What objects need of one another, and the directories that they search, counted again for each program.
_MAX_STEPS = 5_000_000
_MAX_WAYS = 1000
_MAX_ROUNDS = 64
_MAX_LOADER = 1 << 20
_LIB = {"amd64/64": b"lib/x86_64-linux-gnu", "arm64/64": b"lib/aarch64-linux-gnu"}
_PLATFORM = {"amd64/64": b"x86_64", "arm64/64": b"aarch64", "386/32": b"i686"}
_MUSL_ARCH = {"amd64/64": b"x86_64", "arm64/64": b"aarch64", "386/32": b"i386", "arm/32": b"armhf"}


class Missing(NamedTuple):
    """A file that a program needs: ``kind`` is ``interpreter``, ``library``, ``version`` or ``libc``; ``path`` is of
    the object that needs it; ``hint`` says where something like it is.
    """

    kind: str
    name: bytes
    path: bytes
    hint: str = ""


class Loader:
    """Loads programs and libraries of one root, without running them."""

    def __init__(self, root: Root, library_path: Sequence[bytes] = ()) -> None:
        """``library_path`` are the directories of LD_LIBRARY_PATH."""
        self.root = root
        self.library_path = tuple(library_path)
        self._cache: dict[bytes, list[bytes]] | None = None
        self._directories: dict[bytes, tuple[bytes, ...]] = {}
        self._alone: dict[bytes, list[Missing]] = {}
        self._looks = 0
        self._steps = 0
        self._expansions: dict[tuple[bytes, str], tuple[tuple[bytes, ...], list[bytes]]] = {}
        self._libraries: dict[bytes, list[tuple[bytes, bytes]]] | None = None
        self._results: dict[tuple[bytes, tuple[bytes, ...], bytes, str], Found | None] = {}

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
            self._alone[path] = self._missing(path, elf)
        return self._alone[path]

    def _missing(self, path: bytes, elf: Elf) -> list[Missing]:
        found: list[Missing] = []
        if elf.interpreter:
            interpreter = self.root.file(elf.interpreter)
            if interpreter is None:
                return [Missing("interpreter", elf.interpreter, path, self._other_libc(elf))]
            loader = self.root.elf(interpreter.entry)
            if loader is not None and loader.machine != elf.machine:
                return [Missing("interpreter", elf.interpreter, path, f"that there is for {loader.machine}")]
        if not elf.dynamic:
            return found
        musl = elf.libc == "musl"
        if musl and not elf.interpreter and not self._musl_loader():
            return [Missing("libc", b"musl's libc", path, self._other_libc(elf))]
        # Breadth first, each library once, as loaders go.
        loaded: dict[bytes, tuple[bytes, Elf | None]] = {}
        queue: list[tuple[bytes, Elf, tuple[tuple[bytes, Elf], ...]]] = [(path, elf, ())]
        # The loader is in memory already, under its own name.
        running = self.root.file(elf.interpreter or (b"" if musl else self._glibc_loader(elf)))
        if running is not None:
            this_loader = self.root.elf(running.entry)
            name = this_loader.soname if this_loader is not None else b""
            loaded[name or split(elf.interpreter)[1]] = running.path, this_loader
        place = 0
        while place < len(queue) and place < _MAX_OBJECTS:
            here, this, chain = queue[place]
            place += 1
            self._steps += len(this.needed)
            if self._steps > _MAX_STEPS:
                self.root.files.unread = True
                break
            for name in this.needed:
                known = loaded.get(name)
                library: Elf | None
                if known is not None:
                    library = known[1]
                elif musl and _MUSL_SELF.match(name):
                    continue
                else:
                    place_of = self._search(name, here, this, chain, elf, musl)
                    if place_of is None:
                        found.append(Missing("library", name, here, self._elsewhere(name)))
                        continue
                    library = self.root.elf(place_of.entry)
                    loaded[name] = known = place_of.path, library
                    if library is not None:
                        if library.soname and loaded.setdefault(library.soname, known)[0] != known[0]:
                            continue
                        queue.append((known[0], library, (*chain, (here, this))))
                if library is not None and not musl:
                    found += self._versions(name, library, here, this)
        return found

    def _versions(self, name: bytes, library: Elf, path: bytes, elf: Elf) -> list[Missing]:
        """Return the versions that a library lacks; one that has none at all only earns a warning of the loader."""
        if not library.defines:
            return []
        lacking = [version for version in elf.versions.get(name, ()) if version not in library.defines]
        return [
            Missing("version", name + b": " + version, path, _newest(library.defines, version)) for version in lacking
        ]

    # -- where to look -----------------------------------------------------------------------------------

    def _search(
        self, name: bytes, path: bytes, elf: Elf, chain: tuple[tuple[bytes, Elf], ...], main: Elf, musl: bool
    ) -> Found | None:
        if b"/" in name:
            return self._fits(name, main)
        ways: list[bytes] = []
        if musl:
            ways += self.library_path
            for at, one in ((path, elf), *reversed(chain)):
                if len(ways) <= _MAX_WAYS:
                    ways += self._expanded((*one.rpath, *one.runpath), at, main)
            ways += self._musl_path(main)
        else:
            if not elf.runpath:
                for at, one in ((path, elf), *reversed(chain)):
                    if not one.runpath and len(ways) <= _MAX_WAYS:
                        ways += self._expanded(one.rpath, at, main)
            ways += self.library_path
            ways += self._expanded(elf.runpath, path, main)
        self._steps += len(ways)
        if len(ways) > _MAX_WAYS:
            self.root.files.unread = True
            del ways[_MAX_WAYS:]
        # Objects of one kind ask the same again and again.
        key = (name, tuple(ways), b"" if musl else main.interpreter, main.machine)
        if key not in self._results:
            if len(self._results) >= _MAX_SEARCHES:
                self.root.files.unread = True
                return None
            self._results[key] = self._look_in(name, ways, main, musl)
        return self._results[key]

    def _expanded(self, paths: tuple[bytes, ...], path: bytes, main: Elf) -> list[bytes]:
        """Expand an object's search path, once for all that it loads."""
        if not paths:
            return []
        known = self._expansions.get((path, main.machine))
        if known is None or known[0] != paths:
            known = self._expansions[path, main.machine] = paths, _expand(paths[: _MAX_WAYS + 1], path, main)
        return known[1]

    def _look_in(self, name: bytes, ways: Sequence[bytes], main: Elf, musl: bool) -> Found | None:
        levels = (b"",) if musl else (*_LEVELS.get(main.machine, ()), b"")
        cached = () if musl else self._cached().get(name, ())
        built_in = () if musl else self._built_in(main)
        for places, whole in ((ways, False), (cached, True), (built_in, False)):
            for place in places:
                for level in (b"",) if whole else levels:
                    path = place if whole else join(join(place, level) if level else place, name)
                    found = self._fits(path, main)
                    if found is not None:
                        return found
        return None

    def _fits(self, path: bytes, main: Elf) -> Found | None:
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

    def _cached(self) -> dict[bytes, list[bytes]]:
        if self._cache is None:
            self._cache = read_cache(self.root.text(b"etc/ld.so.cache", _MAX_CACHE))
        return self._cache

    def _built_in(self, main: Elf) -> tuple[bytes, ...]:
        """Return the directories that the loader itself knows: they stand in its file."""
        interpreter = main.interpreter or self._glibc_loader(main)
        if interpreter not in self._directories:
            text = self.root.text(interpreter, _MAX_LOADER) if interpreter else b""
            runs = [run for run in _BUILT_IN.findall(text) if b"/lib/" in run or b"/lib64/" in run]
            found = tuple(clean(part)[0] for part in runs[0].split(b"\0") if part) if runs else ()
            self._directories[interpreter] = found or (
                *_GLIBC_DIRECTORIES.get(main.machine, ()),
                b"lib",
                b"usr/lib",
            )
        return self._directories[interpreter]

    def _glibc_loader(self, main: Elf) -> bytes:
        for name in (b"lib64/ld-linux-x86-64.so.2", b"lib/ld-linux-aarch64.so.1", b"lib/ld-linux-armhf.so.3"):
            found = self.root.file(name)
            if found is not None:
                elf = self.root.elf(found.entry)
                if elf is not None and elf.machine == main.machine:
                    return name
        return b""

    def _musl_path(self, main: Elf) -> tuple[bytes, ...]:
        name = b"etc/ld-musl-" + _MUSL_ARCH.get(main.machine, b"") + b".path"
        if self.root.file(name) is None:
            return _MUSL_DIRECTORIES
        text = self.root.text(name)
        return tuple(clean(part)[0] for part in re.split(rb"[:\n]", text) if part.strip())

    def _musl_loader(self) -> bool:
        return any(name.startswith(b"ld-musl-") for name in self.root.names(b"lib"))

    # -- words -------------------------------------------------------------------------------------------

    def _other_libc(self, elf: Elf) -> str:
        if elf.libc != "musl" and self._musl_loader():
            return "its C library is musl"
        if elf.libc == "musl" and self._glibc_loader(elf):
            return "its C library is glibc"
        return ""

    def _elsewhere(self, name: bytes) -> str:
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


def read_cache(data: bytes) -> dict[bytes, list[bytes]]:
    """Read glibc's ``/etc/ld.so.cache``: library names and their paths, in its order. Empty for what is none."""
    start = data.find(_CACHE_MAGIC)
    found: dict[bytes, list[bytes]] = {}
    if start < 0 or len(data) < start + 48:
        return found
    count = struct.unpack_from("<I", data, start + 20)[0]
    for number in range(min(count, (len(data) - start - 48) // 24)):
        _, key, value = struct.unpack_from("<iII", data, start + 48 + 24 * number)
        name, path = _string(data, start + key), _string(data, start + value)
        if name and path:
            found.setdefault(name, []).append(path)
    return found


def _string(data: bytes, offset: int) -> bytes:
    end = data.find(b"\0", offset, offset + 4096)
    return data[offset:end] if end >= 0 else b""


def _newest(defines: Iterable[bytes], version: bytes) -> str:
    """Say which is the newest version of the same family."""
    family = version.rpartition(b"_")[0] + b"_"
    numbers = [
        (tuple(map(int, tail.split(b"."))), name)
        for name in defines
        if name.startswith(family) and re.fullmatch(rb"[0-9]+(?:\.[0-9]+)*", tail := name[len(family) :])
    ]
    return "it goes up to " + max(numbers)[1].decode(errors="replace") if numbers else ""
