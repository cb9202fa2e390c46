"""Finds the stored paths that fit any rule's globs, all rules' globs in one walk over the layers.

Globs are those of ``globs``, from the image's root. One that ends in ``/**`` means all that lies in a directory; any
other means files by name: a whole name, or ``*`` and the name's end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..globs import WILD, compiled
from ..paths import join, split

if TYPE_CHECKING:
    from ..overlay.merge import Overlay


class Claim(NamedTuple):
    """Stored bytes that a fix saves: those of a global entry of the overlay, at a path (as the core writes paths).

    ``bytes`` is for a part of a file; ``None`` is the whole of it.
    """

    path: bytes
    entry: int
    bytes: int | None = None


_NOTHING: frozenset[str] = frozenset()


class Seeker(Protocol):
    """What looks for places: a rule. ``everywhere``: in the base's layers too."""

    @property
    def code(self) -> str:
        """Its name."""

    @property
    def places(self) -> tuple[str, ...]:
        """Its globs."""

    @property
    def everywhere(self) -> bool:
        """Whether it looks into the base's layers too."""


class Places:
    """Globs of several keys: each is compiled once something asks for it by its last name, most never are."""

    def __init__(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Sort the globs of each key by what they ask of names."""
        self._by_name: dict[bytes, list[tuple[bytes, str]]] = {}
        self._by_glob: list[tuple[bytes, str]] = []
        # How the names of those start, or else end: hardly any directory is one, and all are asked.
        self._starts: tuple[bytes, ...] = ()
        self._ends: tuple[bytes, ...] = ()
        # (how the name ends, the glob if that is not all it asks for, key)
        self._names: dict[bytes, list[tuple[bytes, bytes | None, str]]] = {}
        self._endings: dict[bytes, list[tuple[bytes, bytes | None, str]]] = {}
        for key, globs in wanted.items():
            for glob in globs:
                self._add(key, glob.strip("/").encode())
        self._known: dict[bytes, frozenset[str]] = {b"": _NOTHING}

    def _add(self, key: str, glob: bytes) -> None:
        above, last = split(glob)
        if last == b"**":
            name = split(above)[1]
            found = (above, key)
            wild = WILD.search(name)
            if wild is not None:
                self._by_glob.append(found)
                if wild.start() == 0:
                    self._ends = (*self._ends, re.split(rb"[*?\]]", name)[-1])
                else:
                    self._starts = (*self._starts, name[: wild.start()])
            else:
                self._by_name.setdefault(name, []).append(found)
        elif last[:1] == b"*" and not WILD.search(last[1:]) and b"." in last:
            # The ending that a name is looked up by starts at its last dot.
            ending = last[1:]
            more = None if above == b"**" else glob
            self._endings.setdefault(ending[ending.rindex(b".") :], []).append((ending, more, key))
        elif WILD.search(last):
            raise ValueError(f"{glob.decode()}: of a name only the end can be left open")
        else:
            self._names.setdefault(last, []).append((last, None if above == b"**" else glob, key))

    def of_directory(self, path: bytes) -> frozenset[str]:
        """Return the keys whose globs take in all that lies in a directory."""
        found = self._known.get(path)
        if found is not None:
            return found
        pending = [path]
        above = split(path)[0]
        while above not in self._known:
            pending.append(above)
            above = split(above)[0]
        found = self._known[above]
        for inner in reversed(pending):
            name = inner[inner.rfind(b"/") + 1 :]
            fits: set[str] = set()
            if name in self._by_name:
                fits.update(key for glob, key in self._by_name[name] if compiled(glob).fullmatch(inner))
            if self._by_glob and (name.startswith(self._starts) or name.endswith(self._ends)):
                fits.update(key for glob, key in self._by_glob if compiled(glob).fullmatch(inner))
            if fits:
                found = found | fits
            self._known[inner] = found
        return found

    def of_file(self, directory: bytes, name: bytes) -> Iterable[str]:
        """Return the keys whose globs take in a file by its name."""
        dot = name.rfind(b".")
        candidates = self._endings.get(name[dot:]) if dot >= 0 else None
        exact = self._names.get(name)
        if not candidates and not exact:
            return ()
        return {
            key
            for ending, glob, key in [*(candidates or ()), *(exact or ())]
            if name.endswith(ending) and (glob is None or compiled(glob).fullmatch(join(directory, name)))
        }

    def find(self, overlay: Overlay, from_layer: int = 0) -> dict[str, list[Claim]]:
        """Return each key's stored paths, those that a later layer hides too, of the layers from ``from_layer`` up."""
        found: dict[str, list[Claim]] = {}
        by_file = bool(self._names or self._endings)
        endings, exact = self._endings, self._names
        # Half the time of a call of Claim: this runs for every path that fits, of which there may be as many as paths.
        new = partial(tuple.__new__, Claim)
        for number in range(from_layer, len(overlay.layers)):
            first = overlay.first[number]
            for directory, names in overlay.layers[number].children.items():
                keys = self.of_directory(directory)
                prefix = directory + b"/" if directory else b""
                if keys:
                    claims: list[Claim] = [
                        new((prefix + name, first + own, None)) for name, own in names.items() if own >= 0
                    ]
                    for key in keys:
                        found.setdefault(key, []).extend(claims)
                if by_file:
                    # A comprehension, and no call: this runs for every path of the image.
                    fit = [name for name in names if name[name.rfind(b".") :] in endings or name in exact]
                    for name in fit:
                        own = names[name]
                        claim = new((prefix + name, first + own, None))
                        for key in self.of_file(directory, name) if own >= 0 else ():
                            found.setdefault(key, []).append(claim)
        return found
