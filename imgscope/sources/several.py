"""Several sources that are asked in turn for one name: the first that has it is the image's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..errors import EngineError, ImageError, ImageNotFoundError, RegistryError
from .interface import Memory, Remembering

if TYPE_CHECKING:
    from ..archive.image import OpenImage
    from ..archive.tar_stores import ScanLayer
    from ..progress import Progress
    from ..reference import Reference
    from .interface import Source


class SeveralSources:
    """What ``--source docker,registry`` asks for. An engine that is not there counts as one that has no images."""

    def __init__(self, reference: Reference, makers: Sequence[Callable[[], Source]]) -> None:
        """Name what makes the sources, in the order in which they are asked."""
        self._text = reference.text
        self._makers = makers
        self._found: Source | None = None
        self._memory: Memory | None = None

    def remember(self, memory: Memory) -> None:
        """Let those sources use it that can."""
        self._memory = memory

    def _source(self) -> Source:
        """Return the first source that has the image. Raises what the last one raises, with the others' words."""
        failed: list[ImageError] = []
        while self._found is None:
            source = self._makers[len(failed)]()
            if self._memory is not None and isinstance(source, Remembering):
                source.remember(self._memory)
            try:
                # What it is known by is the least that can be asked.
                source.cache_key()
                self._found = source
            except (ImageNotFoundError, EngineError, RegistryError) as error:
                failed.append(error)
                if len(failed) == len(self._makers):
                    words = "; ".join(str(one).partition(";")[0] for one in failed[:-1])
                    raise type(error)(f"{words}; {error}") from None
        return self._found

    @property
    def vouched(self) -> str | None:
        """Whoever vouches for the source that has it."""
        return self._source().vouched

    @property
    def remote(self) -> bool:
        """Whether the source that has it is elsewhere."""
        return self._source().remote

    def describe(self) -> str:
        """Name the image where it was found."""
        return self._source().describe()

    def saved(self) -> bytes | None:
        """Return nothing: a name without a scheme is an image's."""
        return None

    def cache_key(self) -> str | None:
        """Return what the image is known by where it was found."""
        return self._source().cache_key()

    def names(self) -> tuple[str, ...] | None:
        """Return the image's names there."""
        return self._source().names()

    def open(self, scan_layer: ScanLayer, progress: Progress | None = None) -> OpenImage:
        """Open it there."""
        return self._source().open(scan_layer, progress)

    def reopen(self, progress: Progress | None = None) -> OpenImage:
        """Open it there again."""
        return self._source().reopen(progress)
