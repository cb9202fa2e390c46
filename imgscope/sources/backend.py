"""What an engine is to imgscope: something that knows images and exports them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from ..archive.platform import Platform


@dataclass(frozen=True, slots=True)
class EngineImage:
    """What an engine says of an image: its id, names, platform, and bytes of its export (``None``: can't tell).

    ``several`` tells that the id stands for an index, whose platforms may be exported one by one. ``layers`` is the
    number of layers, ``None`` if that is not told.
    """

    id: str
    names: tuple[str, ...]
    platform: Platform | None
    bytes: int | None
    several: bool = False
    layers: int | None = None


class Step(NamedTuple):
    """What an engine tells of a step of an image's history: its words, and the content bytes that it added."""

    created_by: str
    comment: str
    bytes: int


class Backend(Protocol):
    """A way to talk to an engine. ``title`` is what to call it, ``address`` where it is."""

    title: str
    address: str
    pull: str

    def inspect(self, name: str) -> EngineImage | None:
        """Return what the engine says of an image, ``None`` when it has none of that name. Raises ``EngineError``."""

    def steps(self, known: EngineImage) -> list[Step]:
        """Return an image's history, the first step first; empty where that is not told. Raises ``EngineError``."""

    def names(self) -> list[str]:
        """Return the names of all images of the engine. Raises ``EngineError``."""

    def export(self, known: EngineImage, platform: Platform | None) -> AbstractContextManager[Callable[[int], bytes]]:
        """Export an image as a tar: a function that reads it. Raises ``EngineError``, from there too."""
