"""Finds the folder that the cache may use: one that it made itself, or may take over, and that is its user's alone.

A folder of the cache carries a mark: a ``CACHEDIR.TAG`` (the Cache Directory Tagging Specification, which makes
backups leave it out) with a line of ours. A folder without the mark is somebody's: nothing in it is touched, and a
subfolder of the cache's own is made there instead. Folders are opened once and used through their descriptors, so
nothing that is renamed meanwhile leads elsewhere.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TAG = "CACHEDIR.TAG"
_SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55\n"
_MARK = _SIGNATURE + b"# Made by imgscope for its cache.\n"
_TEXT = _MARK + b"# It keeps records of its own here and removes them again; nothing else is touched.\n"

KINDS = ("layers", "images", "registry", "digests")
# What every record of every version begins with.
FAMILY = b"imgscope cache "
_SUBFOLDER = "imgscope"
_RECORD = re.compile(r"[0-9a-f]{64}")
_UNFINISHED = re.compile(r"\.new-[0-9a-z_]{8,16}")

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = _OPEN | os.O_DIRECTORY


class Unusable(Exception):
    """The cache can't be kept there; the text says why, in words for the user."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the cache: its path, and its descriptor (``None``: it is not there yet, and nobody asked for it)."""

    path: Path
    fd: int | None


def find(chosen: Path, make: bool, named: bool = True) -> Folder:
    """Open the folder for the cache at ``chosen``, or in it; with ``make`` one that isn't there is made and marked.

    Where ``chosen`` is itself a link, only a folder of the cache's own is used behind it. ``named`` tells that the
    user has named the place: then a subfolder is made in a folder of another user's too. Raises ``Unusable`` and
    ``OSError``.
    """
    try:
        fd = os.open(chosen, _FOLDER)
    except FileNotFoundError:
        return Folder(chosen, _made(chosen) if make else None)
    except OSError:
        if not chosen.is_symlink():
            raise
        return _behind(chosen, make)
    if _usable(fd, make):
        return Folder(chosen, fd)
    if not named and os.fstat(fd).st_uid != os.geteuid():
        # With sudo the home is often another's still, who could not even remove a folder of root's in it.
        os.close(fd)
        raise Unusable(f"{chosen} is another user's")
    # Somebody's folder: nothing in it is ours but what is made here now, or was before.
    inner = chosen / _SUBFOLDER
    try:
        below = _below(fd, inner, make)
    finally:
        os.close(fd)
    return Folder(inner, below)


def _behind(link: Path, make: bool) -> Folder:
    fd = os.open(link, _FOLDER & ~os.O_NOFOLLOW)
    if not _usable(fd, make, empty=False):
        os.close(fd)
        raise Unusable(f"{link} is a link to a folder that imgscope did not make")
    return Folder(link, fd)


def _below(parent: int, path: Path, make: bool) -> int | None:
    """Open the cache's own subfolder of a folder that is somebody's."""
    if make:
        with suppress(FileExistsError):
            os.mkdir(_SUBFOLDER, 0o700, dir_fd=parent)
    try:
        fd = os.open(_SUBFOLDER, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        return None
    except OSError:
        raise Unusable(f"{path} is not a folder that imgscope made") from None
    if not _usable(fd, make):
        os.close(fd)
        raise Unusable(f"{path} is not a folder that imgscope made")
    return fd


def _made(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Another run may be making it too.
    with suppress(FileExistsError):
        os.mkdir(path, 0o700)  # noqa: PTH102
    fd = os.open(path, _FOLDER)
    if not _usable(fd, True):
        os.close(fd)
        raise Unusable(f"{path} is not a folder that imgscope made")
    return fd


def _usable(fd: int, make: bool, empty: bool = True) -> bool:
    """Tell whether a folder is the cache's own, or may become so: that of an older version, or an empty private one."""
    status = os.fstat(fd)
    if status.st_uid != os.geteuid():
        return False
    if _marked(fd):
        return _private(fd)
    if not (empty and not status.st_mode & 0o077 and _empty(fd)) and not _of_older_version(fd):
        return False
    if make:
        _mark(fd)
        return _private(fd)
    return True


def _private(fd: int) -> bool:
    """Make a folder of ours its owner's alone, if it isn't; tell whether it is."""
    if os.fstat(fd).st_mode & 0o077:
        try:
            os.fchmod(fd, 0o700)
        except OSError:
            return False
    return True


def _marked(fd: int) -> bool:
    return head(fd, TAG, len(_MARK)) == _MARK


def _mark(fd: int) -> None:
    """Write the tag, whole or not at all: another run may look for it at this moment."""
    name = f".new-{os.urandom(8).hex()}"
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=fd)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_TEXT)
        os.rename(name, TAG, src_dir_fd=fd, dst_dir_fd=fd)
    except BaseException:
        with suppress(OSError):
            os.unlink(name, dir_fd=fd)
        raise


def _empty(fd: int) -> bool:
    # A mark that another run is writing does not count.
    return all(_UNFINISHED.fullmatch(name) for name in os.listdir(fd))


def _of_older_version(fd: int) -> bool:
    """Tell whether a folder holds nothing but a cache's records: the first ones set no mark."""
    found = False
    for kind in os.listdir(fd):
        if kind not in KINDS:
            return False
        inner = opened(fd, kind)
        if inner is None:
            return False
        try:
            for name in os.listdir(inner):  # noqa: PTH208
                if is_record(inner, name):
                    found = True
                elif not is_unfinished(inner, name):
                    return False
        finally:
            os.close(inner)
    return found


def opened(fd: int, kind: str, make: bool = False) -> int | None:
    """Open the folder of a kind of records, a real one of the user's own; ``None`` where there is none."""
    if make:
        with suppress(FileExistsError):
            os.mkdir(kind, 0o700, dir_fd=fd)
    try:
        inner = os.open(kind, _FOLDER, dir_fd=fd)
    except OSError:
        return None
    if os.fstat(inner).st_uid != os.geteuid():
        os.close(inner)
        return None
    return inner


def open_file(fd: int, name: str) -> int | None:
    """Open a regular file of the user's own for reading: no link is followed, no FIFO waited for; else ``None``."""
    try:
        handle = os.open(name, _OPEN | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=fd)
    except OSError:
        return None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        os.close(handle)
        return None
    return handle


def head(fd: int, name: str, size: int) -> bytes | None:
    """Return the first bytes of a regular file of the user's own; ``None`` for anything else."""
    handle = open_file(fd, name)
    if handle is None:
        return None
    try:
        return os.read(handle, size)
    except OSError:
        return None
    finally:
        os.close(handle)


def is_record(fd: int, name: str) -> bool:
    """Tell whether a file is a record that the cache wrote: by its name and by its first bytes."""
    return bool(_RECORD.fullmatch(name)) and head(fd, name, len(FAMILY)) == FAMILY


def is_unfinished(fd: int, name: str) -> bool:
    """Tell whether a file is a record that a run is writing, or could not write to its end."""
    if not _UNFINISHED.fullmatch(name):
        return False
    begin = head(fd, name, len(FAMILY))
    return begin is not None and FAMILY.startswith(begin)


def named_like_ours(fd: int) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the regular files whose names are a record's or an unfinished one's; nothing is opened."""
    for name in os.listdir(fd):
        if _RECORD.fullmatch(name) or _UNFINISHED.fullmatch(name):
            with suppress(OSError):
                status = os.lstat(name, dir_fd=fd)
                if stat.S_ISREG(status.st_mode):
                    yield name, status
