"""What a container's own program may call: what its command says, and its own files, searched for names.

The files of the system's packages are not among them: what one package needs of another, its database tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..layer.index import FILE
from ..paths import join
from .program import program
from .system_files import MANAGED, installing

if TYPE_CHECKING:
    from ..packages import Package
    from .context import Context

# By these endings, or by its mode, a file may be a program's; settings may name what it calls.
_ENDINGS = frozenset(
    b"py js mjs cjs ts rb erb pl pm php lua r jl sh so node json yaml yml toml ini conf cfg env properties".split()
)
# What these hold can't be seen from outside.
_PACKED = frozenset(b"jar war ear pyz pex phar asar whl egg zip pyc".split())
_MAX_TEXT = 64 << 10


def may_say(context: Context, owners: Mapping[bytes, Package], says: Callable[[bytes], bool]) -> bool:
    """Tell whether ``says`` holds for anything that the container's own program says, or may hold for what it hides.

    Nobody knows what is run where that is a shell alone, and nobody can see into what is packed or very large.
    ``owners`` are the system's packages by path. Raises ``ContentUnavailableError`` where contents can't be read.
    """
    run = program(context)
    if not run.known or says(run.text.encode("utf-8", "surrogateescape")):
        return True
    entries: set[int] = set()
    for path, entry in _files(context, owners):
        if _compiled(context, path):
            continue
        if _ending(path) in _PACKED:
            return True
        entries.add(entry)
    if set(context.readable(sorted(entries))) != entries:
        # What is too large to be looked into may be anything.
        return True
    return any(says(data) for _, data in context.read(sorted(entries)))


def _ending(path: bytes) -> bytes:
    return path[path.rfind(b".") + 1 :].lower() if b"." in path else b""


def _compiled(context: Context, path: bytes) -> bool:
    """Tell whether a file is bytecode of a module that lies above it, which is looked into itself."""
    folder, _, name = path.rpartition(b"/")
    source = name.partition(b".")[0] + b".py"
    return folder.endswith(b"__pycache__") and source in context.overlay.tree.get(folder[: -len(b"/__pycache__")], {})


def _files(context: Context, owners: Mapping[bytes, Package]) -> Iterator[tuple[bytes, int]]:
    """Yield the files of the image's own, beside its packages', that may be a program's: (path, global entry)."""
    overlay = context.overlay
    built = _built_by(context)
    own, installed_in = context.own_layers, installing(context)
    for directory, names in overlay.tree.items():
        for name, entry in names.items():
            inode = overlay.inode(entry)
            if inode < 0 or overlay.kind(inode) != FILE or overlay.layer_of(inode) not in own or name in built:
                continue
            path = join(directory, name)
            if path.startswith(MANAGED) and overlay.layer_of(inode) in installed_in:
                continue
            runnable = bool(overlay.meta(inode)[0] & 0o111)
            if (runnable or _ending(path) in _ENDINGS | _PACKED) and path not in owners:
                yield path, entry


def _built_by(context: Context) -> frozenset[bytes]:
    """Return the names of files that RUN instructions name: scripts of the build, if the program does not name them."""
    texts = [context.instruction(layer)[:_MAX_TEXT] for layer in context.own_layers if context.is_run(layer)]
    said = program(context)
    words = {word.rpartition("/")[2] for text in texts for word in re.findall(r"[\w./+-]+", text) if "." in word}
    return frozenset(word.encode() for word in words if word not in said.words and word not in said.text)
