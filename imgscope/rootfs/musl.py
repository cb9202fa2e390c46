"""musl's loader: where it looks for libraries.

Follows musl's ``dynlink.c``: LD_LIBRARY_PATH; RPATH and RUNPATH alike, of the object and of what loaded it;
``/etc/ld-musl-ARCH.path`` or its built-in directories; the parts of libc itself are the loader. It asks no versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..paths import clean, join
from .loader import Chain, Loader, Missing, glibc_loader, has_musl

if TYPE_CHECKING:
    from .elf import Elf

_DIRECTORIES = (b"lib", b"usr/local/lib", b"usr/lib")
# Libraries of these names are the loader itself.
_OWN = re.compile(rb"^lib(c|pthread|rt|m|dl|util|xnet)\.")
_ARCH = {"amd64/64": b"x86_64", "arm64/64": b"aarch64", "386/32": b"i386", "arm/32": b"armhf"}


class Musl(Loader):
    """Loads what was linked against musl."""

    def running(self, elf: Elf) -> bytes:
        """Return the program's interpreter."""
        return elf.interpreter

    def unloadable(self, path: bytes, elf: Elf) -> list[Missing]:
        """Return musl's libc where there is none."""
        return [] if has_musl(self.root) else [Missing("libc", b"musl's libc", path, self.other_libc(elf))]

    def is_own(self, name: bytes) -> bool:
        """Tell whether a library is a part of libc."""
        return _OWN.match(name) is not None

    def ways(self, path: bytes, elf: Elf, chain: Chain, main: Elf) -> list[bytes]:
        """Return LD_LIBRARY_PATH, the objects' paths, the loader's own directories."""
        above = [(path, elf), *reversed(chain)]
        own = self.expanded([((*one.rpath, *one.runpath), at) for at, one in above], main)
        return [*self.search.library_path, *own, *self._directories(main)]

    def candidates(self, name: bytes, ways: Sequence[bytes], main: Elf) -> Iterator[bytes]:
        """Yield the paths in the directories."""
        return (join(directory, name) for directory in ways)

    def versions(self, name: bytes, library: Elf, path: bytes, elf: Elf) -> list[Missing]:
        """Return nothing: musl does not look at versions."""
        return []

    def other_libc(self, elf: Elf) -> str:
        """Say that there is glibc."""
        return "its C library is glibc" if glibc_loader(self.root, elf.machine) else ""

    def _directories(self, main: Elf) -> tuple[bytes, ...]:
        name = b"etc/ld-musl-" + _ARCH.get(main.machine, b"") + b".path"
        if self.root.file(name) is None:
            return _DIRECTORIES
        text = self.root.text(name)
        return tuple(clean(part)[0] for part in re.split(rb"[:\n]", text) if part.strip())
