"""Which shared objects of an image are loaded: what programs and languages' packages reach through what they need.

As loaders find them: RPATH, LD_LIBRARY_PATH, RUNPATH, the loader's cache and its own directories (``rootfs.loader``).
What a program loads by a name that it makes up at run time shows nowhere: so a copy that nothing reaches is only
known to be unused where all that ask for it get another.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ....rootfs.programs import directories
from ....settings import environment
from ...elf import all_elf_files

if TYPE_CHECKING:
    from ....rootfs.elf import Elf
    from ...context import Context

PACKAGES = re.compile(rb"(?:^|/)(?:site-packages|dist-packages|node_modules|gems|lib-dynload)/")
"""Where a language's packages lie: a library there belongs to one of them."""
TOOLKIT = re.compile(rb"(?:usr/local|opt)/(?:cuda|rocm)(?:-[\d.]+)?/(?:targets/[^/]+/)?")
"""Where a toolkit for GPUs lies."""
_LIBRARY_HOMES = re.compile(rb"(?:usr/(?:local/)?)?lib(?:32|64)?/(?:[^/]+-linux-[^/]+/)?[^/]+$")
# An image with more programs and modules than these is not followed to its end.
_MAX_ROOTS = 20_000


@dataclass(slots=True)
class Loading:
    """What is loaded: the paths of those that ask for a file, and get it, by its path; ``missing`` are names that some
    ask for in vain, as far as the image shows; ``known`` tells whether all could be read.
    """

    askers: dict[bytes, set[bytes]] = field(default_factory=dict)
    missing: set[bytes] = field(default_factory=set)
    known: bool = True


def loading(context: Context, libraries: Collection[bytes]) -> Loading:
    """Find what the image's programs and packages load; ``libraries`` are paths that begin nothing by themselves.

    Programs begin, what lies in a language's packages, and what lies where no loader looks: plugins. A toolkit's parts
    are there to be asked for. Raises ``ContentUnavailableError``.
    """
    from ....rootfs.loaders import Loaders

    by_path = dict(all_elf_files(context).values())
    search = environment(context.analysis.image.config).get("LD_LIBRARY_PATH", "")
    loaders = Loaders(context.root, directories(search))
    loaders.prepare(by_path.values())
    found = Loading()
    for count, (path, elf) in enumerate(_roots(by_path, libraries)):
        if count >= _MAX_ROOTS:
            context.root.files.unread = True
            break
        loaded, lacking = loaders.of(elf).load(path, elf)
        found.missing.update(one.name for one in lacking if one.kind == "library")
        _note(found, path, elf, loaded)
    found.known = not context.root.files.unread
    return found


def _roots(by_path: Mapping[bytes, Elf], libraries: Collection[bytes]) -> Iterator[tuple[bytes, Elf]]:
    for path, elf in sorted(by_path.items()):
        if path in libraries or TOOLKIT.match(path) or b"/nvidia/" in path or b".libs/" in path:
            continue
        if elf.interpreter or PACKAGES.search(path) or not _LIBRARY_HOMES.match(path):
            yield path, elf


def _note(found: Loading, path: bytes, elf: Elf, loaded: Mapping[bytes, tuple[bytes, Elf | None]]) -> None:
    """Note who asks for what: the object that begins, and all that is loaded with it."""
    askers = {path: elf} | {at: one for at, one in loaded.values() if one is not None}
    for asker, one in askers.items():
        for name in one.needed:
            known = loaded.get(name)
            if known is not None and known[0] != asker:
                found.askers.setdefault(known[0], set()).add(asker)
