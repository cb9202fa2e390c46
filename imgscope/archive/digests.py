"""Digests as the OCI image spec has them (descriptor.md, *Digests*): told, computed and shortened.

All registered algorithms are known: sha256, sha512, and blake3 where the package of that name is installed. Blobs
under any other are read all the same, only not checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeGuard

from ..errors import ArchiveError
from ..escape import escape

_DIGEST = re.compile(r"([a-z0-9]+(?:[+._-][a-z0-9]+)*):([A-Za-z0-9=_-]+)")
_PIECE = 1 << 20
_HEX = re.compile(r"[0-9a-f]+")
# Hexadecimal digits of a digest; sha384 is not registered, but Docker's own library knows it.
_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128, "blake3": 64}


class Unverifiable(KeyError):
    """A digest's algorithm can't be computed here; its text says why."""

    def __str__(self) -> str:
        return str(self.args[0])


class Hash(Protocol):
    """A digest under way."""

    def update(self, data: bytes, /) -> Any:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """Return the digest of all that was taken, in hexadecimal."""


def algorithm_of(digest: str) -> str:
    """Return the algorithm's name in a digest."""
    return digest.partition(":")[0]


def new_hash(algorithm: str) -> Hash:
    """Begin a digest. Raises ``Unverifiable`` where that can't be computed."""
    import hashlib

    if algorithm == "blake3":
        try:
            from blake3 import blake3  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            raise Unverifiable("blake3 is not available; install imgscope[blake3]") from None
        found: Hash = blake3()
        return found
    if algorithm not in _LENGTHS:
        raise Unverifiable(f"the digest algorithm {escape(algorithm[:64])} is not known")
    return hashlib.new(algorithm, usedforsecurity=False)


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    """Return the digest of some bytes. Raises ``Unverifiable``."""
    state = new_hash(algorithm)
    state.update(data)
    return f"{algorithm}:{state.hexdigest()}"


def digest_of_parts(parts: Iterable[bytes]) -> str:
    """Return the sha256 digest of what comes in parts."""
    state = new_hash("sha256")
    for data in parts:
        state.update(data)
    return f"sha256:{state.hexdigest()}"


class Digested:
    """A stream that is digested as it is read."""

    def __init__(self, read: Callable[[int], bytes], algorithm: str = "sha256") -> None:
        """Pass on what ``read(n)`` gives. Raises ``Unverifiable``."""
        self._source = read
        self._state = new_hash(algorithm)
        self._algorithm = algorithm

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes."""
        data = self._source(size)
        self._state.update(data)
        return data

    def rest(self) -> str:
        """Read what is left, and return the digest of the whole. Raises what reading raises."""
        while self.read(_PIECE):
            pass
        return f"{self._algorithm}:{self._state.hexdigest()}"


def is_digest(text: object) -> TypeGuard[str]:
    """Tell whether a JSON value is a well-formed digest."""
    if not isinstance(text, str):
        return False
    match = _DIGEST.fullmatch(text)
    if match is None:
        return False
    length = _LENGTHS.get(match[1])
    return length is None or (len(match[2]) == length and _HEX.fullmatch(match[2]) is not None)


def blob_name(digest: str) -> str:
    """Return where an OCI layout keeps a blob (image-layout.md, *Blobs*). Raises ``ArchiveError``."""
    if not is_digest(digest):
        raise ArchiveError(f"{escape(digest[:100])!r} is not a digest")
    return "blobs/" + digest.replace(":", "/", 1)


def short(digest: str) -> str:
    """Shorten a digest for a message, as engines print ids."""
    algorithm, _, value = digest.partition(":")
    return f"{algorithm}:{value[:12]}" if value else escape(digest[:40])
