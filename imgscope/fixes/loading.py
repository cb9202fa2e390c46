"""Looks, without running anything, whether what an image starts still finds all it needs: by ``base_images``' reading.

What lacks in the old image too is nothing that an edit took away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..base_images.app import App, read_app
from ..base_images.find import Base
from ..base_images.fit import Lack, Needs, known_lacks
from ..rootfs.root import FileFacts, Root

if TYPE_CHECKING:
    from ..analysis import Analysis

# Without these a file can't be loaded, whoever starts it.
_LOADING = ("interpreter", "library", "version", "libc")
_PYTHON, _NODE = r"python3?(\.\d+)?", r"node|nodejs"


class Needing(NamedTuple):
    """An image's programs: what they start and what is not there of what they need."""

    needs: Needs
    lacks: tuple[Lack, ...]
    python: bool
    node: bool


def look(analysis: Analysis) -> Needing:
    """Find what an image starts, and what of it lacks. What can't be read is left out."""
    root = Root(analysis, FileFacts())
    # All of the image is looked at, the base included: an edit may change that too.
    app: App = read_app(analysis, Base("", None, 0, "", "certain", 0), root)
    needs = Needs(root, app, app.environment)
    python, node = needs.start.calls(_PYTHON), needs.start.calls(_NODE)
    return Needing(needs, tuple(needs.lacks(python=python, node=node)), python, node)


def lost(old: Needing, new: Needing) -> tuple[list[Lack], list[Lack]]:
    """Return what lacks in the new image and did not in the old one: what stops something, and what may matter."""
    known = known_lacks(old.lacks)
    names = {(kind, name) for kind, name, _ in known}
    stops: list[Lack] = []
    minor: list[Lack] = []
    for lack in new.lacks:
        by = tuple(path for path in lack.by or ("",) if (lack.kind, lack.name, path) not in known)
        if not by or (not lack.by and (lack.kind, lack.name) in names):
            continue
        found = Lack(lack.kind, lack.name, tuple(path for path in by if path), lack.hint, lack.decisive)
        (stops if lack.decisive or lack.kind in _LOADING else minor).append(found)
    return stops, minor


def words(lack: Lack) -> str:
    """Say what lacks, in one line."""
    by = f", which {lack.by[0]} needs" if lack.by else ""
    hint = f" ({lack.hint})" if lack.hint else ""
    return f"{lack.kind} {lack.name} lacks{by}{hint}"
