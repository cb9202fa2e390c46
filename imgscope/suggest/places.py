"""Finds the stored paths that fit any rule's globs, all rules' globs in one walk over the layers.

A glob is from the image's root; ``**`` stands for any directories. One that ends in ``/**`` means all that lies in a
directory; any other means files by name: a whole name, or ``*`` and the name's end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..layer.names import split
from ..overlay.merge import join
from .model import Claim

if TYPE_CHECKING:
    from ..overlay.merge import Overlay

_NOTHING: frozenset[str] = frozenset()


class Places:
    """Globs of several keys, compiled."""

    def __init__(self, wanted: Mapping[str, Sequence[str]]) -> None:
        """Compile the globs of each key."""
        self._by_name: dict[bytes, list[tuple[re.Pattern[bytes], str]]] = {}
        self._by_glob: list[tuple[re.Pattern[bytes], str]] = []
        self._names: dict[bytes, list[tuple[re.Pattern[bytes], str]]] = {}
        self._endings: dict[bytes, list[tuple[re.Pattern[bytes], str]]] = {}
        for key, globs in wanted.items():
            for glob in globs:
                self._add(key, glob.strip("/").encode())
        self._known: dict[bytes, frozenset[str]] = {b"": _NOTHING}

    def _add(self, key: str, glob: bytes) -> None:
        above, last = split(glob)
        if last == b"**":
            name = split(above)[1]
            found = (_compiled(above), key)
            if b"*" in name:
                self._by_glob.append(found)
            else:
                self._by_name.setdefault(name, []).append(found)
        elif last[:1] == b"*" and b"*" not in last[1:] and b"." in last:
            # The ending that a name is looked up by starts at its last dot.
            ending = last[1:]
            self._endings.setdefault(ending[ending.rindex(b".") :], []).append((_compiled(glob), key))
        elif b"*" in last:
            raise ValueError(f"{glob.decode()}: of a name only the end can be left open")
        else:
            self._names.setdefault(last, []).append((_compiled(glob), key))

    def of_directory(self, path: bytes) -> frozenset[str]:
        """Return the keys whose globs take in all that lies in a directory."""
        found = self._known.get(path)
        if found is None:
            above, name = split(path)
            found = self.of_directory(above) if above else _NOTHING
            candidates = self._by_name.get(name)
            if candidates or self._by_glob:
                fits = {key for pattern, key in (candidates or ()) if pattern.fullmatch(path)}
                fits.update(key for pattern, key in self._by_glob if pattern.fullmatch(path))
                if fits:
                    found = found | fits
            self._known[path] = found
        return found

    def of_file(self, directory: bytes, name: bytes) -> Iterable[str]:
        """Return the keys whose globs take in a file by its name."""
        dot = name.rfind(b".")
        candidates = self._endings.get(name[dot:]) if dot >= 0 else None
        exact = self._names.get(name)
        if not candidates and not exact:
            return ()
        path = join(directory, name)
        return {key for pattern, key in [*(candidates or ()), *(exact or ())] if pattern.fullmatch(path)}

    def find(self, overlay: Overlay, from_layer: int = 0) -> dict[str, list[Claim]]:
        """Return each key's stored paths, those that a later layer hides too, of the layers from ``from_layer`` up."""
        found: dict[str, list[Claim]] = {}
        by_file = bool(self._names or self._endings)
        endings, exact = self._endings, self._names
        for number in range(from_layer, len(overlay.layers)):
            first = overlay.first[number]
            for directory, names in overlay.layers[number].children.items():
                for key in self.of_directory(directory):
                    found.setdefault(key, []).extend(
                        [Claim(join(directory, name), first + own) for name, own in names.items() if own >= 0]
                    )
                if by_file:
                    for name, own in names.items():
                        # Here, and not in a function of its own: this runs for every path of the image.
                        if own < 0 or (name not in exact and name[name.rfind(b".") :] not in endings):
                            continue
                        for key in self.of_file(directory, name):
                            found.setdefault(key, []).append(Claim(join(directory, name), first + own))
        return found


def _compiled(glob: bytes) -> re.Pattern[bytes]:
    parts: list[bytes] = []
    for part in glob.split(b"/"):
        if part == b"**":
            parts.append(rb"(?:[^/]+/)*")
        else:
            parts.append(b"[^/]*".join(map(re.escape, part.split(b"*"))) + b"/")
    return re.compile(b"".join(parts).removesuffix(b"/"), re.DOTALL)
