"""Keeps what was read once: the indexes of layers and the results of images, in the user's cache folder.

Each record is one file, written beside its place and renamed, so runs side by side never see half of one. A record
carries a checksum; one that doesn't hold, or can't be read, counts as absent. Nothing here raises: a cache that
can't be used only costs time.

What a record may be named after is decided by the caller (see ``analyzer``): only bytes that were checked against
a digest, or that an engine vouches for, may be shared under it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import __version__

MAX_BYTES = 1 << 30
_MAGIC = b"imgscope cache 1\n"
_CHECK = 16
# A record larger than this is not worth its place (and bounds what a damaged one can claim).
MAX_RECORD = 1 << 28


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What the cache holds: its folder, the numbers of records, and their bytes on disk."""

    directory: Path
    layers: int
    images: int
    bytes: int
    limit: int


def default_directory() -> Path:
    """Return the cache folder: ``IMGSCOPE_CACHE_DIR``, else the platform's place for caches."""
    chosen = os.environ.get("IMGSCOPE_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if os.name == "posix" and "darwin" not in os.uname().sysname.lower():
        # The XDG base directory spec, read here since the library that knows all platforms costs start-up time.
        base = os.environ.get("XDG_CACHE_HOME", "")
        if base.startswith("/"):
            return Path(base) / "imgscope"
        home = os.environ.get("HOME") or os.path.expanduser("~")  # noqa: PTH111
        return Path(home) / ".cache" / "imgscope"
    from platformdirs import user_cache_path

    return user_cache_path("imgscope", appauthor=False)


class Cache:
    """A folder of records, bounded in size: the least recently used go first."""

    def __init__(self, directory: Path | None = None, limit: int = MAX_BYTES) -> None:
        """Use ``directory`` (the default one when ``None``), holding at most ``limit`` bytes."""
        self.directory = directory or default_directory()
        self.limit = limit

    def _path(self, kind: str, key: str) -> Path:
        # The version is part of the name: a new release may read layers otherwise.
        name = hashlib.sha256(f"{__version__}\n{key}".encode()).hexdigest()
        return self.directory / kind / name

    def get(self, kind: str, key: str) -> bytes | None:
        """Return the record of ``kind`` (``layers``, ``images``) under ``key``, or ``None``."""
        path = self._path(kind, key)
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size > MAX_RECORD:
                    return None
                data = file.read()
            if not data.startswith(_MAGIC):
                return None
            start = len(_MAGIC) + _CHECK
            payload = data[start:]
            if _checksum(payload) != data[len(_MAGIC) : start]:
                return None
            with suppress(OSError):
                os.utime(path)
            return bytes(_zstd().decompress(payload))
        except Exception:
            return None

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep a record; failing to is no error."""
        path = self._path(kind, key)
        try:
            payload = _zstd().compress(data, 1)
            if len(payload) > min(MAX_RECORD, self.limit):
                return
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_MAGIC + _checksum(payload) + payload)
                os.replace(temporary, path)  # noqa: PTH105
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)  # noqa: PTH108
                raise
        except Exception:
            return

    def _records(self) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
        for kind in ("layers", "images"):
            try:
                with os.scandir(self.directory / kind) as entries:
                    for entry in entries:
                        with suppress(OSError):
                            yield entry, entry.stat(follow_symlinks=False)
            except OSError:
                continue

    def trim(self) -> None:
        """Drop the least recently used records until the rest fits; leftovers of broken runs too."""
        records = sorted(self._records(), key=lambda record: record[1].st_mtime)
        total = sum(stat.st_size for _, stat in records)
        for entry, stat in records:
            if total <= self.limit:
                break
            with suppress(OSError):
                os.unlink(entry.path)  # noqa: PTH108
                total -= stat.st_size

    def info(self) -> CacheInfo:
        """Count what is there."""
        counts = {"layers": 0, "images": 0}
        total = 0
        for entry, stat in self._records():
            if not entry.name.startswith("."):
                counts[Path(entry.path).parent.name] += 1
            total += stat.st_size
        return CacheInfo(self.directory, counts["layers"], counts["images"], total, self.limit)

    def clear(self) -> CacheInfo:
        """Remove every record; return what was there."""
        before = self.info()
        for entry, _ in self._records():
            with suppress(OSError):
                os.unlink(entry.path)  # noqa: PTH108
        return before


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _checksum(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_CHECK).digest()
