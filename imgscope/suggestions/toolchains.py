"""Which directories of an image are a toolchain's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..knowledge.toolchains import JDK_HOMES, TOOLCHAINS
from .once import once
from .places import Places

if TYPE_CHECKING:
    from .context import Context


@once
def in_toolchain(context: Context) -> Callable[[bytes], bool]:
    """Return what tells whether a directory is one of a toolchain's own."""
    places = Places({"": [glob for one in TOOLCHAINS for glob in one.places if glob.endswith("/**")] + [*JDK_HOMES]})
    return lambda directory: bool(places.of_directory(directory))
