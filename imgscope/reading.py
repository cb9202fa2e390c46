"""How an image is read: the one value that all functions which take an image pass on."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self, Unpack

    from .progress import Progress
    from .shared import SharedLayers


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How images are found and read; every function that takes an image takes these, as ``options`` or one by one.

    ``platform`` (``os/arch[/variant]``) chooses from an image for several platforms, ``image`` (a name, tag or digest)
    from an archive that holds several: it is about the image that a function is asked about, not about others that it
    is compared with. With ``cache`` what was read before is not read again, and what is read now is kept.
    ``progress`` is told how far the work is. With ``contents`` files will be opened too, so what can be read only once,
    or would have to be exported twice, is copied to a temporary file first. Analyses that are given the same
    ``shared`` read layers that they have in common once. With ``raw`` the config's secrets are at hand, which no
    cache holds (see ``Analysis.with_secrets``). Without ``layers`` those of an image in a registry are not read before
    somebody wants rows (see ``outline``).

    A name without a scheme is looked for in each ``source`` in turn (``docker``, ``podman``, ``registry``, as a list or
    with commas); of a registry's image ``jobs`` layers are read at a time, and ``login`` (user, password) is for the
    registry that is named. What is not said here is as the environment and the nearest ``imgscope.toml`` have it.
    """

    platform: str | None = None
    image: str | None = None
    cache: bool = True
    progress: Progress | None = None
    contents: bool = False
    shared: SharedLayers | None = None
    raw: bool = False
    layers: bool = True
    source: str | Sequence[str] | None = None
    jobs: int | None = None
    login: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, options: ReadOptions | None, given: ReadKeywords) -> ReadOptions:
        """Return ``options`` with what was ``given`` by keyword. Raises ``TypeError`` for a keyword that is none."""
        return replace(options or cls(), **given)

    def but(self, **changed: Unpack[ReadKeywords]) -> ReadOptions:
        """Return these options with some of them changed."""
        return replace(self, **changed)


class ReadKeywords(TypedDict, total=False):
    """The fields of ``ReadOptions`` as keywords of a function."""

    platform: str | None
    image: str | None
    cache: bool
    progress: Progress | None
    contents: bool
    shared: SharedLayers | None
    raw: bool
    layers: bool
    source: str | Sequence[str] | None
    jobs: int | None
    login: tuple[str, str] | None


class Holding:
    """A result that keeps the images open which were opened for it, until it is closed or its ``with`` block ends.

    Files' contents can't be read after that; everything else of the result stays.
    """

    __slots__ = ("_held",)

    def hold(self, images: ExitStack) -> Self:
        """Take over what closes the images."""
        object.__setattr__(self, "_held", images.pop_all())
        return self

    def close(self) -> None:
        """Close the images that were opened for this."""
        held: ExitStack | None = getattr(self, "_held", None)
        if held is not None:
            held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
