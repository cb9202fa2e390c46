"""Writes what was proven into the user's files: whole or not at all, with the old text kept unless git has it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..dockerfile.edits import write as write_dockerfile
from ..errors import UsageError
from ..escape import escape
from ..output import OutputError, write_whole

if TYPE_CHECKING:
    from .model import Record

_MOST = 1000


def write(record: Record) -> None:
    """Write the Dockerfile and ``.dockerignore`` of a record, and tell in it where their old texts are.

    Raises ``UsageError`` where a file is not what it was any more, ``OutputError`` where one can't be written; then
    none of them is changed.
    """
    written: dict[str, str | None] = {}
    try:
        _write(record, written)
    except BaseException:
        _take_back(written)
        raise
    record.written = written


def _write(record: Record, written: dict[str, str | None]) -> None:
    ignore = Path(record.ignore_path)
    before = record.ignore_before.text if record.ignore_before is not None and record.ignore_before.path else None
    if record.ignore_after is not None:
        _unchanged(ignore, before)
    if record.changed is not None and record.changed.text != record.dockerfile.text:
        path = Path(record.dockerfile.path)
        written[str(path)] = _keep(path, record.dockerfile.text)
        write_dockerfile(record.dockerfile, record.changed)
    if record.ignore_after is not None:
        try:
            written[str(ignore)] = _keep(ignore, before) if before is not None else None
            write_whole(ignore, [_bytes(record.ignore_after)])
        except OutputError:
            if record.changed is not None:
                write_dockerfile(record.changed, record.dockerfile)
            raise


def _take_back(written: Mapping[str, str | None]) -> None:
    """Remove the old texts that were kept of files that are as they were."""
    for path, kept in written.items():
        with suppress(OSError):
            if kept is not None and Path(kept).read_bytes() == Path(path).read_bytes():
                Path(kept).unlink()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _unchanged(path: Path, text: str | None) -> None:
    try:
        there = path.read_bytes() if path.exists() else None
    except OSError as error:
        raise UsageError(f"{escape(str(path))} can't be read: {error.strerror or error}") from None
    if there != (None if text is None else _bytes(text)):
        raise UsageError(f"{escape(str(path))} has changed meanwhile; nothing was written")


def _keep(path: Path, text: str) -> str | None:
    """Keep a file's text beside it, under a name that is free; return the name, ``None`` where git has it."""
    if in_git(path):
        return None
    for number in range(_MOST):
        kept = path.with_name(f"{path.name}.orig{number or ''}")
        try:
            # Whoever has made one meanwhile keeps it.
            handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            continue
        except OSError as error:
            raise OutputError(f"{escape(str(kept))} can't be written: {error.strerror or error}") from None
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_bytes(text))
        except OSError as error:
            kept.unlink(missing_ok=True)
            raise OutputError(f"{escape(str(kept))} can't be written: {error.strerror or error}") from None
        return str(kept)
    raise OutputError(f"{escape(str(path))} has too many old texts beside it")


def in_git(path: Path) -> bool:
    """Tell whether git has a file just as it is."""
    real = path.resolve()
    for words in (["ls-files", "--error-unmatch"], ["diff", "--quiet", "--no-ext-diff", "--no-textconv", "HEAD"]):
        command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", *words, "--", real.name]
        try:
            done = subprocess.run(command, cwd=real.parent, capture_output=True, check=False, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return False
        if done.returncode:
            return False
    return True
