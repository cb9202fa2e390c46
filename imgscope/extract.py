"""Copies files, folders or whole layers out of an image, safely: an image's names and links are a stranger's.

Every path is walked from the destination's own descriptor, a component at a time, without following a link. Nothing
is written outside the destination; a file appears whole or not at all; nothing is replaced unless it was asked for.
Modes are set through the descriptors of what was made, never by a path, which may be another thing by then.

What can't be written is left out and told, and the rest is written.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from .ending import tidied
from .errors import PathNotFoundError, UsageError
from .escape import escape
from .layer.contents import ContentStream
from .layer.index import FILE, SYMLINK, TYPE_NAMES
from .output import OutputError
from .overlay.merge import NO_ENTRY
from .paths import internal, join, public, split
from .rootfs.resolve import Resolved
from .rows import File

if TYPE_CHECKING:
    from .analysis import Analysis
    from .tree import Tree

_BLOCK = 1 << 20
# A sparse file may claim any size; one larger than this is left out.
MAX_FILE = 1 << 40
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_SPECIAL = ("character", "block", "fifo")
# Paths that were left out are named up to here, then only counted.
MAX_NAMED = 1000
# Nothing more can be written after these.
_FINAL = {
    number
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ESTALE")
    if (number := getattr(errno, name, None)) is not None
}


@dataclass(slots=True)
class Extracted:
    """What was written: paths, content bytes, and what was left out with the reason (the first ``MAX_NAMED``).

    ``left_out`` counts all that was left out, ``failed`` those of them that were to be written and could not be;
    ``found`` is where PATH led.
    """

    count: int = 0
    bytes: int = 0
    left_out: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)
    found: Resolved = field(default_factory=lambda: Resolved(""))

    def leave_out(self, words: str) -> None:
        """Count a path that is left out, and keep the reason."""
        self.left_out += 1
        if len(self.skipped) < MAX_NAMED:
            self.skipped.append(words)


def extract(
    analysis: Analysis,
    path: str,
    destination: Path,
    *,
    layer: int | None = None,
    as_of: int | None = None,
    force: bool = False,
) -> Extracted:
    """Copy ``path`` (a file, or a folder with all below it) into the folder ``destination``, which is made if need be.

    Symlinks on the way to ``path`` are followed, and ``path`` itself, unless ``as_of`` is given; those below it stay.
    From the merged tree, from that of the layers up to ``as_of``, or only what ``layer`` itself holds. Permission bits
    are kept but for set-uid, set-gid and sticky; owners are not. Devices and FIFOs, and symlinks that lead out of
    ``destination``, are left out with a word; so is what can't be written (a name that is too long here, a hard link
    to nowhere). Raises ``PathNotFoundError``, ``UsageError`` for a file that is there already (unless ``force``),
    ``OutputError`` where nothing more can be written, and ``ImageError``.
    """
    found = Resolved(path)
    read: Callable[[str], BinaryIO]
    if as_of is None:
        found = analysis.resolve(path, layer)
        rows = _rows(analysis, found.path, found.layer)
        read = partial(analysis.open, layer=found.layer)
    else:
        _check_layer(analysis, as_of)
        tree = analysis.tree(as_of)
        rows = _below(analysis, path, tree, tree.overlay.paths(), f"the layers up to {as_of}")
        read = partial(_open_in, analysis, tree)
    top = internal(found.path)
    # What is at a link's end comes under the link's name.
    name = split(internal(path))[1] if found.links and not path.endswith("..") else split(top)[1]
    try:
        destination.mkdir(parents=True, exist_ok=True)
        root = os.open(destination, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise OutputError(f"{escape(str(destination))} can't be used as a folder: {error.strerror}") from None
    try:
        return _Extraction(read, root, destination, force).run(
            [(join(name, key[len(top) :].lstrip(b"/")).rstrip(b"/"), file) for key, file in rows], found
        )
    finally:
        os.close(root)


def _check_layer(analysis: Analysis, layer: int) -> None:
    if not 0 <= layer < len(analysis.layers):
        raise PathNotFoundError(f"there is no layer {layer}: the image has layers 0 to {len(analysis.layers) - 1}")


def _rows(analysis: Analysis, path: str, layer: int | None) -> list[tuple[bytes, File]]:
    """Return the path and all below it, parents first. Raises ``PathNotFoundError``."""
    overlay = analysis.body.overlay
    pairs: Iterable[tuple[bytes, int]]
    if layer is None:
        if internal(path):
            analysis.get(path)
        pairs = overlay.paths()
    else:
        _check_layer(analysis, layer)
        first = overlay.first[layer]
        pairs = sorted(
            (join(directory, name), own + first if own >= 0 else -layer - 1)
            for directory, names in overlay.layers[layer].children.items()
            for name, own in names.items()
        )
    return _below(analysis, path, analysis.files.tree, pairs, f"layer {layer}")


def _below(
    analysis: Analysis, path: str, tree: Tree, pairs: Iterable[tuple[bytes, int]], where: str
) -> list[tuple[bytes, File]]:
    key = internal(path)
    below = key + b"/" if key else b""
    found = [(name, _row(tree, name, entry)) for name, entry in pairs if name == key or name.startswith(below)]
    if not found and key:
        raise PathNotFoundError(f"no {escape(public(key))} in {where} of {escape(analysis.image.reference)}")
    return found


def _row(tree: Tree, name: bytes, entry: int) -> File:
    """Make the row of an entry; a hard link to what is not a file is one more of these."""
    file = tree.row(name, entry)
    overlay = tree.overlay
    inode = overlay.inode(entry) if file.type == "hardlink" else NO_ENTRY
    if inode == NO_ENTRY or overlay.kind(inode) == FILE:
        return file
    target = overlay.link(inode) if overlay.kind(inode) == SYMLINK else None
    return file._replace(
        type=TYPE_NAMES[overlay.kind(inode)],
        link_target=None if target is None else target.decode("utf-8", "surrogateescape"),
    )


def _open_in(analysis: Analysis, tree: Tree, path: str) -> BinaryIO:
    """Open a regular file, or a hard link, of the tree of some layers."""
    overlay = tree.overlay
    entry = overlay.lookup(internal(path))
    inode = NO_ENTRY if entry is None else overlay.inode(entry)
    if inode == NO_ENTRY or overlay.kind(inode) != FILE:
        raise PathNotFoundError(f"{escape(path)} leads to no file: it has no content")
    return analysis.contents.open(*overlay.locate(inode))


def _set_mode(fd: int, mode: int) -> None:
    """Set the mode of what was made here; a file system without modes keeps its own."""
    if os.fstat(fd).st_uid == os.geteuid():
        with suppress(OSError):
            os.fchmod(fd, mode)


class _Extraction:
    def __init__(self, read: Callable[[str], BinaryIO], root: int, destination: Path, force: bool) -> None:
        self.read = read
        self.root = root
        self.destination = destination
        self.force = force
        self.result = Extracted()

    def run(self, rows: list[tuple[bytes, File]], found: Resolved) -> Extracted:
        self.result.found = found
        if not self.force:
            self._refuse_existing(rows)
        for key, file in rows:
            try:
                self._write(key, file)
            except PathNotFoundError:
                self._fail(file, "it leads to no file")
            except ValueError as error:
                self._fail(file, str(error))
            except OSError as error:
                if error.errno in _FINAL:
                    shown = escape(public(key))
                    raise OutputError(
                        f"{shown} can't be written to {escape(str(self.destination))}: {error.strerror}"
                    ) from None
                self._fail(file, error.strerror or str(error))
        return self.result

    def _fail(self, file: File, why: str) -> None:
        self.result.failed += 1
        self.result.leave_out(f"{file.path}: {why}")

    def _refuse_existing(self, rows: list[tuple[bytes, File]]) -> None:
        for key, file in rows:
            with suppress(OSError), self._parent(key, make=False) as (parent, name):
                there = os.lstat(name, dir_fd=parent)
                if not (stat.S_ISDIR(there.st_mode) and file.type == "directory"):
                    raise UsageError(
                        f"{escape(public(key))} is in {escape(str(self.destination))} already: "
                        "give another folder, or --force to replace it"
                    )

    @contextmanager
    def _parent(self, key: bytes, make: bool = True) -> Iterator[tuple[int, bytes]]:
        """Open the folder that ``key`` lies in, from the root down, following no link; give it and the last name."""
        *above, name = key.split(b"/")
        here = os.dup(self.root)
        try:
            for part in above:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, 0o755, dir_fd=here)
                inner = os.open(part, _DIRECTORY, dir_fd=here)
                os.close(here)
                here = inner
            yield here, name
        finally:
            os.close(here)

    def _write(self, key: bytes, file: File) -> None:
        if file.type in _SPECIAL:
            self.result.leave_out(f"{file.path}: a {file.type} is not copied")
            return
        if file.type == "symlink" and not file.link_target:
            self._fail(file, "a symlink without a target")
            return
        if file.type == "symlink" and not self._stays(key, file.link_target or ""):
            self.result.leave_out(f"{file.path}: a symlink to {file.link_target}, outside of the folder")
            return
        if file.size > MAX_FILE:
            self._fail(file, f"it claims {file.size:,} bytes")
            return
        with self._parent(key) as (parent, name):
            if file.type == "directory":
                self._make_directory(parent, name, file.mode & 0o777 | 0o700)
            else:
                self._make_file(parent, name, file)
        self.result.count += 1

    def _make_directory(self, parent: int, name: bytes, mode: int) -> None:
        """Make a folder; one that is there stays as it is. Its owner may always write to it: its files are to come."""
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            if stat.S_ISDIR(os.lstat(name, dir_fd=parent).st_mode):
                return
            if not self.force:
                raise
            os.unlink(name, dir_fd=parent)
            os.mkdir(name, 0o700, dir_fd=parent)
        # Through its descriptor, for its name may be a link to somewhere else by now.
        made = os.open(name, _DIRECTORY, dir_fd=parent)
        try:
            _set_mode(made, mode)
        finally:
            os.close(made)

    def _make_file(self, parent: int, name: bytes, file: File) -> None:
        """Make a file or a symlink under another name, and give it its own once it is whole."""
        temporary = b".imgscope-" + secrets.token_hex(8).encode()
        try:
            with tidied(partial(os.unlink, temporary, dir_fd=parent)):
                if file.type == "symlink":
                    os.symlink((file.link_target or "").encode("utf-8", "surrogateescape"), temporary, dir_fd=parent)
                else:
                    self._copy(parent, temporary, file)
                if self.force:
                    os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
                else:
                    self._rename_new(parent, temporary, name)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=parent)
            raise

    def _copy(self, parent: int, name: bytes, file: File) -> None:
        """Write a file's content to a new file of its owner's alone, which gets its mode and time at last."""
        with self.read(file.path) as source:
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=parent)
            with os.fdopen(handle, "wb") as target:
                written = 0
                # A hole is passed over, whatever length its header claims; only what the layer stores is read.
                raw = getattr(source, "raw", None)
                stream = raw if isinstance(raw, ContentStream) else None
                while True:
                    if stream is not None and (hole := stream.pass_hole()):
                        target.seek(hole, os.SEEK_CUR)
                        written += hole
                    data = source.read(_BLOCK) if stream is None else stream.read(_BLOCK)
                    if not data:
                        break
                    # Zeros become a hole: a sparse file takes no more room here than in its layer.
                    if data.count(0) == len(data):
                        target.seek(len(data), os.SEEK_CUR)
                    else:
                        target.write(data)
                    written += len(data)
                target.truncate(written)
                _set_mode(handle, file.mode & 0o777)
                with suppress(OSError):
                    os.utime(handle, ns=(file.mtime_ns, file.mtime_ns))
        self.result.bytes += written

    def _rename_new(self, parent: int, temporary: bytes, name: bytes) -> None:
        """Give the file its name unless something has taken it since it was looked at: a link never replaces."""
        try:
            os.link(temporary, name, src_dir_fd=parent, dst_dir_fd=parent, follow_symlinks=False)
        except FileExistsError:
            raise
        except OSError:
            # No hard links here (vfat, some network file systems): a new empty file takes the name first, or fails to.
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=parent))
            os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
            return
        os.unlink(temporary, dir_fd=parent)

    def _stays(self, key: bytes, target: str) -> bool:
        """Tell whether a symlink leads to somewhere in the destination.

        Only a ``..`` at its beginning can be judged: the folders above the link are real ones. After a name it would
        climb from wherever that name leads, if it is a link too (``here -> .`` makes ``here/..`` the folder above).
        """
        if target.startswith("/"):
            return False
        depth = key.count(b"/")
        named = False
        for part in PurePosixPath(target).parts:
            if part != "..":
                named = True
            elif named or not depth:
                return False
            else:
                depth -= 1
        return True
