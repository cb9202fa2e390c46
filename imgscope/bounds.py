"""What one image may cost beyond the size of its layers, all of them together.

Nearly all that a layer holds costs what its tar is long. What costs more is counted here as it is met: once by each
layer's scan, so that one layer can't exceed what an image may, and once over all layers. What an honest layer needs is
free, in proportion to its members; what remains adds up over the image, in whatever order or process it was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .errors import LimitError

MEMBERS = "members"
REPEATED = "repeated"
DIRECTORIES = "directories"
DIRECTORY_BYTES = "directory_bytes"
NAME_BYTES = "name_bytes"
STEPS = "steps"
PIECES = "pieces"
HOLE_BYTES = "hole_bytes"
ATTRIBUTE_BYTES = "attribute_bytes"
RECORDS = "records"

# No image that engines run comes near any of these; docs/security.md has them as numbers too.
LIMITS: Mapping[str, tuple[int, str]] = {
    MEMBERS: (5_000_000, "its layers have over 5,000,000 members"),
    REPEATED: (100_000, "layers that it repeats have over 100,000 members"),
    DIRECTORIES: (1 << 16, "its names imply over 65,536 directories more than it has members"),
    DIRECTORY_BYTES: (1 << 24, "its names imply directories of over 16 MiB of path"),
    NAME_BYTES: (1 << 25, "its names are over 32 MiB longer than names are"),
    STEPS: (1 << 18, "its names go through over 262,144 symlinks and directories too many"),
    PIECES: (1 << 18, "its sparse files have over 262,144 pieces"),
    HOLE_BYTES: (1 << 33, "its sparse files have over 8 GiB of small holes"),
    ATTRIBUTE_BYTES: (1 << 26, "its files have over 64 MiB of extended attributes"),
    RECORDS: (1 << 20, "its extended headers have over 1,048,576 records too many"),
}
FREE_NAME = 256
"""A name or a link's target of so many bytes costs nothing beyond its header."""
FREE_PATH = 512
"""Bytes of directories' paths that each member may bring: what its header takes."""
FREE_STEPS = 48
"""Directories and links that each member's name may go through."""
FREE_RECORDS = 16
ATTRIBUTE = 200
"""What an attribute takes beside its name and value, in bytes of memory."""


class Costs:
    """Counts the costs of one layer, or of several. Raises ``LimitError`` as soon as one is more than an image's."""

    __slots__ = ("spent",)

    def __init__(self, spent: Mapping[str, int] | None = None) -> None:
        """Begin with what was spent before."""
        self.spent: dict[str, int] = dict(spent or {})

    def add(self, kind: str, amount: int) -> None:
        """Spend ``amount`` on something. Raises ``LimitError`` that names the bound."""
        if amount > 0:
            total = self.spent[kind] = self.spent.get(kind, 0) + amount
            if total > LIMITS[kind][0]:
                raise exceeded(kind)

    def name(self, length: int) -> None:
        """Count a name, or a link's target, of so many bytes."""
        if length > FREE_NAME:
            self.add(NAME_BYTES, length - FREE_NAME)

    def check(self, kind: str, amount: int) -> None:
        """Raise ``LimitError`` if what was spent and ``amount`` more would be too much."""
        if self.spent.get(kind, 0) + amount > LIMITS[kind][0]:
            raise exceeded(kind)

    def include(self, others: Iterable[Mapping[str, int]]) -> None:
        """Add what others spent. Raises ``LimitError``."""
        for other in others:
            for kind, amount in other.items():
                if kind in LIMITS:
                    self.add(kind, amount)


def exceeded(kind: str) -> LimitError:
    """Return the error that says which bound an image crosses."""
    return LimitError(f"the image is refused: {LIMITS[kind][1]}, which no image needs")
