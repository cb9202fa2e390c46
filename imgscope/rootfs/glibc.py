"""glibc's loader: where it looks for libraries, and the versions that it asks of them.

Follows ld.so(8): RPATH where there is no RUNPATH, of the object and of what loaded it; LD_LIBRARY_PATH; RUNPATH;
``/etc/ld.so.cache``; the directories built into the loader. A version that a found library lacks stops the program.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..paths import clean, join
from .loader import Chain, Loader, Missing, Search, glibc_loader, has_musl

if TYPE_CHECKING:
    from .elf import Elf

_BUILT_IN = re.compile(rb"(?:/[\w.+-][\w/.+-]{0,100}/\0){2,8}")
_DIRECTORIES = {
    "amd64/64": (b"lib64", b"usr/lib64", b"lib/x86_64-linux-gnu", b"usr/lib/x86_64-linux-gnu"),
    "arm64/64": (b"lib64", b"usr/lib64", b"lib/aarch64-linux-gnu", b"usr/lib/aarch64-linux-gnu"),
}
_LEVELS = {"amd64/64": tuple(b"glibc-hwcaps/x86-64-v%d" % level for level in (4, 3, 2))}
_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_MAX_CACHE = 8 << 20
_MAX_LOADER = 1 << 20


class Glibc(Loader):
    """Loads what was linked against glibc, or against nothing that tells."""

    def __init__(self, search: Search) -> None:
        """Load those of ``search``'s root."""
        super().__init__(search)
        self._cache: dict[bytes, list[bytes]] | None = None
        self._directories: dict[bytes, tuple[bytes, ...]] = {}

    def running(self, elf: Elf) -> bytes:
        """Return the program's interpreter, else the root's own loader for its machine."""
        return elf.interpreter or glibc_loader(self.root, elf.machine)

    def unloadable(self, path: bytes, elf: Elf) -> list[Missing]:
        """Return nothing: glibc's parts are libraries like others."""
        return []

    def is_own(self, name: bytes) -> bool:
        """Return ``False``: the loader is found by its name."""
        return False

    def ways(self, path: bytes, elf: Elf, chain: Chain, main: Elf) -> list[bytes]:
        """Return RPATH, unless there is a RUNPATH, LD_LIBRARY_PATH, RUNPATH."""
        found: list[bytes] = []
        if not elf.runpath:
            above = [(path, elf), *reversed(chain)]
            found += self.expanded([(one.rpath, at) for at, one in above if not one.runpath], main)
        return [*found, *self.search.library_path, *self.expanded([(elf.runpath, path)], main)]

    def candidates(self, name: bytes, ways: Sequence[bytes], main: Elf) -> Iterator[bytes]:
        """Yield the paths in directories, variants for newer processors first, with the cache before the built-in."""
        levels = _LEVELS.get(main.machine, ())

        def within(directories: Iterable[bytes]) -> Iterator[bytes]:
            for directory in directories:
                for level in levels:
                    yield join(join(directory, level), name)
                yield join(directory, name)

        yield from within(ways)
        yield from self._cached().get(name, ())
        yield from within(self._built_in(main))

    def versions(self, name: bytes, library: Elf, path: bytes, elf: Elf) -> list[Missing]:
        """Return the versions that lack; a library that has none at all only earns a warning of the loader."""
        if not library.defines:
            return []
        lacking = [version for version in elf.versions.get(name, ()) if version not in library.defines]
        return [
            Missing("version", name + b": " + version, path, _newest(library.defines, version)) for version in lacking
        ]

    def other_libc(self, elf: Elf) -> str:
        """Say that there is musl."""
        return "its C library is musl" if has_musl(self.root) else ""

    def _cached(self) -> dict[bytes, list[bytes]]:
        if self._cache is None:
            self._cache = read_cache(self.root.text(b"etc/ld.so.cache", _MAX_CACHE))
        return self._cache

    def _built_in(self, main: Elf) -> tuple[bytes, ...]:
        """Return the directories that the loader itself knows: they stand in its file."""
        loader = self.running(main)
        if loader not in self._directories:
            text = self.root.text(loader, _MAX_LOADER) if loader else b""
            runs = [run for run in _BUILT_IN.findall(text) if b"/lib/" in run or b"/lib64/" in run]
            found = tuple(clean(part)[0] for part in runs[0].split(b"\0") if part) if runs else ()
            self._directories[loader] = found or (*_DIRECTORIES.get(main.machine, ()), b"lib", b"usr/lib")
        return self._directories[loader]


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
