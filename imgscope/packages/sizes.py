"""The largest packages of an image, for its report: read with next to no cost, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ImageError
from ..highlights import HIGHLIGHTS
from ..largest import PackageSize, PackageSizes
from . import read_packages

if TYPE_CHECKING:
    from .reader import Readable


def package_sizes(image: Readable) -> PackageSizes:
    """Rank an image's packages by their content bytes.

    Nothing is exported or decompressed for them: kinds of packages of which a record is not at hand are named in
    ``unread``.
    """
    try:
        found = read_packages(image, at_hand=True)
    except ImageError as error:
        return PackageSizes(unread={"packages": str(error)})
    ranked = sorted(found.packages, key=lambda one: (-one.size, one.ecosystem, one.name, one.version, one.location))
    rows = (PackageSize(one.ecosystem, one.name, one.version, one.size) for one in ranked[:HIGHLIGHTS])
    return PackageSizes(tuple(rows), len(ranked), found.total_bytes, dict(found.unread))
