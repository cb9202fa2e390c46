"""Writes results to files: whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from .ending import tidied
from .errors import ImgscopeError
from .escape import escape


class OutputError(ImgscopeError):
    """A result could not be written."""


@contextmanager
def whole_file(path: Path, prove: Callable[[str], object] | None = None) -> Iterator[BinaryIO]:
    """Open ``path`` for writing; it appears, or replaces what was there, only once all is written.

    What was there stays if anything fails. ``prove`` gets the path at which all has been written, before it appears,
    and raises what is wrong with it. A path that is not a regular file (``/dev/stdout``, a pipe) is written straight
    to, where nothing is to be proven. Raises ``OutputError``.
    """
    import tempfile

    shown = escape(str(path))
    try:
        if path.exists() and not path.is_file():
            if prove is not None:
                raise OutputError(f"{shown} is no regular file: what is written there can't be read again")
            with path.open("wb") as file:
                yield file
            return
        # Through a symlink: the file that it leads to is the one to replace.
        target = _resolved(path)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
        try:
            with tidied(partial(os.unlink, temporary)):
                with os.fdopen(handle, "wb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                    os.fchmod(file.fileno(), _mode_for(target))
                if prove is not None:
                    prove(temporary)
                os.replace(temporary, target)  # noqa: PTH105
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise
    except OSError as error:
        raise OutputError(f"{shown} can't be written: {error.strerror or error}") from None


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError:
        # pathlib's word for links in a circle, before Python 3.13.
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None


def _mode_for(target: Path) -> int:
    """Return the mode that the file has, or a new one would get."""
    try:
        return target.stat().st_mode & 0o777
    except OSError:
        umask = os.umask(0o022)
        os.umask(umask)
        return 0o666 & ~umask


def write_whole(path: Path, parts: Iterable[bytes]) -> None:
    """Write ``parts`` to ``path``, whole or not at all. Raises ``OutputError``."""
    with whole_file(path) as file:
        for part in parts:
            file.write(part)
