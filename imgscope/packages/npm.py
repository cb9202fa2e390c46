"""npm's packages: each ``node_modules/NAME`` with a ``package.json``, and all that lies below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..documents import MAX_SMALL, parse_small
from ..errors import LimitError
from ..paths import split
from .interface import Package

if TYPE_CHECKING:
    from .reader import ImageReader

_MODULES = b"node_modules"
_INSIDE = _MODULES + b"/"


class Npm:
    """Reads packages by where they lie, as Node's module resolution does."""

    ecosystem = "npm"
    system = False
    _directories: list[bytes]

    def wanted(self, image: ImageReader) -> Iterable[bytes]:
        """Yield each package's manifest."""
        self._directories = list(self._packages(image))
        for directory in self._directories:
            # What is longer is not a manifest, and not read; it is noted below.
            if image.size(image.names(directory)[b"package.json"]) <= MAX_SMALL:
                yield directory + b"/package.json"

    def _packages(self, image: ImageReader) -> Iterator[bytes]:
        for directory in image.directories():
            # Most directories are told by this alone.
            if _INSIDE not in directory:
                continue
            above, name = split(directory)
            scope, scoped = split(above)
            home = scope if scoped.startswith(b"@") else above
            fits = home == _MODULES or home.endswith(b"/" + _MODULES)
            if fits and not name.startswith((b"@", b".")) and b"package.json" in image.names(directory):
                yield directory

    def read(self, image: ImageReader) -> Iterator[Package]:
        """Yield the packages, by their paths."""
        for directory in self._directories:
            path = directory + b"/package.json"
            if image.size(image.names(directory)[b"package.json"]) > MAX_SMALL:
                image.note(f"/{path.decode('utf-8', 'surrogateescape')} is too large for a package's manifest")
                continue
            try:
                manifest = parse_small(image.content(path) or b"null")
            except (ValueError, RecursionError, LimitError):
                image.note(f"/{path.decode('utf-8', 'surrogateescape')} can't be read")
                continue
            if not isinstance(manifest, dict):
                continue
            above, name = split(directory)
            scope = split(above)[1]
            known = manifest.get("name")
            if not isinstance(known, str) or not known:
                known = (scope + b"/" + name if scope.startswith(b"@") else name).decode("utf-8", "replace")
            version = manifest.get("version")
            yield Package("npm", known, version if isinstance(version, str) else "", None, path, below=directory)
