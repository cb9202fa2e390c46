"""Layers of two images stacked: what an image would be if its own layers lay on another base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from ..analysis import Analysis, Body
from ..layer.index import DIRECTORY, HARDLINK, IMPLIED, SYMLINK, LayerIndex
from ..overlay.changes import Comparison
from ..overlay.merge import Overlay
from ..paths import split
from ..rootfs.walk import Walker, kind_of

if TYPE_CHECKING:
    from ..contents import ContentKey, Contents, Pair
    from ..layer.contents import FileBytes


class StackedContents:
    """Contents of the first ``count`` layers of one image, and of another's layers from ``skip`` on above them."""

    def __init__(self, below: Contents, count: int, above: Contents, skip: int) -> None:
        """Read from both; closing is left to their owners."""
        self._below, self._count = below, count
        self._above, self._skip = above, skip

    def home(self, layer: int) -> tuple[Contents, int]:
        """Return where a layer really is: the contents that have it, and its number there."""
        contents, number = self._side(layer)
        return contents.home(number)

    def _side(self, layer: int) -> tuple[Contents, int]:
        if layer < self._count:
            return self._below, layer
        return self._above, layer - self._count + self._skip

    def open(self, layer: int, entry: int) -> BinaryIO:
        """Open one file's content. Raises ``ImageError``."""
        contents, number = self._side(layer)
        return contents.open(number, entry)

    def same(self, pairs: Sequence[Pair]) -> list[bool]:
        """Compare files by their fingerprints. Raises ``ImageError``."""
        prints = self.fingerprints([key for pair in pairs for key in pair])
        return [prints[place] == prints[place + 1] for place in range(0, len(prints), 2)]

    def fingerprints(self, keys: Sequence[ContentKey]) -> list[bytes]:
        """Return a fingerprint of each file. Raises ``ImageError``."""
        found: list[bytes] = []
        for layer, entry in keys:
            contents, number = self._side(layer)
            found += contents.fingerprints([(number, entry)])
        return found

    def read(self, keys: Sequence[ContentKey]) -> Iterator[tuple[ContentKey, bytes]]:
        """Yield each file's content whole. Raises ``ImageError``."""
        for wanted in (True, False):
            some = [key for key in keys if (key[0] < self._count) is wanted]
            if not some:
                continue
            contents = self._side(some[0][0])[0]
            back = {(self._side(layer)[1], entry): (layer, entry) for layer, entry in some}
            for key, data in contents.read(list(back)):
                yield back[key], data

    def streams(self, layer: int, entries: Iterable[int]) -> Iterator[tuple[int, BinaryIO]]:
        """Yield (entry, its content in sequence) of a layer's files. Raises ``ImageError``."""
        contents, number = self._side(layer)
        return contents.streams(number, entries)

    def at_hand(self, layer: int, entry: int) -> bool:
        """Tell whether one file's content costs next to nothing to read."""
        contents, number = self._side(layer)
        return contents.at_hand(number, entry)

    def random_access(self, layer: int) -> FileBytes | None:
        """Return the bytes of a layer that lies uncompressed in a file, ``None`` for others. Raises ``ImageError``."""
        contents, number = self._side(layer)
        return contents.random_access(number)

    def close(self) -> None:
        """Do nothing: the images are their owners'."""


def bottom(analysis: Analysis, count: int) -> Analysis:
    """Return an image's first ``count`` layers as an image of their own; its figures are the whole image's."""
    overlay = Overlay(analysis.body.overlay.layers[:count], keep_hidden=False)
    return Analysis(analysis.image, analysis.layers[:count], (), _body(overlay), analysis.contents)


def stacked(below: Analysis, above: Analysis, skip: int) -> Analysis:
    """Return all layers of ``below`` with those of ``above`` from ``skip`` on upon them; the config is the latter's."""
    count = len(below.layers)
    own = [_through_links(index, below.body.overlay) for index in above.body.overlay.layers[skip:]]
    overlay = Overlay([*below.body.overlay.layers, *own], keep_hidden=False)
    layers = [*below.layers, *above.layers[skip:]]
    layers = [replace(layer, index=number) for number, layer in enumerate(layers)]
    contents = StackedContents(below.contents, count, above.contents, skip)
    return Analysis(above.image, layers, (), _body(overlay), contents)


def _through_links(index: LayerIndex, below: Overlay) -> LayerIndex:
    """Put what a layer has below a directory of the root where that leads, if ``below`` has a link in its place.

    Distributions made ``/lib`` and its like links into ``/usr``; a build goes through them (COPY, package managers),
    though the layer that another base's build made does not.
    """
    moved: dict[bytes, bytes] = {}
    walker = Walker(below)
    for name, own in index.children.get(b"", {}).items():
        entry = below.tree.get(b"", {}).get(name)
        if entry is None or entry < 0 or below.kinds[entry] != SYMLINK:
            continue
        if own >= 0 and index.kinds[own] != DIRECTORY:
            continue
        walked = walker.walk(name)
        if walked.path and not walked.trouble and kind_of(below, walked.entry) == DIRECTORY:
            moved[name] = walked.path
    if not moved:
        return index

    def place(path: bytes) -> bytes:
        head, slash, tail = path.partition(b"/")
        return moved[head] + slash + tail if head in moved else path

    children: dict[bytes, dict[bytes, int]] = {b"": {}}
    for directory, names in index.children.items():
        kept = {name: own for name, own in names.items() if directory or name not in moved}
        children.setdefault(place(directory), {}).update(kept)
    for target in moved.values():
        # Every directory is a name in its parent.
        while target:
            directory, name = split(target)
            children.setdefault(directory, {}).setdefault(name, IMPLIED)
            target = directory
    return replace(
        index,
        children=children,
        links={own: place(link) if index.kinds[own] == HARDLINK else link for own, link in index.links.items()},
        whiteouts=[(place(directory), name) for directory, name in index.whiteouts],
        opaques=[place(directory) for directory in index.opaques],
        repeated=[(place(directory), name, own) for directory, name, own in index.repeated],
    )


def _body(overlay: Overlay) -> Body:
    return Body(overlay, Comparison(overlay, None, b""))
