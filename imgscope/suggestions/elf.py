"""Programs and libraries of an image: what they need to run, and what of them is never loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..layer.index import FILE
from ..paths import join
from .once import once
from .system_files import system_owners

if TYPE_CHECKING:
    from ..packages import Package
    from ..rootfs.elf import Elf
    from .context import Context


@once
def elf_files(context: Context) -> Mapping[int, tuple[bytes, Elf]]:
    """Return (path, headers) of the programs and libraries that own layers add to the merged tree, by global entry.

    Only what is executable by its mode, or a library by its name, is looked at, and not what the system's packages
    own: these know themselves what they need, and are most of an image. Raises ``ContentUnavailableError``
    where contents can't be read.
    """
    return _read(context, context.own_layers, system_owners(context))


@once
def all_elf_files(context: Context) -> Mapping[int, tuple[bytes, Elf]]:
    """Return (path, headers) of all programs and libraries that the merged tree shows, by global entry.

    Raises ``ContentUnavailableError`` where contents can't be read.
    """
    return _read(context, range(len(context.analysis.layers)), {})


def _read(context: Context, layers: Iterable[int], without: Mapping[bytes, Package]) -> dict[int, tuple[bytes, Elf]]:
    overlay = context.overlay
    paths: dict[int, bytes] = {}
    for layer in layers:
        index, first = overlay.layers[layer], overlay.first[layer]
        runnable = [bool(mode & 0o111) for mode, _, _ in index.meta_table]
        # Where the scan saw contents go by, it knows which may be one.
        known = None if index.fingerprints is None else set(index.elf)
        kinds, sizes, metas = index.kinds, index.sizes, index.metas
        for directory, names in index.children.items():
            likely = [
                name
                for name, own in names.items()
                if own >= 0
                and (known is None or own in known)
                and (runnable[metas[own]] or b".so" in name or name[-5:] == b".node")
            ]
            shown = overlay.tree.get(directory, {}) if likely else {}
            for name in likely:
                own = names[name]
                if kinds[own] != FILE or sizes[own] < 64 or own in index.sparse:
                    continue
                if shown.get(name) == first + own and (path := join(directory, name)) not in without:
                    paths[first + own] = path
    if paths:
        context.require_contents()
    root = context.root
    root.look(paths)
    return {entry: (path, elf) for entry, path in paths.items() if (elf := root.elf(entry)) is not None}
