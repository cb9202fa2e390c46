"""The images that a store has, so that none is read twice: a few bytes for each."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from ...archive import platform as platforms

if TYPE_CHECKING:
    from ..store import Store


class Known:
    """Images by their digests, and by the digests of the tags that pointed to them."""

    def __init__(self, store: Store) -> None:
        """Read what the store has. Raises ``OutputError``."""
        self._images = array("Q")
        self._more: set[int] = set()
        # An index's digest: the images that it stood for, each with its platform.
        self._tags: dict[bytes, tuple[tuple[str, str], ...]] = {}
        platforms_of: dict[str, str] = {}
        tags = store.column("tags", "digest", "image")
        pairs = {
            (digest, image)
            for digest, image in zip(tags["digest"].to_pylist(), tags["image"].to_pylist(), strict=True)
            if digest != image and digest
        }
        wanted = {image for _, image in pairs}
        images = store.column("images", "image", "config", "platform")
        columns = (images[name].to_pylist() for name in images.column_names)
        numbers: set[int] = set()
        for image, config, platform in zip(*columns, strict=True):
            numbers.add(_number(image))
            if image in wanted:
                platforms_of[image] = platform
            elif config in wanted:
                platforms_of[config] = platform
        self._images = array("Q", sorted(numbers))
        for digest, image in sorted(pairs):
            if image in platforms_of:
                key = digest.encode()
                self._tags[key] = (*self._tags.get(key, ()), (platforms_of[image], image))

    def has(self, image: str) -> bool:
        """Tell whether the store has an image."""
        number = _number(image)
        place = bisect_left(self._images, number)
        return (place < len(self._images) and self._images[place] == number) or number in self._more

    def add(self, image: str) -> None:
        """Take note of one more image."""
        self._more.add(_number(image))

    def image(self, digest: str, platform: str | None) -> str | None:
        """Return the image that a tag's digest stands for, if the store has it."""
        if self.has(digest):
            return digest
        target = platforms.parse(platform) if platform else platforms.host()
        for platform_, image in self._tags.get(digest.encode(), ()):
            found = platforms.read(platforms.stated(platform_))
            if found is not None and found.fits(target):
                return image
        return None


def _number(digest: str) -> int:
    """Return 64 bits of a digest: two of a billion images have the same once in forty runs, and one is then left out
    only if it is new in that very run.
    """
    return int(digest.rpartition(":")[2][:16], 16)
