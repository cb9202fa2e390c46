"""Conda's packages: ``conda-meta/NAME-VERSION-BUILD.json`` in an environment's folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..paths import clean, join, public, split
from .interface import Package

if TYPE_CHECKING:
    from .reader import ImageReader

_META = b"conda-meta"
# The largest records, of packages with some ten thousand files, are a few megabytes.
_MAX_RECORD = 16 << 20


class Conda:
    """Reads the records of environments: one JSON document for each package, with its paths."""

    ecosystem = "conda"
    system = False
    _paths: list[bytes]

    def wanted(self, image: ImageReader) -> Iterable[bytes]:
        """Yield the records that are not too large."""
        self._paths = list(self._records(image))
        for path in self._paths:
            if (image.file_size(path) or 0) <= _MAX_RECORD:
                yield path

    @staticmethod
    def _records(image: ImageReader) -> Iterator[bytes]:
        for directory in image.directories():
            if directory.endswith(_META) and split(directory)[1] == _META:
                yield from (join(directory, name) for name in sorted(image.names(directory)) if name.endswith(b".json"))

    def read(self, image: ImageReader) -> Iterator[Package]:
        """Yield the packages of each environment."""
        if not self._paths:
            return
        import msgspec

        class Record(msgspec.Struct):
            """What is taken of a record; all else is passed over without being held."""

            name: str
            version: str
            files: list[str] = []
            subdir: str = ""

        decoder = msgspec.json.Decoder(Record)
        for path in self._paths:
            data = image.content(path)
            if data is None:
                image.note(f"{public(path)} is not read: it is too large, or no file")
                continue
            try:
                record = decoder.decode(data)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                image.note(f"{public(path)} is not a record of a package")
                continue
            home = split(split(path)[0])[0]
            names = (name.encode("utf-8", "surrogateescape") for name in record.files if name)
            paths = image.claim(clean(join(home, name))[0] for name in names)
            yield Package("conda", record.name, record.version, record.subdir or None, path, [*paths, path])
