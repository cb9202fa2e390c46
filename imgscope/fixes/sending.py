"""Hands a changed Dockerfile and ``.dockerignore`` to a builder without writing into the context."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..dockerfile.ignore import Ignore
from ..errors import UsageError
from ..escape import escape

if TYPE_CHECKING:
    from ..dockerfile import Dockerfile
    from .recipe import Kind, Recipe

# Stands in the context that is sent beside the file's own, so that COPY . . finds the same as ever.
_NAME = ".imgscope-fix.Dockerfile"


@contextmanager
def prepared(
    kind: Kind, recipe: Recipe, dockerfile: Dockerfile, ignore: str | None, folder: Path
) -> Iterator[tuple[list[str], int | None]]:
    """Give the words that a builder's command line ends with, and a descriptor for its standard input."""
    text = dockerfile.text.encode("utf-8", "surrogateescape")
    rules = recipe.ignore.text if ignore is None else ignore
    if kind == "classic":
        packed = folder / "context.tar"
        with packed.open("wb") as file:
            pack(recipe.context, Ignore(recipe.ignore.path or ".dockerignore", rules), text, file)
        with packed.open("rb") as reading:
            yield ["-f", _NAME, "-"], reading.fileno()
        return
    changed = folder / "Dockerfile"
    changed.write_bytes(text)
    beside = folder / "Dockerfile.dockerignore"
    beside.write_text(rules, "utf-8", "surrogateescape")
    words = ["-f", str(changed)]
    if kind != "buildkit":
        words += ["--ignorefile", str(beside)]
    yield [*words, str(recipe.context)], None


def pack(context: Path, ignore: Ignore, dockerfile: bytes, file: Any) -> None:
    """Write a context as docker's own client does: without what is ignored, all of it root's.

    The Dockerfile to build lies in it under a name that no COPY finds, since the builder takes it out by the ignore
    file's words. Raises ``UsageError`` where the context can't be read.
    """
    hidden = [_NAME]
    if not (context / ".dockerignore").exists() or ignore.ignores(".dockerignore"):
        hidden.append(".dockerignore")
    between = "" if not ignore.text or ignore.text.endswith("\n") else "\n"
    rules = (ignore.text + between + "".join(f"{name}\n" for name in hidden)).encode("utf-8", "surrogateescape")
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, errorlevel=1) as tar:
        # The client tells an archive by its first header, which has to be a plain one.
        for name, data in ((_NAME, dockerfile), (".dockerignore", rules)):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, BytesIO(data))
        try:
            for path, name in _walk(context, ignore):
                if name != ".dockerignore":
                    _add(tar, path, name)
        except OSError as error:
            raise UsageError(f"{escape(str(error.filename))} can't be read: {error.strerror}") from None


def _walk(context: Path, ignore: Ignore) -> Iterator[tuple[Path, str]]:
    """Yield the files of a context that are sent, in the order of their names."""
    excepted = any(pattern.startswith("!") for pattern in ignore.patterns)
    pending = [""]
    while pending:
        folder = pending.pop()
        for entry in sorted(os.scandir(context / folder), key=lambda item: item.name, reverse=True):
            name = f"{folder}/{entry.name}" if folder else entry.name
            ignored = ignore.ignores(name)
            if entry.is_dir(follow_symlinks=False) and (not ignored or excepted):
                pending.append(name)
            if not ignored:
                yield Path(entry.path), name


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    kind = path.lstat().st_mode
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind) or stat.S_ISLNK(kind)):
        return
    member = tar.gettarinfo(str(path), name)
    # Hard links are files of their own to a builder.
    if member.type == tarfile.LNKTYPE:
        member.type, member.size = tarfile.REGTYPE, path.stat().st_size
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = int(member.mtime)
    if stat.S_ISREG(kind):
        with path.open("rb") as source:
            tar.addfile(member, source)
    else:
        tar.addfile(member)
