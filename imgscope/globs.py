"""Globs over paths of an image: ``/app``, ``*.pyc``, ``/usr/**/site-packages``. The one dialect of all commands.

``*`` and ``?`` stop at slashes, ``**`` does not, ``[a-z]`` is a set (``[!a-z]`` and ``[^a-z]`` all but it). A glob
without a slash fits names anywhere; one with a slash starts at the root.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from .paths import join

WILD = re.compile(rb"[*?\[]")
"""What makes a part of a glob more than a name."""


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
            if _folder(folder).fullmatch(directory):
                found += ends
        for part, folder, ends in self._by_part:
            if part in directory and _folder(folder).fullmatch(directory):
                found += ends
        return found


@cache
def _folder(glob: bytes) -> re.Pattern[bytes]:
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
            inner = text[position:end]
            negated = inner[:1] in b"!^" and len(inner) > 1
            inner = re.escape(inner[negated:]).replace(rb"\-", b"-")
            parts.append(b"(?!/)[" + (b"^" if negated else b"") + inner + b"]")
            position = end + 1
        else:
            parts.append(re.escape(char))
    return b"".join(parts)
