"""Keeps what was read once: indexes of layers, results of images, answers of registries, in the user's cache folder.

Each record is one file, written beside its place and renamed, so runs side by side never see half of one. A record
carries a checksum over its name and content; one that doesn't hold, or can't be read, counts as absent. Nothing here
raises: a cache that can't be used only costs time.

Only what the cache wrote is read, replaced or removed: a regular file of the user's own, with a record's name and
first bytes, in a folder that carries the cache's mark (see ``folder``).

What a record may be named after is decided by the caller (see ``analyzer``): only bytes that were checked against
a digest, or that an engine vouches for, may be shared under it.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__
from . import folder as folders
from .folder import FAMILY, KINDS, Unusable

MAX_BYTES = 1 << 30
_MAGIC = FAMILY + b"2\n"
_CHECK = 16
_START = len(_MAGIC) + _CHECK
# A record larger than this is not worth its place (and bounds what a damaged one can claim).
MAX_RECORD = 1 << 28
# What a record may hold once it is decompressed, whatever it claims.
MAX_CONTENT = 1 << 29
# A record that has been in the writing for longer than this, in seconds, is one that a run left behind.
_BROKEN_AFTER = 3600

notices: dict[str, None] = {}
"""What users should hear of the cache, once for each run of the program: why nothing is kept."""


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What the cache holds: its folder, the numbers of records, and their bytes on disk.

    ``directory`` is ``None`` where there is no place for one; ``problem`` says why nothing is kept.
    """

    directory: Path | None
    layers: int
    images: int
    bytes: int
    limit: int
    problem: str | None = None


def default_directory() -> Path | None:
    """Return the cache folder: ``IMGSCOPE_CACHE_DIR``, else the platform's place; ``None`` for a user without home."""
    chosen = os.environ.get("IMGSCOPE_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if os.name == "posix" and "darwin" not in os.uname().sysname.lower():
        # The XDG base directory spec, read here since the library that knows all platforms costs start-up time.
        base = os.environ.get("XDG_CACHE_HOME", "")
        if base.startswith("/"):
            return Path(base) / "imgscope"
        home = _home()
        return Path(home) / ".cache" / "imgscope" if home.startswith("/") else None
    from platformdirs import user_cache_path

    return user_cache_path("imgscope", appauthor=False)


def _home() -> str:
    home = os.environ.get("HOME", "")
    if not home:
        import pwd

        # A container's user often has no entry.
        with suppress(KeyError):
            home = pwd.getpwuid(os.getuid()).pw_dir
    return home


class Cache:
    """A folder of records, bounded in size: the least recently used go first."""

    def __init__(self, directory: Path | None = None, limit: int = MAX_BYTES) -> None:
        """Use ``directory`` (the default one when ``None``), holding at most ``limit`` bytes."""
        self._named = directory is not None or bool(os.environ.get("IMGSCOPE_CACHE_DIR"))
        self.directory = directory or default_directory()
        self.limit = limit
        self._top: int | None = None
        self._ready = self._given_up = False
        self._problem: str | None = None
        if self.directory is None:
            self._problem = "nothing is kept from run to run: there is no home folder; set IMGSCOPE_CACHE_DIR to one"

    def _folder(self, make: bool) -> int | None:
        """Return the descriptor of the cache's own folder; ``None`` where there is none."""
        wanted = self._top is None or (make and not self._ready)
        if wanted and not self._given_up and self.directory is not None:
            try:
                found = folders.find(self.directory, make, self._named)
            except Unusable as error:
                self._given_up = True
                self._problem = f"nothing is kept from run to run: {error}; set IMGSCOPE_CACHE_DIR to another folder"
                notices[self._problem] = None
                return None
            except OSError:
                # Not there, and not to be made: nothing that anybody has to hear of.
                self._given_up = make
                return None
            self.directory = found.path
            if found.fd is not None:
                self._top, self._ready = found.fd, make
                weakref.finalize(self, os.close, found.fd)
        return self._top

    @contextmanager
    def _kind(self, kind: str, make: bool = False) -> Iterator[int | None]:
        """Open the folder of a kind of records (``layers``, ``images``)."""
        top = self._folder(make)
        fd = folders.opened(top, kind, make) if top is not None else None
        try:
            yield fd
        finally:
            if fd is not None:
                os.close(fd)

    def get(self, kind: str, key: str) -> bytes | None:
        """Return the record of ``kind`` (``layers``, ``images``) under ``key``, or ``None``."""
        name = _name(key)
        try:
            with self._kind(kind) as fd:
                handle = folders.open_file(fd, name) if fd is not None else None
            if handle is None:
                return None
            with os.fdopen(handle, "rb") as file:
                if os.fstat(handle).st_size > MAX_RECORD:
                    return None
                payload = _intact(name, file.read(MAX_RECORD + 1))
                if payload is None:
                    return None
                with suppress(OSError):
                    os.utime(handle)
            return unpacked(payload)
        except Exception:
            return None

    def put(self, kind: str, key: str, data: bytes) -> None:
        """Keep a record; failing to is not an error."""
        name = _name(key)
        try:
            record = sealed(name, data)
            if len(data) > MAX_CONTENT or len(record) - _START > min(MAX_RECORD, self.limit):
                return
            with self._kind(kind, make=True) as fd:
                if fd is not None and (not _there(fd, name) or folders.is_record(fd, name)):
                    _write(fd, name, record)
        except Exception:
            return

    def trim(self) -> None:
        """Drop the least recently used records until the rest fits; leftovers of broken runs too."""
        with suppress(Exception):
            self._trim()

    def _trim(self) -> None:
        records: list[tuple[float, str, str, int]] = []
        broken = time.time() - _BROKEN_AFTER
        for kind in KINDS:
            with self._kind(kind) as fd:
                for name, status in folders.named_like_ours(fd) if fd is not None else ():
                    if not name.startswith("."):
                        records.append((status.st_mtime, kind, name, status.st_size))
                    elif status.st_mtime < broken and fd is not None and folders.is_unfinished(fd, name):
                        _remove(fd, name)
        total = sum(size for _, _, _, size in records)
        if total <= self.limit:
            return
        # Only now is each looked into: what only has a record's name takes no room of ours.
        with ExitStack() as stack:
            place = {kind: stack.enter_context(self._kind(kind)) for kind in KINDS}
            ours = []
            for _, kind, name, size in sorted(records):
                fd = place[kind]
                if fd is not None and folders.is_record(fd, name):
                    ours.append((fd, name, size))
            total = sum(size for _, _, size in ours)
            for fd, name, size in ours:
                if total <= self.limit:
                    break
                # One that another run has removed meanwhile is gone all the same.
                _remove(fd, name)
                total -= size

    def _records(self) -> Iterator[tuple[str, int, str, int]]:
        """Yield what is the cache's own: kind, the kind's folder, name, bytes; unfinished records too."""
        for kind in KINDS:
            with self._kind(kind) as fd:
                for name, status in folders.named_like_ours(fd) if fd is not None else ():
                    if fd is not None and (folders.is_record(fd, name) or folders.is_unfinished(fd, name)):
                        yield kind, fd, name, status.st_size

    def info(self) -> CacheInfo:
        """Count what is there."""
        return self._counted(remove=False)

    def clear(self) -> CacheInfo:
        """Remove every record; return what was removed, with a ``problem`` where something could not be."""
        return self._counted(remove=True)

    def _counted(self, remove: bool) -> CacheInfo:
        counts = dict.fromkeys(KINDS, 0)
        total = kept = 0
        with suppress(OSError):
            for kind, fd, name, size in self._records():
                if remove:
                    _remove(fd, name)
                    if _there(fd, name):
                        kept += 1
                        continue
                if not name.startswith("."):
                    counts[kind] += 1
                total += size
        if kept:
            self._problem = f"{kept:,} of what is in {self.directory} can't be removed"
        # Whoever asks is told here.
        notices.pop(self._problem or "", None)
        return CacheInfo(self.directory, counts["layers"], counts["images"], total, self.limit, self._problem)


def _name(key: str) -> str:
    # The version is part of the name: a new release may read layers otherwise.
    return hashlib.sha256(f"{__version__}\n{key}".encode()).hexdigest()


def _there(fd: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=fd)
    except FileNotFoundError:
        return False
    return True


def _write(fd: int, name: str, data: bytes) -> None:
    """Write a file whole, or not at all."""
    temporary = f".new-{os.urandom(8).hex()}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=fd)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, name, src_dir_fd=fd, dst_dir_fd=fd)
    except BaseException:
        _remove(fd, temporary)
        raise


def _remove(fd: int, name: str) -> None:
    with suppress(OSError):
        os.unlink(name, dir_fd=fd)


def sealed(name: str, data: bytes) -> bytes:
    """Return the record of a content: compressed, and with a checksum over it and its name (hexadecimal digits)."""
    payload = bytes(_zstd().compress(data, 1))
    return _MAGIC + _checksum(name, payload) + payload


def unsealed(name: str, record: bytes) -> bytes | None:
    """Return the content of a record of this name; ``None`` for what is none, damaged, or too large."""
    payload = _intact(name, record)
    try:
        return unpacked(payload) if payload is not None else None
    except _zstd().ZstdError:
        return None


def _intact(name: str, record: bytes) -> bytes | None:
    """Return what stands behind a record's checksum, if that holds."""
    payload = record[_START:]
    holds = record.startswith(_MAGIC) and _checksum(name, payload) == record[len(_MAGIC) : _START]
    return payload if holds else None


def unpacked(payload: bytes) -> bytes | None:
    """Decompress one frame, at most as much as a record may hold; ``None`` for what is more, or cut short."""
    decoder = _zstd().ZstdDecompressor()
    data = bytes(decoder.decompress(payload, MAX_CONTENT + 1))
    return data if decoder.eof and not decoder.unused_data and len(data) <= MAX_CONTENT else None


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _checksum(name: str, payload: bytes) -> bytes:
    """Return the checksum of a record: its name is part of it, so that no record stands in another's place."""
    return hashlib.blake2b(payload, digest_size=_CHECK, salt=bytes.fromhex(name)[:16]).digest()
