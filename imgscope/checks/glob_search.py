"""Finds the few paths that fit one of many globs, looking closely only at those that may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..globs import WILD, PathFilter
from ..paths import join


def _is_plain(text: bytes) -> bool:
    return WILD.search(text) is None


class GlobSearch:
    """Tells which names of a directory may fit a glob, and whether they do.

    A glob without a slash is told by the name's end, one that spells out the directory right above by that
    directory's name, one that ends in ``**`` by a directory that it spells out.
    """

    def __init__(self, globs: tuple[str, ...]) -> None:
        """Prepare to look for ``globs``; what they mean is said at ``PathFilter``."""
        self.fits = PathFilter(globs).fits_itself
        self.names: set[bytes] = set()
        self._endings: set[bytes] = set()
        self._parents: set[bytes] = set()
        self._marks: set[bytes] = set()
        self._look_at_all = False
        for glob in globs:
            self._prepare(glob.encode("utf-8", "surrogateescape").strip(b"/").split(b"/"))
        self.endings = tuple(self._endings)

    def _prepare(self, parts: list[bytes]) -> None:
        last = parts[-1]
        spelt = [part for part in parts[:-1] if part and _is_plain(part)]
        ending = last.rpartition(b"*")[2]
        if last == b"**":
            # The directory itself has no such part above it; all that lies in it has.
            if spelt:
                self._marks.add(spelt[-1])
            else:
                self._look_at_all = True
        elif len(parts) > 1 and _is_plain(parts[-2]):
            self._parents.add(parts[-2])
        elif _is_plain(last):
            self.names.add(last)
        elif ending and _is_plain(ending):
            self._endings.add(ending)
        elif spelt:
            self._marks.add(spelt[-1])
        else:
            self._look_at_all = True

    def candidates(self, directory: bytes, names: Mapping[bytes, int]) -> Iterator[bytes]:
        """Yield the names in a directory that may fit."""
        if (
            self._look_at_all
            or directory.rpartition(b"/")[2] in self._parents
            or (self._marks and not self._marks.isdisjoint(directory.split(b"/")))
        ):
            yield from names
            return
        yield from filter(self.names.__contains__, names)
        if self.endings:
            yield from [name for name in names if name.endswith(self.endings) and name not in self.names]


def at_and_below(tree: Mapping[bytes, Mapping[bytes, int]], glob: str) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield (directory, name, entry) of all paths of a tree that fit a glob, and of all that lies below them."""
    search = GlobSearch((glob,))
    fitting: set[bytes] = set()
    # Parents come before what lies in them: a parent's path is the shorter one.
    for directory in sorted(tree, key=len):
        names = tree[directory]
        if directory in fitting or (directory and directory.rpartition(b"/")[0] in fitting):
            fitting.add(directory)
            yield from ((directory, name, entry) for name, entry in names.items())
            continue
        for name in search.candidates(directory, names):
            if search.fits(directory, name):
                fitting.add(join(directory, name))
                yield directory, name, names[name]
