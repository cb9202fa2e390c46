"""How names in a layer's tar are meant: whiteouts and AUFS's bookkeeping.

Follows the OCI image spec, "Image Layer Filesystem Changeset" (layer.md, *Whiteouts*).
"""

from __future__ import annotations

WHITEOUT_PREFIX = b".wh."
OPAQUE_WHITEOUT = b".wh..wh..opq"
# What AUFS kept for itself (.wh..wh.plnk, .wh..wh.aufs, …): never part of the image.
BOOKKEEPING_PREFIX = b".wh..wh."


def is_bookkeeping(path: bytes) -> bool:
    """Tell whether a cleaned path is, or lies below, AUFS's bookkeeping (the opaque whiteout is not)."""
    if BOOKKEEPING_PREFIX not in path:
        return False
    parts = path.split(b"/")
    return any(part.startswith(BOOKKEEPING_PREFIX) for part in parts[:-1]) or (
        parts[-1].startswith(BOOKKEEPING_PREFIX) and parts[-1] != OPAQUE_WHITEOUT
    )
