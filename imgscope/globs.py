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
