"""Globs over paths of an image: ``/app``, ``*.pyc``, ``/usr/**/site-packages``. The one dialect of all commands.

``*`` and ``?`` stop at slashes, ``**`` does not, ``[a-z]`` is a set (``[!a-z]`` and ``[^a-z]`` all but it). A glob
without a slash fits names anywhere; one with a slash starts at the root.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from .paths import join

WILD = re.compile(rb"[*?\[]")
"""What makes a part of a glob more than a name."""


def is_glob(text: str) -> bool:
    """Tell whether a text has what makes it a glob, and not a path or a name alone."""
    return not {"*", "?", "["}.isdisjoint(text)


class PathFilter:
    """Tells whether a path fits one of some globs. What fits takes all that lies below it along."""

    def __init__(self, globs: Sequence[str]) -> None:
        """Fit any of ``globs``."""
        self._whole = re.compile(b"|".join(b"(?:" + path_expression(glob) + b")" for glob in globs), re.DOTALL)
        self._directory = lru_cache(maxsize=1 << 16)(self._directory_fits)

    def fits(self, directory: bytes, name: bytes) -> bool:
        """Tell whether the path of ``name`` in ``directory`` (no leading slashes) fits."""
        return self._directory(directory) or self.fits_itself(directory, name)

    def fits_itself(self, directory: bytes, name: bytes) -> bool:
        """Tell whether the path of ``name`` in ``directory`` fits, whatever lies above it."""
        return self._whole.fullmatch(join(directory, name)) is not None

    def _directory_fits(self, directory: bytes) -> bool:
        """Tell whether a directory, or one above it, fits."""
        while directory:
            if self._whole.fullmatch(directory):
                return True
            directory = directory.rpartition(b"/")[0]
        return False


class FolderGlobs:
    """Tells which names in a directory globs speak of, quickly: it is asked of every directory that streams by.

    Names are told by their ends, a whole one too, so it tells of no fewer files than the globs.
    """

    def __init__(self, globs: Sequence[str]) -> None:
        """Take ``globs`` from the root; of a name each says all, or its end after ``*``."""
        self._plain: dict[bytes, tuple[bytes, ...]] = {}
        wild: dict[bytes, tuple[bytes, ...]] = {}
        for glob in globs:
            folder, _, last = glob.strip("/").encode().rpartition(b"/")
            known = wild if WILD.search(folder) else self._plain
            known[folder] = (*known.get(folder, ()), last.lstrip(b"*"))
        # By the directory's name where a glob spells it out; else by what the path has to have in it.
        self._by_name: dict[bytes, list[tuple[bytes, tuple[bytes, ...]]]] = {}
        self._by_part: list[tuple[bytes, bytes, tuple[bytes, ...]]] = []
        for folder, ends in wild.items():
            own = folder.rpartition(b"/")[2]
            if WILD.search(own):
                self._by_part.append((max(re.split(rb"[*?\[\]/]", folder), key=len), folder, ends))
            else:
                self._by_name.setdefault(own, []).append((folder, ends))

    def endings(self, directory: bytes) -> tuple[bytes, ...]:
        """Return the ends of the names in a directory (no leading slash) that fit; mostly none."""
        found = self._plain.get(directory, ())
        for folder, ends in self._by_name.get(directory[directory.rfind(b"/") + 1 :], ()):
            if compiled(folder).fullmatch(directory):
                found += ends
        for part, folder, ends in self._by_part:
            if part in directory and compiled(folder).fullmatch(directory):
                found += ends
        return found


@lru_cache(4096)
def compiled(glob: bytes) -> re.Pattern[bytes]:
    """Return what matches the whole paths (or names) that a glob from the root, without the first slash, fits."""
    return re.compile(expression(glob), re.DOTALL)


def path_expression(glob: str) -> bytes:
    """Write a glob of paths as a regular expression (of ``DOTALL``) for whole paths without a leading slash."""
    text = glob.encode("utf-8", "surrogateescape").rstrip(b"/") or b"**"
    prefix = b"" if b"/" in text else b"(?:.*/)?"
    return prefix + expression(text.lstrip(b"/"))


def expression(text: bytes, one: bytes = b"[^/]") -> bytes:
    """Write a glob from the root, without the first slash, as a regular expression (of ``DOTALL``) for whole paths.

    ``one`` is what a single sign may stand for: for who matches names alone, many at once.
    """
    parts: list[bytes] = []
    position = 0
    while position < len(text):
        char = text[position : position + 1]
        if text.startswith(b"**/", position):
            parts.append(b"(?:.*/)?")
            position += 3
            continue
        if text.startswith(b"**", position):
            parts.append(b".*")
            position += 2
            continue
        position += 1
        if char == b"*":
            parts.append(one + b"*")
        elif char == b"?":
            parts.append(one)
        elif char == b"[" and (end := text.find(b"]", position + 1)) > 0:
            parts.append(_one_of(text[position:end]))
            position = end + 1
        else:
            parts.append(re.escape(char))
    return b"".join(parts)


def _one_of(inner: bytes) -> bytes:
    """Write what stands in brackets as an expression for one sign; a range that runs backwards holds nothing."""
    negated = inner[:1] in b"!^" and len(inner) > 1
    rest = inner[negated:]
    items: list[bytes] = []
    while rest:
        is_range = rest[1:2] == b"-" and len(rest) > 2
        first, last = rest[:1], rest[2:3] if is_range else rest[:1]
        if first <= last:
            items.append(re.escape(first) + (b"-" + re.escape(last) if is_range else b""))
        rest = rest[3 if is_range else 1 :]
    if not items:
        return b"[^/]" if negated else b"(?!)"
    return b"(?!/)[" + (b"^" if negated else b"") + b"".join(items) + b"]"
