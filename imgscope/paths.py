"""Paths of an image as everything inside writes them: bytes, no slash at either end, the root empty.

``clean`` and ``internal`` make them, ``public`` writes them for people, ``split`` and ``join`` take them apart and
put them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def clean(name: bytes) -> tuple[bytes, bool]:
    """Return ``name`` as a path from the image's root, and whether a ``..`` led above that root.

    No leading or trailing slash, no empty, ``.`` or ``..`` component; the root itself is ``b""``. Components
    are resolved by their letters alone; what would leave the root is clamped to it, as engines do.
    """
    if b"/." not in name and b"//" not in name and name[:1] not in b"/." and name[-1:] != b"/":
        # Clean as it is: nearly all names are.
        return name, False
    parts: list[bytes] = []
    clamped = False
    for part in name.split(b"/"):
        if part in (b"", b"."):
            continue
        if part == b"..":
            if parts:
                parts.pop()
            else:
                clamped = True
        else:
            parts.append(part)
    return b"/".join(parts), clamped


def lexical(name: bytes) -> bytes:
    """Return ``name`` cleaned by its letters alone: like ``clean``, but a relative name may climb above the root."""
    path, clamped = clean(name)
    if not clamped or name[:1] == b"/":
        return path
    parts: list[bytes] = []
    for part in name.split(b"/"):
        if part in (b"", b"."):
            continue
        if part == b".." and parts and parts[-1] != b"..":
            parts.pop()
        else:
            parts.append(part)
    return b"/".join(parts)


def split(path: bytes) -> tuple[bytes, bytes]:
    """Split a cleaned path into its directory and its last component."""
    head, _, tail = path.rpartition(b"/")
    return head, tail


def parents(directories: Iterable[bytes]) -> Iterator[bytes]:
    """Yield directories and all above them, but the root, each once."""
    seen: set[bytes] = {b""}
    for directory in directories:
        while directory not in seen:
            seen.add(directory)
            yield directory
            directory = split(directory)[0]


def public(path: bytes) -> str:
    """Write a path as the public rows do: a leading ``/``, UTF-8, other bytes as surrogate escapes."""
    return "/" + path.decode("utf-8", "surrogateescape")


def internal(path: str) -> bytes:
    """Read a path as a user writes it (with or without the leading ``/``) into the form used here."""
    return clean(path.encode("utf-8", "surrogateescape"))[0]


def join(directory: bytes, name: bytes) -> bytes:
    """Put a directory and a name together to a path."""
    return directory + b"/" + name if directory else name
