"""What the image itself shows of its build: what each layer left, who ran it, what its scripts say."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ...errors import ContentUnavailableError, ImageError
from ...layer.index import FILE, SYMLINK
from ...overlay.merge import NO_ENTRY
from ...paths import internal, join, public, split
from ...rootfs.walk import Walker

if TYPE_CHECKING:
    from ...analysis import Analysis
    from .cleans import Clean

# A script that is longer is not read.
_MAX_SCRIPT = 1 << 20
_SAFE = re.compile(r"[A-Za-z0-9_./@%+,=:*-]+")
_ALL = re.compile(r"^[^#\n]*=\s*(?:\([^)]*\)\s*)?NOPASSWD:\s*ALL\s*$", re.MULTILINE)
_DOAS = re.compile(r"^\s*permit\s+(?:\w+\s+)*?nopass\b(?![^\n]*\bcmd\b)", re.MULTILINE)


class Facts:
    """An image, asked by path and layer."""

    def __init__(self, analysis: Analysis) -> None:
        """Look at ``analysis``."""
        self.analysis = analysis
        self.overlay = analysis.body.overlay
        self._texts: dict[int, str | None] = {}
        self._leftovers: dict[object, list[tuple[str, bytes, int]]] = {}

    @cached_property
    def _hidden_by(self) -> dict[int, int]:
        hidden = self.overlay.hidden
        return {entry: hidden.by[row] for row, entry in enumerate(hidden.entries) if entry >= 0}

    def hidden_by(self, entry: int) -> int | None:
        """Return the layer that hides a global entry, if one does."""
        return self._hidden_by.get(entry)

    def own(self, layer: int) -> Iterator[tuple[bytes, int]]:
        """Yield path and global entry of all that a layer holds, directories that are only implied left out."""
        first = self.overlay.first[layer]
        for directory, names in self.overlay.layers[layer].children.items():
            for name, own in names.items():
                if own >= 0:
                    yield join(directory, name), first + own

    def leftovers(self, clean: Clean, layer: int) -> Sequence[tuple[str, bytes, int]]:
        """Return what a layer holds of some leftovers: the word that removes it, the path, the global entry.

        Empty files save nothing and are left out.
        """
        key = clean.places, layer
        if key not in self._leftovers:
            self._leftovers[key] = list(self._find_leftovers(clean, layer))
        return self._leftovers[key]

    def _find_leftovers(self, clean: Clean, layer: int) -> Iterator[tuple[str, bytes, int]]:
        for path, entry in self.own(layer):
            if self.overlay.kind(entry) != FILE or not self.overlay.sizes[entry]:
                continue
            for shown, pattern in clean.places:
                found = pattern.match(path)
                if found is not None:
                    groups = [group.decode("utf-8", "surrogateescape") for group in found.groups()]
                    yield shown.format(*groups), path, entry
                    break

    def touches(self, layer: int, folders: Iterable[bytes]) -> bool:
        """Tell whether a layer holds or removes anything in some folders."""
        index = self.overlay.layers[layer]
        for folder in folders:
            inside = folder + b"/"
            if any((d == folder or d.startswith(inside)) and any(own >= 0 for own in n.values())
                   for d, n in index.children.items()):  # fmt: skip
                return True
            if any(join(d, n) == folder or join(d, n).startswith(inside) for d, n in index.whiteouts):
                return True
        return False

    def holds(self, layer: int, path: bytes) -> int | None:
        """Return the global entry that one layer itself has at a path."""
        directory, name = split(path)
        own = self.overlay.layers[layer].children.get(directory, {}).get(name)
        return None if own is None or own < 0 else self.overlay.first[layer] + own

    def text(self, path: str, layer: int) -> str | None:
        """Return a file's text as it is once ``layer`` is on top; ``None`` where it is not there, or is not text."""
        walked = self._walker(layer).walk(internal(path))
        entry = self.overlay.inode(walked.entry)
        if walked.trouble or entry < 0 or self.overlay.kind(entry) != FILE or self.overlay.sizes[entry] > _MAX_SCRIPT:
            return None
        if entry not in self._texts:
            self._texts[entry] = self._read(entry)
        return self._texts[entry]

    def _walker(self, layer: int) -> Walker:
        """Return what follows paths as they are once ``layer`` is on top, removals left out of account."""

        def newest(directory: bytes, name: bytes) -> int | None:
            for number in range(layer, -1, -1):
                own = self.overlay.layers[number].children.get(directory, {}).get(name)
                if own is not None:
                    # A directory that is only implied takes the place of a link below it.
                    return NO_ENTRY if own < 0 else self.overlay.first[number] + own
            return None

        return Walker(self.overlay, newest)

    def _read(self, entry: int) -> str | None:
        try:
            data = next(iter(self.analysis.contents.read([self.overlay.locate(entry)])))[1]
        except (ContentUnavailableError, ImageError, OSError, ValueError, StopIteration):
            return None
        return None if b"\0" in data else data.decode("utf-8", "surrogateescape")

    def links_into(self, folders: Iterable[bytes]) -> bytes | None:
        """Return a link of the merged tree that leads into one of some folders from outside; ``None`` if none does."""
        wanted = [folder.rstrip(b"/") for folder in folders]

        def within(path: bytes) -> bool:
            return any(path == folder or path.startswith(folder + b"/") for folder in wanted)

        return next((path for path, *ends in self._links if any(map(within, ends)) and not within(path)), None)

    @cached_property
    def _links(self) -> list[tuple[bytes, bytes, bytes]]:
        """The symbolic links of the merged tree, and where each leads: by the tree, and by its words alone."""
        found: list[tuple[bytes, bytes, bytes]] = []
        walker = Walker(self.overlay)
        for layer, index in enumerate(self.overlay.layers):
            if SYMLINK not in index.kinds:
                continue
            for path, entry in self.own(layer):
                own = entry - self.overlay.first[layer]
                if index.kinds[own] == SYMLINK and entry not in self._hidden_by:
                    found.append((path, walker.walk(path).path, _target(path, index.links.get(own, b""))))
        return found

    def owner(self, entry: int) -> int:
        """Return the uid of a global entry."""
        return self.overlay.meta_table[self.overlay.metas[entry]][1]

    def allows_all(self, tool: str, layer: int) -> bool:
        """Tell whether the image's rules let ``sudo`` or ``doas`` run anything without a password.

        Whom they let do it is not asked: who calls it in a build without a terminal is let do it.
        """
        if tool == "doas":
            return any(
                _DOAS.search(self.text(path, layer) or "")
                for path in ("/etc/doas.conf", *self._folder(b"etc/doas.d", layer))
            )
        return any(
            _ALL.search(self.text(path, layer) or "")
            for path in ("/etc/sudoers", *self._folder(b"etc/sudoers.d", layer))
        )

    def _folder(self, folder: bytes, layer: int) -> list[str]:
        names = {name for index in self.overlay.layers[: layer + 1] for name in index.children.get(folder, {})}
        return [public(join(folder, name)) for name in sorted(names)]


def _target(path: bytes, link: bytes) -> bytes:
    return posixpath.normpath(b"/" + posixpath.join(posixpath.dirname(path), link)).lstrip(b"/")


def safe_word(word: str) -> bool:
    """Tell whether a path can stand in a script as it is."""
    return _SAFE.fullmatch(word) is not None
