"""The Pythons and the Node of a root: which there are, and what they accept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..paths import join, public, split

if TYPE_CHECKING:
    from .root import Root

_PYTHON = re.compile(rb"^python3?(?:\.(\d+))?$")
_VERSIONED = re.compile(rb"^python3\.(\d+)")
_LIBRARY = re.compile(rb"^python3\.(\d+)$")
_NODE_ABI = re.compile(rb"#define\s+NODE_MODULE_VERSION\s+(\d+)")
# Node's own register of ABI versions (nodejs/node, doc/abi_version_registry.json), by major version.
_ABI_OF_MAJOR = {16: 93, 18: 108, 20: 115, 22: 127, 24: 137}
_ABI_LIBRARY = re.compile(rb"^libnode\.so\.(\d+)$")


class PythonHome(NamedTuple):
    """A directory that a Python looks for packages in: its prefix, the Python's version, and the last component."""

    prefix: bytes
    version: str
    kind: bytes

    @property
    def path(self) -> str:
        """The directory, as users write it."""
        return join(self.prefix, b"lib/python%s/%s" % (self.version.encode(), self.kind)).decode(errors="replace")


class Python(NamedTuple):
    """A Python: where it is found, its version, its prefix, and the C library that it was linked against."""

    path: bytes
    version: str | None
    prefix: bytes
    libc: str | None


class Pythons:
    """All Pythons that PATH finds in a root, and those in the prefixes that an app uses."""

    def __init__(self, root: Root, search: Sequence[bytes], prefixes: Iterable[bytes]) -> None:
        """Look for them."""
        self.root = root
        self.found: list[Python] = []
        places = dict.fromkeys((*search, b"usr/local/bin", b"usr/bin", *(join(prefix, b"bin") for prefix in prefixes)))
        known: set[bytes] = set()
        for place in places:
            for name in sorted(root.names(place)):
                path = join(place, name)
                if not _PYTHON.match(name) or path in known:
                    continue
                known.add(path)
                real = root.program(b"/" + path, ())
                if real is not None:
                    elf = root.elf(real.entry)
                    prefix = split(split(real.path)[0])[0]
                    self.found.append(
                        Python(path, self._version(real.path), prefix, elf.libc if elf is not None else None)
                    )

    def _version(self, real: bytes) -> str | None:
        directory, name = split(real)
        match = _VERSIONED.match(name)
        if match:
            return f"3.{match[1].decode()}"
        # Without a number in its name, what stands beside it tells.
        libraries = [other for other in self.root.names(join(split(directory)[0], b"lib")) if _LIBRARY.match(other)]
        return libraries[0][len(b"python") :].decode() if len(libraries) == 1 else None

    def has(self, version: str) -> bool:
        """Tell whether there is a Python of this version (``3.11``), or one whose version can't be told."""
        return any(python.version in (version, None) for python in self.found)

    def takes(self, version: str, platform: str) -> bool:
        """Tell whether one of them loads extension modules with such a tag (``3.11``, ``x86_64-linux-gnu``)."""
        libc = "musl" if platform.endswith("musl") else "glibc"
        return any(python.version in (version, None) and (python.libc or libc) == libc for python in self.found)

    def looks_in(self, home: PythonHome) -> bool:
        """Tell whether one of them looks for packages in a directory."""
        fit = [python for python in self.found if home.version == "3" or python.version in (home.version, None)]
        if self.root.file(join(home.prefix, b"pyvenv.cfg")) is not None:
            # A virtual environment's own Python is a link to the one it was made with.
            return any(split(split(python.path)[0])[0] == home.prefix for python in fit)
        debian = self.root.exists(b"usr/lib/python3/dist-packages")
        for python in fit:
            if python.prefix == b"usr" and debian:
                if home.kind == b"dist-packages" and home.prefix in (b"usr", b"usr/local"):
                    return True
            elif python.prefix == home.prefix and home.kind == b"site-packages":
                return True
        return False

    def describe(self) -> str:
        """Name those that there are."""
        real = {(python.version, python.prefix, python.libc): python for python in reversed(self.found)}
        words = [f"Python {python.version or 3} ({public(python.path)})" for python in real.values()]
        return "there is " + ", ".join(sorted(words)) if words else "there is no Python"


class Nodes:
    """The Node that PATH finds in a root."""

    def __init__(self, root: Root, path: Sequence[bytes], variables: Mapping[str, str]) -> None:
        """Look for it; ``abi`` is ``None`` where it can't be told."""
        self.root = root
        self.program = root.program(b"node", path) or root.program(b"nodejs", path)
        self.abi: int | None = None
        self.version = ""
        if self.program is None:
            return
        prefix = split(split(self.program.path)[0])[0]
        header = root.text(join(prefix, b"include/node/node_version.h"))
        match = _NODE_ABI.search(header)
        if match:
            self.abi = int(match[1])
            return
        elf = root.elf(self.program.entry)
        for name in elf.needed if elf is not None else ():
            library = _ABI_LIBRARY.match(name)
            if library:
                self.abi = int(library[1])
                return
        self.version = variables.get("NODE_VERSION", "")
        major = self.version.lstrip("v").partition(".")[0]
        self.abi = _ABI_OF_MAJOR.get(int(major)) if major.isdigit() and len(major) < 4 else None

    def describe(self) -> str:
        """Say what there is."""
        if self.program is None:
            return "there is no Node"
        return f"there is one with ABI {self.abi}" if self.abi else "the ABI of the Node there can't be told"
