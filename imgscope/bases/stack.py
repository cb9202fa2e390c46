"""Layers of two images stacked: what an image would be if its own layers lay on another base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from ..analysis import Analysis, Body
from ..overlay.changes import Comparison
from ..overlay.merge import Overlay

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
        if layer < self._count:
            return self._below, layer
        return self._above, layer - self._count + self._skip

    def open(self, layer: int, entry: int) -> BinaryIO:
        """Open one file's content. Raises ``ImageError``."""
        contents, number = self.home(layer)
        return contents.open(number, entry)

    def same(self, pairs: Sequence[Pair]) -> list[bool]:
        """Compare files by their fingerprints. Raises ``ImageError``."""
        prints = self.fingerprints([key for pair in pairs for key in pair])
        return [prints[place] == prints[place + 1] for place in range(0, len(prints), 2)]

    def fingerprints(self, keys: Sequence[ContentKey]) -> list[bytes]:
        """Return a fingerprint of each file. Raises ``ImageError``."""
        found: list[bytes] = []
        for layer, entry in keys:
            contents, number = self.home(layer)
            found += contents.fingerprints([(number, entry)])
        return found

    def read(self, keys: Sequence[ContentKey]) -> Iterator[tuple[ContentKey, bytes]]:
        """Yield each file's content whole. Raises ``ImageError``."""
        for wanted in (True, False):
            some = [key for key in keys if (key[0] < self._count) is wanted]
            if not some:
                continue
            contents = self.home(some[0][0])[0]
            back = {(self.home(layer)[1], entry): (layer, entry) for layer, entry in some}
            for key, data in contents.read(list(back)):
                yield back[key], data

    def random_access(self, layer: int) -> FileBytes | None:
        """Return the bytes of a layer that lies uncompressed in a file, ``None`` for others. Raises ``ImageError``."""
        contents, number = self.home(layer)
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
    overlay = Overlay([*below.body.overlay.layers, *above.body.overlay.layers[skip:]], keep_hidden=False)
    layers = [*below.layers, *above.layers[skip:]]
    layers = [replace(layer, index=number) for number, layer in enumerate(layers)]
    contents = StackedContents(below.contents, count, above.contents, skip)
    return Analysis(above.image, layers, (), _body(overlay), contents)


def _body(overlay: Overlay) -> Body:
    return Body(overlay, Comparison(overlay, None, b""))
