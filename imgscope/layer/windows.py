"""Layers of Windows images: what a container sees lies below ``Files``; ``Hives`` and the like are the system's own.

So hcsshim writes and reads them, for Docker and containerd. An index is made as the tar says, and kept so; this is how
it is seen.
"""

from __future__ import annotations

from dataclasses import replace

from .index import HARDLINK, LayerIndex

_FILES = b"Files"
_BELOW = b"Files/"


def as_seen(index: LayerIndex) -> LayerIndex:
    """Return an index whose root is the layer's ``Files``; what lies beside it stays where it is.

    A layer without ``Files`` is returned as it is.
    """
    if _FILES not in index.children:
        return index
    children: dict[bytes, dict[bytes, int]] = {}
    for directory, names in index.children.items():
        if directory == b"":
            names = {name: entry for name, entry in names.items() if name != _FILES}
        seen = _seen(directory)
        children[seen] = {**children[seen], **names} if seen in children else dict(names)
    kinds = index.kinds
    return replace(
        index,
        children=children,
        links={entry: _seen(link) if kinds[entry] == HARDLINK else link for entry, link in index.links.items()},
        whiteouts=[(_seen(directory), name) for directory, name in index.whiteouts],
        opaques=[_seen(directory) for directory in index.opaques],
        repeated=[(_seen(directory), name, entry) for directory, name, entry in index.repeated],
    )


def _seen(path: bytes) -> bytes:
    if path == _FILES:
        return b""
    return path[len(_BELOW) :] if path.startswith(_BELOW) else path
